/* The shipped models against published exposures.  Where a tolerance is wide the reason stands beside it;
 * docs/models.md says the same in words.  1 nmol/mL of ketamine is 237.73 ng/mL, of norketamine 223.70 ng/mL.
 */
#include "check.h"

#include "pharma/shipped.h"

enum { MINUTES = 24 * 60 + 1 };

typedef struct fixture {
    rac_arena *arena;
    double times_h[MINUTES];
    rac_regimen regimen;
} fixture;

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->regimen = rac_regimen_new(f->arena);
    for (int i = 0; i < MINUTES; i++)
        f->times_h[i] = i / 60.0;
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    rac_arena_free(f->arena);
    free(f);
    return 0;
}

static const double *curve(fixture *f, const rac_model *model, const double *covariates, const char *output)
{
    const int at = rac_model_find_output(model, output);
    assert_true(at >= 0);
    return typical_curve(f->arena, model, covariates, &f->regimen, f->times_h, MINUTES) +
           (size_t)at * MINUTES;
}

static double peak(const double *values, int *at_min)
{
    int best = 0;
    for (int i = 0; i < MINUTES; i++)
        if (values[i] > values[best])
            best = i;
    if (at_min)
        *at_min = best;
    return values[best];
}

static double area(const double *values)
{
    double sum = 0;
    for (int i = 1; i < MINUTES; i++)
        sum += (values[i] + values[i - 1]) / 120;
    return sum;
}

/* 0.5 mg/kg over 40 min at 70 kg, as a second, unrelated implementation (deSolve at 1e-9) computed these
 * models. */
static void test_pharma_shipped__the_standard_infusion(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *model, *output;
        double at_10, at_20, at_30, at_40, at_60, at_80, at_110, at_230; /* ng/mL; 0: not given */
    } rows[] = {
        {"racemic-arterial", "ketamine", 155, 198, 228, 253.05, 96, 74, 54, 27},
        {"racemic-venous", "ketamine", 56, 99, 132, 160, 106, 82, 62, 29},
        {"domino-1984", "ketamine", 0, 0, 0, 240, 0, 46, 38, 18},
        {"clements-1981", "ketamine", 0, 0, 0, 177, 0, 85, 63, 36},
        {"esketamine-arterial", "ketamine", 195, 234, 265, 289, 91, 63, 42, 21},
    };
    const double weight[] = {70};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double *c = curve(f, shipped_model(f->arena, rows[i].model), weight, rows[i].output);
        const double expected[] = {rows[i].at_10, rows[i].at_20, rows[i].at_30,  rows[i].at_40,
                                   rows[i].at_60, rows[i].at_80, rows[i].at_110, rows[i].at_230};
        static const int minutes[] = {10, 20, 30, 40, 60, 80, 110, 230};
        for (int k = 0; k < 8; k++)
            if (expected[k] > 0) /* printed as whole ng/mL */
                check_near(1000 * c[minutes[k]], expected[k], 0.51, 0);
    }
    check_near(1000 * curve(f, shipped_model(f->arena, "racemic-arterial"), weight, "ketamine")[40], 253.05,
               0.005, 0);
}

static void test_pharma_shipped__norketamine_peaks_where_it_should(void **state)
{
    fixture *f = *state;
    const double weight[] = {70};
    int at = 0;
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    check_near(1000 * peak(curve(f, shipped_model(f->arena, "racemic-arterial"), weight, "norketamine"), &at),
               90, 0.51, 0);
    check_near(at, 56, 1, 0);
    check_near(1000 * peak(curve(f, shipped_model(f->arena, "racemic-venous"), weight, "norketamine"), &at),
               72, 0.51, 0);
    check_near(at, 90, 1, 0);
}

/* Perception: half of the total at the effect site peaks at 0.456 nmol/mL at 42 min, then 0.29, 0.19, 0.13,
 * 0.06. */
