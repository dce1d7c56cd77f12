/* Distributions between two ends, by their inverse distribution functions: a number from 0 to 1 becomes a value. Made of
 * sim/portable_math.h, so that a design of experiments has the same bits on every machine. */
#ifndef SIM_QUANTILE_H
#define SIM_QUANTILE_H

enum quantile_kind {
    QUANTILE_uniform,
    QUANTILE_log_uniform, /* the logarithm is uniform; minimum > 0                                             */
    QUANTILE_triangular,  /* mode, at one of the ends or between                                               */
    QUANTILE_normal,      /* mean, sd: cut to the range, so that what would lie beyond is spread over the rest */
    QUANTILE_beta,        /* alpha, beta: stretched over the range                                             */
    QUANTILE_fixed,       /* minimum = maximum                                                                 */
};

struct distribution {
    enum quantile_kind kind;
    double minimum, maximum;
    double mode, mean, sd, alpha, beta; /* of its kind; the others mean nothing */
};

/* Shapes for which the functions below are true to 1e-10 of the range. */
#define QUANTILE_LEAST_SHAPE 0.05 /* alpha and beta */
#define QUANTILE_MOST_SHAPE  10000.0
#define QUANTILE_MOST_SD     1000.0 /* sd, in widths of the range */

/* The value below which a share u of the distribution lies; the very ends for u = 0 and 1, never beyond them. */
double quantile_value(const struct distribution *d, double u);

/* The same for the standard normal distribution (0 < p < 1) and for the beta distribution on (0, 1). */
double quantile_normal(double p);
double quantile_beta(double p, double alpha, double beta);

/* What a standard normal number exceeds by chance; x >= 0. */
double quantile_normal_tail(double x);

#endif
