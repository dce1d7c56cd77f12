/* Quantiles against closed forms, against the C library's error function, and against values by SciPy 1.17.1 (ndtri and
 * betaincinv; tests/test_design_command.py compares whole columns with it). */
#include "sim/quantile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const double PI = 3.14159265358979323846;
static const double TOLERANCE = 1e-10;

static void close_to(double value, double expected, double tolerance, const char *what, double at)
{
    if (!(fabs(value - expected) <= tolerance)) fail_msg("%s at %.17g: %.17g, not %.17g", what, at, value, expected);
}

/* Shares from the middle and from both tails, as designs have them: (k + 1/2) 2^-32. */
static double share(int i)
{
    if (i < 100) return (i + 0.5) / 100;
    return i < 130 ? ldexp(1, i - 133) : 1 - ldexp(1, i - 163);
}
enum { SHARES = 160 };

static void simple_distributions_have_their_closed_forms(void **state)
{
    (void)state;
    const struct distribution uniform = {.kind = QUANTILE_uniform, .minimum = -2, .maximum = 6};
    const struct distribution log_uniform = {.kind = QUANTILE_log_uniform, .minimum = 0.01, .maximum = 10};
    for (int i = 0; i < SHARES; i++) {
        double u = share(i);
        close_to(quantile_value(&uniform, u), -2 + 8 * u, 1e-14, "uniform", u);
        close_to(quantile_value(&log_uniform, u), 0.01 * pow(1000, u), 1e-13, "log-uniform", u);
    }
    for (int mode = 0; mode <= 4; mode++) { /* the ends included */
        const struct distribution triangular = {.kind = QUANTILE_triangular, .minimum = 0, .maximum = 4, .mode = mode};
        for (int i = 0; i < SHARES; i++) {
            double u = share(i), x = quantile_value(&triangular, u);
            double below = x < mode ? x * x / (4.0 * mode) : 1 - (4 - x) * (4 - x) / (4.0 * (4 - mode));
            close_to(mode == 4 ? x * x / 16 : below, u, 1e-14, "triangular", u);
        }
    }
}

static void every_distribution_stays_between_its_ends_and_rises(void **state)
{
    (void)state;
    const struct distribution all[] = {
        {.kind = QUANTILE_uniform, .minimum = 0.1, .maximum = 0.3},
        {.kind = QUANTILE_log_uniform, .minimum = 0.0002, .maximum = 0.02},
        {.kind = QUANTILE_triangular, .minimum = 0.1, .maximum = 0.7, .mode = 0.7},
        {.kind = QUANTILE_normal, .minimum = -9.5, .maximum = -4, .mean = -6.55, .sd = 1},
        {.kind = QUANTILE_normal, .minimum = 0.1, .maximum = 0.3, .mean = 0.1, .sd = 1e-9},
        {.kind = QUANTILE_normal, .minimum = 0.1, .maximum = 0.3, .mean = 0.3, .sd = 200},
        {.kind = QUANTILE_beta, .minimum = 0.1, .maximum = 24, .alpha = 1, .beta = 19},
        {.kind = QUANTILE_beta, .minimum = 0.1, .maximum = 0.3, .alpha = 0.05, .beta = 0.05},
        {.kind = QUANTILE_beta, .minimum = 0.1, .maximum = 0.3, .alpha = 10000, .beta = 0.05},
    };
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        double before = all[k].minimum;
        assert_true(quantile_value(&all[k], 0) == all[k].minimum);
        assert_true(quantile_value(&all[k], 1) == all[k].maximum);
        for (int i = 1; i < 1000; i++) {
            double x = quantile_value(&all[k], i / 1000.0);
            if (!(x >= before && x <= all[k].maximum)) fail_msg("distribution %zu falls at %d", k, i);
            before = x;
        }
    }
    const struct distribution fixed = {.kind = QUANTILE_fixed, .minimum = 3, .maximum = 3};
    assert_true(quantile_value(&fixed, 0.25) == 3);
}