static void test_pharma_shipped__the_effect_site_follows_by_minutes(void **state)
{
    fixture *f = *state;
    const double weight[] = {70};
    int at = 0;
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    const double *c = curve(f, shipped_model(f->arena, "racemic-arterial"), weight, "effect_s");
    check_near(peak(c, &at) * 1000 / 237.73, 0.456, 0.001, 0);
    check_near(at, 42, 1, 0);
    check_near(c[60] * 1000 / 237.73, 0.29, 0.0051, 0);
    check_near(c[80] * 1000 / 237.73, 0.19, 0.0051, 0);
    check_near(c[110] * 1000 / 237.73, 0.13, 0.0051, 0);
    check_near(c[230] * 1000 / 237.73, 0.06, 0.0051, 0);
    /* Half of the effect on perception at 0.51 nmol/mL (Olofsen 2022): 0.89 of it at the highest. */
    const double *over =
        curve(f, shipped_model(f->arena, "racemic-arterial"), weight, "effect_site_over_c50");
    check_near(peak(over, NULL), 0.89, 0.0051, 0);
    for (int i = 0; i < MINUTES; i += 10)
        check_near(over[i], c[i] * 1000 / 237.73 / 0.51, 0, 1e-12);
}

/* Zarate 2006: 185 ng/mL; Krystal 1994: 100 to 250 ng/mL for this regimen (as tabulated by Zanos 2018;
 * sampling site not stated).  The venous model is inside, the arterial one just above, as an arterial curve
 * must be. */
static void test_pharma_shipped__venous_peak_lies_in_the_published_range(void **state)
{
    fixture *f = *state;
    const double weight[] = {70};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 35, 40 / 60.0));
    const double venous =
        1000 * peak(curve(f, shipped_model(f->arena, "racemic-venous"), weight, "ketamine"), NULL);
    assert_true(venous > 100 && venous < 250);
    check_near(venous / 185, 1, 0.15, 0);
}

/* Otto's peripheral terms are not scaled by weight, so 0.5 mg/kg peaks at 141 ng/mL for 50 kg and 181 for 120
 * kg; the arterial model goes from 240 to 276. */
static void test_pharma_shipped__peaks_rise_with_weight(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *model;
        double weight, peak;
    } rows[] = {{"otto-2021-s-ketamine", 50, 141},
                {"otto-2021-s-ketamine", 120, 181},
                {"racemic-arterial", 50, 240},
                {"racemic-arterial", 120, 276}};
    for (size_t i = 0; i < 4; i++) {
        f->regimen.count = 0;
        rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 0.5 * rows[i].weight, 40 / 60.0));
        check_near(
            1000 * peak(curve(f, shipped_model(f->arena, rows[i].model), &rows[i].weight, "ketamine"), NULL),
            rows[i].peak, 0.6, 0);
    }
}

/* Kamp 2020 (BJA), figure 1: means of 20 men, arterial, 0.28, 0.57, 1.14 mg/kg/h for an hour each; digitised
 * by a third party, S plus R, nmol/mL.  Points on a dose step (1.0, 2.083, 3.083 h and the first) are
 * digitisation noise and are left out.  70 kg is assumed.  Tolerance: 17 %, the largest misfit known for this
 * composite. */
