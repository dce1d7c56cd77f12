/* Quantiles: closed forms where there are any; the normal's after Wichura (1988), the beta's by Newton's method. */
#include "sim/quantile.h"

#include "sim/portable_math.h"

static double between(double x, double least, double most) { return x < least ? least : x > most ? most : x; }

/* ---- normal ---- */

static double polynomial(const double coefficients[8], double x)
{
    double sum = coefficients[7];
    for (int i = 6; i >= 0; i--) sum = sum * x + coefficients[i];
    return sum;
}

/* Algorithm AS 241, PPND16 (Wichura 1988, Applied Statistics 37, 477-484): relative error about 1e-16. */
double quantile_normal(double p)
{
    static const double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2, 1.9715909503065514427e+3,
                               1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                               3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[] = {1.0,
                               4.2313330701600911252e+1,
                               6.8718700749205790830e+2,
                               5.3941960214247511077e+3,
                               2.1213794301586595867e+4,
                               3.9307895800092710610e+4,
                               2.8729085735721942674e+4,
                               5.2264952788528545610e+3};
    static const double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0, 5.76949722146069140550e0,
                               3.64784832476320460504e0,  1.27045825245236838258e0, 2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1.0,
                               2.05319162663775882187e0,
                               1.67638483018380384940e0,
                               6.89767334985100004550e-1,
                               1.48103976427480074590e-1,
                               1.51986665636164571966e-2,
                               5.47593808499534494600e-4,
                               1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,  1.78482653991729133580e0,
                               2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1.0,
                               5.99832206555887937690e-1,
                               1.36929880922735805310e-1,
                               1.48753612908506148525e-2,
                               7.86869131145613259100e-4,
                               1.84631831751005468180e-5,
                               1.42151175831644588870e-7,
                               2.04426310338993978564e-15};
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q * polynomial(a, r) / polynomial(b, r);
    }
    double r = sqrt(-portable_log(q < 0 ? p : 1 - p));
    double z = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
    return q < 0 ? -z : z;
}

/* Near the middle the series x + x^3/3 + x^5/(3 5) + ..., further out Laplace's continued fraction, both times the density. */
double quantile_normal_tail(double x)
{
    const double root_two_pi = 0x1.40d931ff62706p+1;
    double density = portable_exp(-0.5 * x * x) / root_two_pi;
    if (x < 2.25) {
        double term = x, sum = x;
        for (int i = 3; term > 1e-18 * sum; i += 2) {
            term *= x * x / i;
            sum += term;
        }
        return 0.5 - density * sum;
    }
    double fraction = x;
    for (int k = 80; k > 0; k--) fraction = x + k / fraction;
    return density / fraction;
}

/* The mean lies in the range, so the shares cut off at the two ends are each a half at most. We count from the nearer end:
 * what is close to one has lost its digits. */
static double cut_normal(const struct distribution *d, double u)
{
    double below = quantile_normal_tail((d->mean - d->minimum) / d->sd);
    double above = quantile_normal_tail((d->maximum - d->mean) / d->sd);
    double kept = 1 - below - above;
    double from_below = below + u * kept, from_above = above + (1 - u) * kept;
    double z = from_below < from_above ? quantile_normal(from_below) : -quantile_normal(from_above);
    return d->mean + d->sd * z;
}

/* ---- beta ---- */

/* The logarithm of the gamma function by Stirling's series, whose rest is below 1e-16 from 15 on. */
static double log_gamma(double x)
{
    const double half_log_two_pi = 0x1.d67f1c864beb5p-1;
    double product = 1;
    while (x < 15) {
        product *= x;
        x += 1;
    }
    double y = 1 / (x * x);
    double series = (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y * (1.0 / 1680 - y * (1.0 / 1188))))) / x;
    return (x - 0.5) * portable_log(x) - x + half_log_two_pi + series - portable_log(product);
}

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 1964, 26.5.8), evaluated from the front (Lentz
 * 1976); it converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    double c = 1, d = 1 / (1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < 1000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1 / (1 + even * d);
        c = 1 + even / c;
        value *= c * d;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / (1 + odd * d);
        c = 1 + odd / c;
        value *= c * d;
        if (fabs(c * d - 1) < 1e-16) break;
    }
    return value;
}

struct beta {
    double a, b, log_complete; /* ln B(a, b) */
};

/* x^a (1 - x)^b / B(a, b) */
static double beta_power(const struct beta *s, double x)
{
    return portable_exp(s->a * portable_log(x) + s->b * portable_log(1 - x) - s->log_complete);
}

/* How much more than p of the distribution lies below x, 0 < x < 1; q = 1 - p. Of the shares below and above x the fraction
 * gives the one with all its digits, so that is the one to compare. */
static double beta_miss(const struct beta *s, double x, double p, double q)
{
    double power = beta_power(s, x);
    if (x < (s->a + 1) / (s->a + s->b + 2)) return power * beta_fraction(x, s->a, s->b) / s->a - p;
    return q - power * beta_fraction(1 - x, s->b, s->a) / s->b;
}

/* The x with a share p below, known to be a half at most. Newton's steps, or halving where they would leave the bracket; from
 * where x would be if the density were x^(a - 1) all the way, which is near in the tail. */
static double beta_lower(const struct beta *s, double p, double q)
{
    double low = 0, high = 0.5;
    double x = portable_exp((portable_log(p) + portable_log(s->a) + s->log_complete) / s->a);
    if (x < 1e-300) return 0;
    if (x >= high) x = 0.25;
    for (int i = 0; i < 200; i++) {
        double miss = beta_miss(s, x, p, q);
        if (miss > 0)
            high = x;
        else
            low = x;
        double next = x - miss * x * (1 - x) / beta_power(s, x);
        if (!(next > low && next < high)) next = low + 0.5 * (high - low);
        if (fabs(next - x) <= 1e-16 * x) return next;
        x = next;
    }
    return x;
}

double quantile_beta(double p, double alpha, double beta)
{
    double log_complete = log_gamma(alpha) + log_gamma(beta) - log_gamma(alpha + beta), q = 1 - p;
    const struct beta s = {alpha, beta, log_complete}, mirrored = {beta, alpha, log_complete};
    return beta_miss(&s, 0.5, p, q) >= 0 ? beta_lower(&s, p, q) : 1 - beta_lower(&mirrored, q, p);
}

/* ---- all ---- */

static double triangular(const struct distribution *d, double u)
{
    double width = d->maximum - d->minimum, left = d->mode - d->minimum, right = d->maximum - d->mode;
    if (u * width < left) return d->minimum + sqrt(u * width * left);
    return d->maximum - sqrt((1 - u) * width * right);
}

static double inside(const struct distribution *d, double u)
{
    double width = d->maximum - d->minimum, low;
    switch (d->kind) {
    case QUANTILE_uniform: return d->minimum + u * width;
    case QUANTILE_log_uniform:
        low = portable_log(d->minimum);
        return portable_exp(low + u * (portable_log(d->maximum) - low));
    case QUANTILE_triangular: return triangular(d, u);
    case QUANTILE_normal: return cut_normal(d, u);
    case QUANTILE_beta: return d->minimum + width * quantile_beta(u, d->alpha, d->beta);
    case QUANTILE_fixed: break;
    }
    return d->minimum;
}

double quantile_value(const struct distribution *d, double u)
{
    if (u <= 0) return d->minimum;
    if (u >= 1) return d->maximum;
    return between(inside(d, u), d->minimum, d->maximum);
}
