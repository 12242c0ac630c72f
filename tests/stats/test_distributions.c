/* Tails and quantiles against 40-digit values, and against each other. */
#include "check.h"

#include "racemate/stats/distributions.h"

typedef enum tail_kind {
    TAIL_T,          /* upper tail of t with df = first */
    TAIL_CHI_SQUARE, /* upper tail, df = first */
    TAIL_F,          /* upper tail, df1 = first, df2 = second */
    TAIL_BETA        /* lower tail, a = first, b = second */
} tail_kind;

/* Computed with mpmath 1.3 at 60 digits (regularised betainc and gammainc; t with df above 1e6 by
 * quadrature of its density) from the binary values of the arguments. */
static const struct {
    tail_kind kind;
    double x, first, second, tail;
} REFERENCE[] = {
    {TAIL_T, 0.1, 1.0, 0.0, 0.46827448256944643},
    {TAIL_T, 2.31, 41.7, 0.0, 0.012954836974146804},
    {TAIL_T, 5.5, 2.5, 0.0, 0.0093844373994611389},
    {TAIL_T, 38.6, 7.25, 0.0, 5.820537595266562e-10},
    {TAIL_T, 12.3, 150.0, 0.0, 8.7484227995010881e-25},
    {TAIL_T, 36.9, 1000.5, 0.0, 3.8478273690686899e-189},
    {TAIL_T, 30.0, 20000.0, 0.0, 9.3315951439833617e-194},
    {TAIL_T, 1.96, 0.37, 0.0, 0.2597660460886754},
    {TAIL_T, 0.001, 3.3, 0.0, 0.49962977336448945},
    {TAIL_T, 36.0, 999999.5, 0.0, 6.3669968967166547e-284},
    {TAIL_T, 1e+20, 4.4, 0.0, 4.6806341039523244e-88},
    {TAIL_T, 2.5, 1000000.0, 0.0, 0.0062097447510816231},
    {TAIL_T, 8.0, 300000.0, 0.0, 6.2428892169189392e-16},
    {TAIL_T, 2.5, 2000000.0, 0.0, 0.0062097050383804101},
    {TAIL_T, 30.0, 50000000.0, 0.0, 4.9266704897103102e-198},
    {TAIL_CHI_SQUARE, 0.001, 0.3, 0.0, 0.65729812232655797},
    {TAIL_CHI_SQUARE, 3.84, 1.0, 0.0, 0.050043521248705103},
    {TAIL_CHI_SQUARE, 1370.0, 4.4, 0.0, 7.4090955551373074e-295},
    {TAIL_CHI_SQUARE, 25.7, 25.3, 0.0, 0.44049726795650858},
    {TAIL_CHI_SQUARE, 1e-08, 3.0, 0.0, 0.99999999999973404},
    {TAIL_CHI_SQUARE, 120.0, 99.5, 0.0, 0.079206132897903512},
    {TAIL_CHI_SQUARE, 10500.0, 10000.0, 0.0, 0.00024794736798936085},
    {TAIL_CHI_SQUARE, 1003000.0, 1000000.0, 0.0, 0.017016772933266315},
    {TAIL_CHI_SQUARE, 700.0, 0.5, 0.0, 3.3773200856461543e-155},
    {TAIL_F, 2.5, 3.0, 17.7, 0.092852709900365483},
    {TAIL_F, 0.01, 1.0, 5.0, 0.92423014115466037},
    {TAIL_F, 400.0, 2.5, 300.25, 9.9496343268710822e-96},
    {TAIL_F, 1.1, 100.0, 9000.0, 0.23367987996086911},
    {TAIL_F, 3.3, 5.0, 1000000.0, 0.005552750868155033},
    {TAIL_F, 1e-05, 7.0, 3.0, 0.99999999999999986},
    {TAIL_F, 50.0, 10.0, 123.4, 1.1759140538087374e-38},
    {TAIL_BETA, 0.3, 0.5, 0.5, 0.36901011956554538},
    {TAIL_BETA, 0.2, 5.0, 9.5, 0.11399334647813216},
    {TAIL_BETA, 1e-10, 0.1, 20.0, 0.14150724872541542},
    {TAIL_BETA, 0.999, 300.5, 0.25, 0.22853056396282821},
    {TAIL_BETA, 0.5, 500.0, 520.0, 0.73450657715115318},
    {TAIL_BETA, 0.7, 1.0, 1.0, 0.69999999999999996},
    {TAIL_BETA, 0.9, 0.001, 0.002, 0.66812739473791365},
};

static double tail_of(tail_kind kind, double x, double first, double second)
{
    switch (kind) {
    case TAIL_T:
        return rac_t_upper(x, first);
    case TAIL_CHI_SQUARE:
        return rac_chi_square_upper(x, first);
    case TAIL_F:
        return rac_f_upper(x, first, second);
    case TAIL_BETA:
        return rac_beta_lower(x, first, second);
    }
    return NAN;
}