static void test_pharma_shipped__arterial_curves_of_an_escalating_infusion(void **state)
{
    fixture *f = *state;
    static const struct {
        int minute;
        double s, r, s_nk, r_nk;
    } rows[] = {
        {90, 0.4294, 0.4822, 0.1786, 0.2239},  {120, 0.5239, 0.5970, 0.2878, 0.3642},
        {150, 0.9421, 1.0203, 0.4761, 0.5525}, {180, 1.0457, 1.1492, 0.6272, 0.7586},
        {210, 0.4102, 0.4609, 0.6431, 0.7409}, {240, 0.3330, 0.3635, 0.5881, 0.6734},
        {300, 0.2467, 0.2701, 0.5294, 0.6041},
    };
    const double weight[] = {70};
    rac_regimen_add(&f->regimen, rac_dose_rate(0, 0, 0.28 * 70));
    rac_regimen_add(&f->regimen, rac_dose_rate(1, 0, 0.57 * 70));
    rac_regimen_add(&f->regimen, rac_dose_rate(2, 0, 1.14 * 70));
    rac_regimen_add(&f->regimen, rac_dose_mark(3, 0, RAC_DOSE_STOP));
    const rac_model *model = shipped_model(f->arena, "racemic-arterial");
    const double *k = curve(f, model, weight, "ketamine"), *nk = curve(f, model, weight, "norketamine");
    double parent = 0, metabolite = 0;
    for (size_t i = 0; i < 7; i++) {
        const double seen = (rows[i].s + rows[i].r) * 0.23773,
                     seen_nk = (rows[i].s_nk + rows[i].r_nk) * 0.22370;
        check_near(k[rows[i].minute], seen, 0, 0.17);
        check_near(nk[rows[i].minute], seen_nk, 0, 0.17);
        parent += log(k[rows[i].minute] / seen) / 7;
        metabolite += log(nk[rows[i].minute] / seen_nk) / 7;
    }
    check_near(exp(parent), 1, 0.06, 0); /* geometric mean ratios */
    check_near(exp(metabolite), 1, 0.08, 0);
}

/* Otto 2021, 10 mg S-ketamine over 30 min, 17 volunteers of 68 kg: digitised medians, good to 10 %. */
static void test_pharma_shipped__otto_gives_ottos_medians(void **state)
{
    fixture *f = *state;
    static const struct {
        int minute;
        double k, nk;
    } rows[] = {{30, 56, 10}, {60, 27, 23}, {120, 15.5, 20}, {180, 11.5, 16}, {300, 6, 12}};
    const double weight[] = {68};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 10, 0.5));
    const rac_model *model = shipped_model(f->arena, "otto-2021-s-ketamine");
    const double *k = curve(f, model, weight, "ketamine"), *nk = curve(f, model, weight, "norketamine");
    for (size_t i = 0; i < 5; i++) {
        check_near(1000 * k[rows[i].minute], rows[i].k, 0, 0.20);
        check_near(1000 * nk[rows[i].minute], rows[i].nk, 0, 0.20);
    }
    /* An unrelated run of the same parameters gave 51, 27.3, 15.4, 10.3, 5.1
     * and 11.8, 20.9, 20.5, 17.1, 11.7. */
    static const double run_k[] = {51, 27.3, 15.4, 10.3, 5.1}, run_nk[] = {11.8, 20.9, 20.5, 17.1, 11.7};
    for (size_t i = 0; i < 5; i++) {
        check_near(1000 * k[rows[i].minute], run_k[i], 0.06 + (i == 0) * 0.45, 0);
        check_near(1000 * nk[rows[i].minute], run_nk[i], 0.06, 0);
    }
}

/* Perez-Ruixo 2021, Table 4: the paper's own model-based values of 18 strata.  Those beyond 60 years are
 * computed at 70, which the table does not say (at 68 to 72 all stay within 2.1 %).  Esketamine peak and
 * area and noresketamine peak agree within 2 %; the noresketamine area does not (1.4 to 1.6 times) and is
 * not tested. */