static double distribution_function(double z) { return 0.5 * erfc(-z / sqrt(2)); }

static void the_normal_is_that_of_the_error_function(void **state)
{
    (void)state;
    static const double known[][2] = {
        {0x1p-33, -6.3379577545537895}, {1e-6, -4.753424308822899}, {0.01, -2.3263478740408408},
        {0.2, -0.8416212335729142},     {0.4, -0.2533471031357997}, {0.6, 0.2533471031357997},
        {0.975, 1.959963984540054},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        close_to(quantile_normal(known[i][0]), known[i][1], 1e-14, "normal", known[i][0]);
    for (int i = 0; i < 370; i++) {
        double x = 0.1 * i, tail = distribution_function(-x);
        close_to(quantile_normal_tail(x) / tail, 1, 1e-12, "tail", x);
    }
}

static void the_normal_is_cut_to_its_range(void **state)
{
    (void)state;
    static const double cases[][4] = {{-9.5, -4, -6.55, 1}, {0, 1, 0, 0.3},     {0, 1, 1, 0.05},
                                      {-1, 1, 0.9, 1000},   {-3, 3, 0, 0.0001}, {-8, 3, -8, 2}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const double *c = cases[k];
        const struct distribution d = {
            .kind = QUANTILE_normal, .minimum = c[0], .maximum = c[1], .mean = c[2], .sd = c[3]};
        double low = distribution_function((c[0] - c[2]) / c[3]), high = distribution_function((c[1] - c[2]) / c[3]);
        for (int i = 0; i < 100; i++) {
            double u = share(i), z = (quantile_value(&d, u) - c[2]) / c[3];
            close_to((distribution_function(z) - low) / (high - low), u, 1e-12, "cut normal", u);
        }
    }
}

static void the_beta_has_its_closed_forms(void **state)
{
    (void)state;
    static const double shapes[] = {0.05, 0.3, 1, 2.5, 19, 400, 10000};
    for (int i = 0; i < SHARES; i++) {
        double u = share(i);
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            double a = shapes[k];
            close_to(quantile_beta(u, a, 1), pow(u, 1 / a), TOLERANCE, "beta(a, 1)", u);
            close_to(quantile_beta(u, 1, a), -expm1(log1p(-u) / a), TOLERANCE, "beta(1, b)", u);
            close_to(quantile_beta(0.5, a, a), 0.5, TOLERANCE, "beta(a, a)", a);
        }
        double sine = sin(PI * u / 2);
        close_to(quantile_beta(u, 0.5, 0.5), sine * sine, TOLERANCE, "arcsine", u);
        double x = quantile_beta(u, 2, 2);
        close_to(x * x * (3 - 2 * x), u, TOLERANCE, "beta(2, 2)", u);
    }
}

static void the_beta_is_that_of_scipy(void **state)
{
    (void)state;
    static const double known[][4] = {
        {2, 3, 0.1, 0.14255931671003072},          {1, 19, 0.3, 0.018597262031625563},
        {0.5, 0.05, 0.4, 0.9998645565962234},      {50, 2, 1e-08, 0.6527102358797823},
        {45, 0.0625, 3.7e-10, 0.6934454843256297}, {3000, 7000, 0.9, 0.30588121235304866},
        {10000, 10000, 0.25, 0.49761530237175505}, {0.05, 10000, 0.999, 0.0002736214170885491},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        close_to(quantile_beta(known[i][2], known[i][0], known[i][1]), known[i][3], TOLERANCE, "beta", known[i][2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple_distributions_have_their_closed_forms),
        cmocka_unit_test(every_distribution_stays_between_its_ends_and_rises),
        cmocka_unit_test(the_normal_is_that_of_the_error_function),
        cmocka_unit_test(the_normal_is_cut_to_its_range),
        cmocka_unit_test(the_beta_has_its_closed_forms),
        cmocka_unit_test(the_beta_is_that_of_scipy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