static double quantile_of(tail_kind kind, double p, double first, double second)
{
    switch (kind) {
    case TAIL_T:
        return -rac_t_quantile(p, first);
    case TAIL_CHI_SQUARE:
        return rac_chi_square_quantile(1 - p, first);
    case TAIL_F:
        return rac_f_quantile(1 - p, first, second);
    case TAIL_BETA:
        return rac_beta_quantile(p, first, second);
    }
    return NAN;
}

/* The header promises 1e-12 with shapes up to 1e6 and about 1e-10 beyond. */
static void test_stats_distributions__tails_match_sixty_digit_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFERENCE / sizeof *REFERENCE; i++) {
        const double tolerance = REFERENCE[i].first > 1e6 ? 1e-10 : 1e-12;
        const double tail =
            tail_of(REFERENCE[i].kind, REFERENCE[i].x, REFERENCE[i].first, REFERENCE[i].second);
        if (!(fabs(tail / REFERENCE[i].tail - 1) <= tolerance))
            fprintf(stderr, "# row %zu: relative error %.2e\n", i, tail / REFERENCE[i].tail - 1);
        check_near(tail, REFERENCE[i].tail, 0, tolerance);
    }
}

/* Quantiles bring the argument back wherever the tail still determines it. */
static void test_stats_distributions__quantiles_invert_the_tails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFERENCE / sizeof *REFERENCE; i++) {
        const double p = REFERENCE[i].tail;
        const bool far = p < 1e-3 && (REFERENCE[i].kind == TAIL_CHI_SQUARE || REFERENCE[i].kind == TAIL_F);
        if (p > 0.999 || far) /* 1 - p would not be exact enough to ask for */
            continue;
        check_near(quantile_of(REFERENCE[i].kind, p, REFERENCE[i].first, REFERENCE[i].second), REFERENCE[i].x,
                   0, 1e-11);
    }
}

/* Abramowitz and Stegun 1964, table 26.1 and the usual critical values, to the digits printed there. */
static void test_stats_distributions__normal_matches_the_tables(void **state)
{
    (void)state;
    check_near(rac_normal_lower(1.0), 0.841344746068543, 1e-15, 0);
    check_near(rac_normal_upper(5.0), 2.86651571879194e-07, 0, 1e-13);
    check_near(rac_normal_upper(37.0), 5.72557122252457682e-300, 0, 1e-12); /* mpmath */
    check_near(rac_normal_quantile(0.975), 1.959963984540054, 0, 1e-14);
    check_near(rac_normal_critical(0.95), 1.959963984540054, 0, 1e-14);
    check_near(rac_normal_two_sided(-1.959963984540054), 0.05, 0, 1e-13);
    assert_true(isinf(rac_normal_quantile(0)) && rac_normal_quantile(0) < 0);
    assert_true(isinf(rac_normal_quantile(1)) && rac_normal_quantile(1) > 0);
}

static void test_stats_distributions__tails_of_t_are_symmetric(void **state)
{
    (void)state;
    const double df[] = {0.7, 1, 3.25, 30, 4321.5, 3e6, INFINITY};
    for (size_t i = 0; i < sizeof df / sizeof *df; i++) {
        check_near(rac_t_lower(-1.7, df[i]), rac_t_upper(1.7, df[i]), 0, 0);
        check_near(rac_t_lower(1.7, df[i]) + rac_t_upper(1.7, df[i]), 1, 1e-15, 0);
        check_near(rac_t_two_sided(-1.7, df[i]), 2 * rac_t_upper(1.7, df[i]), 0, 0);
        check_near(rac_t_quantile(0.2, df[i]), -rac_t_quantile(0.8, df[i]), 0, 1e-13);
        check_near(rac_t_critical(0.9, df[i]), rac_t_quantile(0.95, df[i]), 0, 1e-13);
        check_near(rac_t_quantile(0.5, df[i]), 0, 0, 0);
    }
}

/* t with one df is Cauchy, with two it is algebraic: closed forms at any argument. */
static void test_stats_distributions__t_has_its_closed_forms(void **state)
{
    (void)state;
    for (double t = 0.013; t < 1e12; t *= 7.3) {
        check_near(rac_t_upper(t, 1), atan2(1, t) / M_PI, 0, 1e-13);
        check_near(rac_t_upper(t, 2), 1 / (t * t + 2 + t * sqrt(t * t + 2)), 0, 1e-13);
    }
}

/* The large-df branches meet the exact ones: t at 1e6, F at 1e10. */
static void test_stats_distributions__branches_meet(void **state)
{
    (void)state;
    for (double t = 0.1; t < 36; t *= 1.9)
        check_near(rac_t_upper(t, 1e6 * (1 + 1e-9)), rac_t_upper(t, 1e6), 0, 1e-9);
    check_near(rac_t_upper(3.3, 1e12), rac_normal_upper(3.3), 0, 1e-10);
    check_near(rac_f_upper(2.2, 4, INFINITY), rac_chi_square_upper(8.8, 4), 0, 1e-14);
    check_near(rac_f_upper(2.2, 4, 9e9), rac_chi_square_upper(8.8, 4), 0, 1e-8);
}