static void test_pharma_shipped__esketamine_gives_the_table_of_its_paper(void **state)
{
    fixture *f = *state;
    static const struct {
        double years;
        int devices, asian, japanese;
        double cmax, auc, nor_cmax;
    } rows[] = {
        {40, 1, 0, 0, 43.8, 147.3, 59.1},   {40, 2, 0, 0, 72.5, 254.7, 119.7},
        {40, 3, 0, 0, 101.0, 362.2, 180.0}, {40, 1, 1, 0, 44.1, 158.2, 73.4},
        {40, 2, 1, 0, 73.2, 275.9, 148.5},  {40, 3, 1, 0, 102.4, 393.5, 223.5},
        {40, 1, 1, 1, 57.5, 194.7, 72.1},   {40, 2, 1, 1, 94.5, 335.1, 146.3},
        {40, 3, 1, 1, 131.3, 475.4, 220.4}, {70, 1, 0, 0, 44.6, 160.4, 57.3},
        {70, 2, 0, 0, 73.8, 275.8, 117.2},  {70, 3, 0, 0, 102.7, 391.2, 177.0},
        {70, 1, 1, 0, 44.9, 171.0, 71.4},   {70, 2, 1, 0, 74.4, 296.3, 145.9},
        {70, 3, 1, 0, 103.8, 421.5, 220.4}, {70, 1, 1, 1, 58.8, 212.2, 69.0},
        {70, 2, 1, 1, 96.5, 363.1, 141.7},  {70, 3, 1, 1, 133.8, 513.9, 214.4},
    };
    const rac_model *model = shipped_model(f->arena, "esketamine");
    const int first = rac_model_find_route(model, "nasal"),
              later = rac_model_find_route(model, "nasal_later");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double covariates[] = {rows[i].years * 8766.0, rows[i].asian, rows[i].japanese};
        f->regimen.count = 0;
        for (int device = 0; device < rows[i].devices; device++)
            rac_regimen_add(&f->regimen, rac_dose_bolus(0, device ? later : first, 28));
        const double *k = curve(f, model, covariates, "esketamine"),
                     *nk = curve(f, model, covariates, "noresketamine");
        check_near(1000 * peak(k, NULL), rows[i].cmax, 0, 0.02);
        check_near(1000 * area(k), rows[i].auc, 0, 0.02);
        check_near(1000 * peak(nk, NULL), rows[i].nor_cmax, 0, 0.02);
    }
}

/* Fraction absorbed: 0.62, 0.54 and 0.51 for 28, 56 and 84 mg; the label says 48 % for 84 mg.  By areas to 24
 * h after the nasal and the intravenous dose, which both miss a little of the tail. */
static void test_pharma_shipped__nasal_bioavailability_falls_with_the_dose(void **state)
{
    fixture *f = *state;
    static const double expected[] = {0.62, 0.54, 0.51};
    const double covariates[] = {40 * 8766.0, 0, 0};
    const rac_model *model = shipped_model(f->arena, "esketamine");
    for (int devices = 1; devices <= 3; devices++) {
        f->regimen.count = 0;
        for (int d = 0; d < devices; d++)
            rac_regimen_add(&f->regimen,
                            rac_dose_bolus(0, d ? rac_model_find_route(model, "nasal_later") : 0, 28));
        const double nasal = area(curve(f, model, covariates, "esketamine"));
        f->regimen.count = 0;
        rac_regimen_add(&f->regimen, rac_dose_infusion(0, rac_model_find_route(model, "intravenous"),
                                                       28 * devices, 40 / 60.0));
        check_near(nasal / area(curve(f, model, covariates, "esketamine")), expected[devices - 1], 0.012, 0);
    }
}

/* A fault in any clearance would leave 70 to 120 L/h, the range of every adult set read (76 to 116 at 70 kg).
 */
static void test_pharma_shipped__clearance_is_that_of_an_adult(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *model, *output;
        double clearance; /* L/h at 70 kg, as published or derived */
    } rows[] = {{"racemic-arterial", "ketamine", 84},
                {"otto-2021-s-ketamine", "ketamine", 95.2},
                {"esketamine-arterial", "ketamine", 88.8},
                {"domino-1984", "ketamine", 115.92},
                {"clements-1981", "ketamine", 80.22}};
    const double weight[] = {70};
    rac_regimen_add(&f->regimen,
                    (rac_dose){.kind = RAC_DOSE_INFUSION, .rate_mg_per_h = 10, .steady = RAC_STEADY_REPLACE});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double at_plateau = curve(f, shipped_model(f->arena, rows[i].model), weight, rows[i].output)[0];
        check_near(10 / at_plateau, rows[i].clearance, 0, 1e-3);
        assert_true(10 / at_plateau > 70 && 10 / at_plateau < 120);
    }
}

/* ---- Simons 2022: S-ketamine and two metabolites, arterial ---- */

/* The escalating infusion again, whole dose in the parameters of S-ketamine: a second, unrelated
 * implementation (deSolve) printed whole ng/mL. */
static void test_pharma_shipped__the_chain_of_three_as_another_program_runs_it(void **state)
{
    fixture *f = *state;
    static const struct {
        int minute;
        double k, nk;
    } rows[] = {{60, 121, 38},   {90, 238, 71},   {120, 271, 104}, {150, 495, 167},
                {180, 559, 231}, {210, 200, 209}, {240, 141, 174}, {300, 95, 148}};
    const double weight[] = {70};
    rac_regimen_add(&f->regimen, rac_dose_rate(0, 0, 0.28 * 70));
    rac_regimen_add(&f->regimen, rac_dose_rate(1, 0, 0.57 * 70));
    rac_regimen_add(&f->regimen, rac_dose_rate(2, 0, 1.14 * 70));
    rac_regimen_add(&f->regimen, rac_dose_mark(3, 0, RAC_DOSE_STOP));
    const rac_model *model = shipped_model(f->arena, "esketamine-arterial");
    const double *k = curve(f, model, weight, "ketamine"), *nk = curve(f, model, weight, "norketamine");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_near(1000 * k[rows[i].minute], rows[i].k, 0.51, 0);
        check_near(1000 * nk[rows[i].minute], rows[i].nk, 0.51, 0);
    }
}

/* Moles are conserved: at steady state a metabolite's concentration is its fraction of the rate, over its
 * clearance, in its own mass. */
static void test_pharma_shipped__the_chain_conserves_moles(void **state)
{
    fixture *f = *state;
    const double weight[] = {70};
    rac_regimen_add(&f->regimen,
                    (rac_dose){.kind = RAC_DOSE_INFUSION, .rate_mg_per_h = 10, .steady = RAC_STEADY_REPLACE});
    const rac_model *model = shipped_model(f->arena, "esketamine-arterial");
    check_near(curve(f, model, weight, "norketamine")[0], 0.8 * 10 / (60 * 1.00) * 223.70 / 237.73, 0, 1e-10);
    check_near(curve(f, model, weight, "hydroxynorketamine")[0],
               0.8 * 0.7 * 10 / (60 * 0.933) * 239.7 / 237.73, 0, 1e-10);
}

/* A film of 50 or 100 mg, and 20 mg in 20 min into the vein 6 h later (Simons 2022, Table 2 and text).  The
 * model is linear and one bioavailability serves both films, where 29 % and 23 % were observed: so S-ketamine
 * is too low after 50 mg and too high after 100 mg, and the mean of both is near.  Tolerance 20 %, 30 % for
 * the highest values. */