/* Squares of t are F, sums of exponentials are gamma, F turned over is F. */
static void test_stats_distributions__families_agree(void **state)
{
    (void)state;
    check_near(rac_f_upper(2.31 * 2.31, 1, 41.7), rac_t_two_sided(2.31, 41.7), 0, 1e-13);
    check_near(rac_chi_square_upper(9.2, 2), exp(-4.6), 0, 1e-14);
    check_near(rac_f_upper(2.9, 3.5, 8.25), rac_f_lower(1 / 2.9, 8.25, 3.5), 0, 1e-13);
    check_near(rac_beta_upper(0.31, 2.5, 7), rac_beta_lower(0.69, 7, 2.5), 0, 1e-13);
    check_near(rac_gamma_upper(3.7, 3), exp(-3.7) * (1 + 3.7 + 3.7 * 3.7 / 2), 0, 1e-14);
    check_near(rac_chi_square_quantile(0.95, 1), pow(rac_normal_quantile(0.975), 2), 0, 1e-13);
}

/* Sums over every outcome, and tails as sums of masses. */
static void test_stats_distributions__counts_add_up(void **state)
{
    (void)state;
    double sum = 0, at_most = 0, hypergeometric = 0, poisson = 0;
    for (int k = 0; k <= 47; k++) {
        sum += rac_binomial_mass(k, 47, 0.237);
        at_most += k <= 9 ? rac_binomial_mass(k, 47, 0.237) : 0;
        hypergeometric += rac_hypergeometric_mass(k, 23, 31, 18);
        poisson += k <= 5 ? rac_poisson_mass(k, 7.7) : 0;
    }
    check_near(sum, 1, 1e-14, 0);
    check_near(rac_binomial_at_most(9, 47, 0.237), at_most, 0, 1e-13);
    check_near(rac_binomial_at_least(10, 47, 0.237), 1 - at_most, 0, 1e-13);
    check_near(hypergeometric, 1, 1e-14, 0);
    check_near(rac_poisson_at_most(5, 7.7), poisson, 0, 1e-13);
    check_near(rac_poisson_at_least(6, 7.7), 1 - poisson, 0, 1e-13);
    /* Fisher's tea: 3 of 4 right, C(4,3) C(4,1) / C(8,4) = 16/70 */
    check_near(rac_hypergeometric_mass(3, 4, 4, 4), 16.0 / 70, 0, 1e-14);
    check_near(rac_binomial_mass(0, 10, 0), 1, 0, 0);
    check_near(rac_binomial_at_most(10, 10, 0.3), 1, 0, 0);
}

/* A wrong argument gives NaN, quickly, and nothing aborts. */
static void test_stats_distributions__refuses_what_is_outside_the_domain(void **state)
{
    (void)state;
    assert_true(isnan(rac_t_upper(1, 0)) && isnan(rac_t_upper(1, -2)) && isnan(rac_t_upper(NAN, 3)));
    assert_true(isnan(rac_t_quantile(1.1, 3)) && isnan(rac_t_critical(1, 3)) &&
                isnan(rac_t_critical(0.95, NAN)));
    assert_true(isnan(rac_f_upper(1, 0, 3)) && isnan(rac_f_upper(1, INFINITY, 3)) &&
                isnan(rac_f_quantile(-1, 2, 3)));
    assert_true(isnan(rac_chi_square_upper(1, -1)) && isnan(rac_chi_square_quantile(NAN, 3)));
    assert_true(isnan(rac_beta_lower(1.2, 1, 1)) && isnan(rac_beta_quantile(0.5, 0, 1)));
    assert_true(isnan(rac_binomial_mass(1, -1, 0.5)) && isnan(rac_poisson_at_most(1, -1)));
    assert_true(isnan(rac_hypergeometric_mass(1, 2, 3, 6)) && isnan(rac_normal_quantile(2)));
    assert_true(isnan(rac_normal_critical(0)) && isnan(rac_gamma_upper(1, INFINITY)));
    assert_true(rac_chi_square_upper(-3, 2) == 1 && rac_t_upper(INFINITY, 3) == 0);
}

RAC_TESTS(cmocka_unit_test(test_stats_distributions__tails_match_sixty_digit_values),
          cmocka_unit_test(test_stats_distributions__quantiles_invert_the_tails),
          cmocka_unit_test(test_stats_distributions__normal_matches_the_tables),
          cmocka_unit_test(test_stats_distributions__tails_of_t_are_symmetric),
          cmocka_unit_test(test_stats_distributions__t_has_its_closed_forms),
          cmocka_unit_test(test_stats_distributions__branches_meet),
          cmocka_unit_test(test_stats_distributions__families_agree),
          cmocka_unit_test(test_stats_distributions__counts_add_up),
          cmocka_unit_test(test_stats_distributions__refuses_what_is_outside_the_domain))