static void test_pharma_shipped__the_film_gives_the_table_of_its_paper(void **state)
{
    fixture *f = *state;
    static const struct {
        double film_mg, k_cmax, k_auc, nk_cmax, nk_auc, hnk_cmax, hnk_auc, iv_peak; /* ng/mL, ng*min/mL */
    } rows[] = {{50, 96, 8363, 276, 38497, 101, 24087, 273}, {100, 144, 13347, 426, 67959, 189, 44972, 260}};
    const double weight[] = {70};
    const rac_model *model = shipped_model(f->arena, "esketamine-arterial");
    const int film = rac_model_find_route(model, "film"), vein = rac_model_find_route(model, "intravenous");
    double balance = 0;
    for (size_t i = 0; i < 2; i++) {
        f->regimen.count = 0;
        rac_regimen_add(&f->regimen, rac_dose_bolus(0, film, rows[i].film_mg));
        rac_regimen_add(&f->regimen, rac_dose_infusion(6, vein, 20, 20 / 60.0));
        const double *k = curve(f, model, weight, "ketamine"), *nk = curve(f, model, weight, "norketamine"),
                     *hnk = curve(f, model, weight, "hydroxynorketamine");
        const double seen[] = {rows[i].k_cmax, rows[i].nk_cmax, rows[i].hnk_cmax},
                     areas[] = {rows[i].k_auc, rows[i].nk_auc, rows[i].hnk_auc};
        const double *const curves[] = {k, nk, hnk};
        for (int c = 0; c < 3; c++) {
            double highest = 0, sum = 0;
            for (int t = 1; t <= 360; t++) {
                highest = fmax(highest, curves[c][t]);
                sum += 1000 * (curves[c][t] + curves[c][t - 1]) / 2;
            }
            check_near(1000 * highest, seen[c], 0, 0.20);
            check_near(sum, areas[c], 0, 0.12);
            balance += log(sum / areas[c]) / 6;
        }
        check_near(1000 * k[380], rows[i].iv_peak, 0, 0.07); /* 95 % intervals 259 to 287, 251 to 269 */
    }
    check_near(exp(balance), 1, 0.05, 0);
    int at = 0;
    f->regimen.count = 0;
    rac_regimen_add(&f->regimen, rac_dose_bolus(0, film, 50));
    peak(curve(f, model, weight, "norketamine"), &at); /* an unrelated run: 61.5 and 76 min */
    check_near(at, 61.5, 1, 0);
    peak(curve(f, model, weight, "hydroxynorketamine"), &at);
    check_near(at, 76, 1, 0);
}

/* 20 mg in 20 min by itself: 268 ng/mL in an unrelated run. */
static void test_pharma_shipped__twenty_milligrams_peak_as_observed(void **state)
{
    fixture *f = *state;
    const double weight[] = {70};
    int at = 0;
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 20, 20 / 60.0));
    check_near(1000 * peak(curve(f, shipped_model(f->arena, "esketamine-arterial"), weight, "ketamine"), &at),
               268, 0.51, 0);
    check_near(at, 20, 0, 0);
}

/* ---- other drugs ---- */

/* Noppers 2011: with rifampicin the area of S-ketamine is 0.90 and that of S-norketamine 0.50 of what it is
 * without, after 2 h of 20 or 40 mg/70 kg/h; another study gave 0.86.  To 5 h, while such a study samples
 * (its last sample was not read), the changed elimination gives 0.92 and 0.50 to 0.52 in three models that
 * know nothing of it; to infinity 1/1.13 and 1/3. */
static void test_pharma_shipped__rifampicin_takes_half_of_the_norketamine(void **state)
{
    fixture *f = *state;
    static const char *const names[] = {"otto-2021-s-ketamine", "racemic-arterial", "esketamine-arterial",
                                        "racemic-venous"};
    const double weight[] = {70};
    const int vein[] = {0};
    rac_regimen_add(&f->regimen, rac_dose_infusion(0, 0, 40, 2));
    for (size_t i = 0; i < 4; i++) {
        const rac_model *model = shipped_model(f->arena, names[i]);
        rac_model *with = NULL;
        rac_error err = {0};
        check_ok(rac_model_with(f->arena, model, "rifampicin", vein, 1, &with, &err));
        static const char *const outputs[] = {"ketamine", "norketamine"};
        static const double published[] = {0.90, 0.50};
        for (int o = 0; o < 2; o++) {
            const double *plain = curve(f, model, weight, outputs[o]),
                         *changed = curve(f, with, weight, outputs[o]);
            double before = 0, after = 0;
            for (int t = 1; t <= 300; t++) {
                before += plain[t] + plain[t - 1];
                after += changed[t] + changed[t - 1];
            }
            check_near(after / before, published[o], 0.035, 0);
        }
    }
}

/* An oral change is not carried to the vein, nor the other way round; what no parameter expresses is only
 * told. */
static void test_pharma_shipped__a_drug_is_refused_on_a_route_it_was_not_studied_on(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_model *with = NULL;
    const rac_model *arterial = shipped_model(f->arena, "esketamine-arterial");
    const int both[] = {rac_model_find_route(arterial, "intravenous"),
                        rac_model_find_route(arterial, "film")};
    check_ok(rac_model_with(f->arena, arterial, "rifampicin", both, 1, &with, &err));
    check_ok(rac_model_with(f->arena, arterial, "rifampicin", NULL, 0, &with, &err));
    check_status(rac_model_with(f->arena, arterial, "rifampicin", both, 2, &with, &err), RAC_REFUSED);
    check_contains(err.message, "rifampicin was studied with the route intravenous, not film");
    check_status(rac_model_with(f->arena, arterial, "rifampicn", both, 1, &with, &err), RAC_NOT_FOUND);
    check_contains(err.hint, "did you mean 'rifampicin'?");
    const rac_model *label = shipped_model(f->arena, "esketamine");
    assert_int_equal(rac_model_modifiers(label), 7);
    assert_int_equal(rac_model_interactions(label), 10);
    assert_int_equal(rac_model_interaction(label, 3)->route, rac_model_find_route(label, "nasal"));
    check_status(rac_model_with(f->arena, label, "itraconazole", both, 1, &with, &err), RAC_NOT_FOUND);
    check_contains(err.hint, "reported for oral (no increase");
    const int vein = rac_model_find_route(label, "intravenous"), mouth = rac_model_find_route(label, "oral");
    check_ok(rac_model_with(f->arena, label, "grapefruit-oral", &mouth, 1, &with, &err));
    check_status(rac_model_with(f->arena, label, "grapefruit-oral", &vein, 1, &with, &err), RAC_REFUSED);
    check_status(
        rac_model_with(f->arena, shipped_model(f->arena, "clements-1981"), "x", NULL, 0, &with, &err),
        RAC_NOT_FOUND);
    check_contains(err.hint, "it knows none");
}

static void test_pharma_shipped__a_slot_refuses_to_run(void **state)
{
    fixture *f = *state;
    const rac_model *model = shipped_model(f->arena, "zhao-2012");
    const double weight[] = {70};
    const rac_prediction_request ask = {
        .covariates = weight, .regimen = &f->regimen, .times_h = f->times_h, .times = 2};
    rac_prediction prediction;
    rac_error err = {0};
    check_status(rac_pharma_predict(f->arena, model, &ask, &prediction, &err), RAC_REFUSED);
    check_contains(err.message, "no values for V1, V2, V3, CL");
}

static void test_pharma_shipped__every_file_says_what_it_is(void **state)
{
    fixture *f = *state;
    static const char *const names[] = {"racemic-arterial", "racemic-venous",     "otto-2021-s-ketamine",
                                        "esketamine",       "domino-1984",        "clements-1981",
                                        "zhao-2012",        "esketamine-arterial"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const rac_model_about *about = rac_model_describe(shipped_model(f->arena, names[i]));
        assert_string_equal(about->name, names[i]);
        assert_true(about->source_count >= 1 && strlen(about->sampling) && strlen(about->population));
        check_contains(about->substance, "as base");
    }
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_shipped__##name, open_fixture, close_fixture)
RAC_TESTS(T(the_standard_infusion), T(norketamine_peaks_where_it_should),
          T(the_effect_site_follows_by_minutes), T(venous_peak_lies_in_the_published_range),
          T(peaks_rise_with_weight), T(arterial_curves_of_an_escalating_infusion),
          T(otto_gives_ottos_medians), T(esketamine_gives_the_table_of_its_paper),
          T(nasal_bioavailability_falls_with_the_dose), T(clearance_is_that_of_an_adult),
          T(the_chain_of_three_as_another_program_runs_it), T(the_chain_conserves_moles),
          T(the_film_gives_the_table_of_its_paper), T(twenty_milligrams_peak_as_observed),
          T(rifampicin_takes_half_of_the_norketamine), T(a_drug_is_refused_on_a_route_it_was_not_studied_on),
          T(a_slot_refuses_to_run), T(every_file_says_what_it_is))
