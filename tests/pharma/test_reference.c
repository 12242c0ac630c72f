/* Equations that are not linear against stored answers of SUNDIALS CVODES (reference/README.md), both ways of
 * solving them. */
#include "check.h"

#include "../reference/cases.h"
#include "pharma/shipped.h"

enum { VALUES_MAX = 1200 };

static char *read_data(rac_arena *arena, const char *name, const char *suffix)
{
    const char *root = getenv("RACEMATE_SOURCE");
    const char *path = rac_format(arena, "%s/tests/data/nonlinear/%s.%s", root ? root : ".", name, suffix);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    char *text = rac_arena_alloc(arena, 100000);
    text[fread(text, 1, 99999, file)] = '\0';
    fclose(file);
    return text;
}

/* Rows of time and answers, behind lines that begin with #. */
static void read_answers(const char *text, const reference_case *c, double *times_h, double *answers)
{
    while (*text == '#')
        text = strchr(text, '\n') + 1;
    for (int i = 0; i < c->times; i++)
        for (int o = -1; o < c->outputs; o++) {
            char *end;
            *(o < 0 ? &times_h[i] : &answers[i * c->outputs + o]) = strtod(text, &end);
            assert_true(end > text && (*end == ',' || *end == '\n'));
            text = end + 1;
        }
    assert_int_equal(*text, 0);
}

static rac_regimen regimen_of(rac_arena *arena, const reference_case *c)
{
    rac_regimen regimen = rac_regimen_new(arena);
    if (!strcmp(c->name, "pauses")) { /* the same by the buttons of a pump */
        rac_regimen_add(&regimen, rac_dose_rate(1, 0, 30));
        rac_regimen_add(&regimen, rac_dose_mark(1.4, 0, RAC_DOSE_PAUSE));
        rac_regimen_add(&regimen, rac_dose_mark(1.7, 0, RAC_DOSE_RESUME));
        rac_regimen_add(&regimen, rac_dose_rate(2.5, 0, 12));
        rac_regimen_add(&regimen, rac_dose_mark(4, 0, RAC_DOSE_STOP));
        return regimen;
    }
    for (int r = 0; r < c->repeats; r++)
        for (int i = 0; i < c->inputs; i++) {
            const reference_input *in = &c->input[i];
            const double start_h = in->start_h + r * c->every_h, length_h = in->end_h - in->start_h;
            rac_regimen_add(&regimen, length_h > 0
                                          ? rac_dose_infusion(start_h, 0, in->rate * length_h, length_h)
                                          : rac_dose_bolus(start_h, 0, in->rate));
        }
    return regimen;
}

static void take(void *context, const rac_population_tile *tile)
{
    double *values = context;
    for (size_t i = 0; i < tile->times * tile->outputs; i++)
        values[i] = tile->values[i * RAC_TILE];
}

static double over_peak(const reference_case *c, const double *values, const double *truth)
{
    double worst = 0;
    for (int o = 0; o < c->outputs; o++) {
        double peak = 0, error = 0;
        for (int i = o; i < c->times * c->outputs; i += c->outputs) {
            peak = fmax(peak, fabs(truth[i]));
            error = fmax(error, fabs(values[i] - truth[i]));
        }
        worst = fmax(worst, error / peak);
    }
    return worst;
}

/* At 1e-11 the difference is the reference's own error, up to 5e-11 of the peak; at the tolerance a
 * population has unless it says otherwise, 2e-8. */
static void compare(rac_arena *arena, const reference_case *c, bool together)
{
    double times_h[VALUES_MAX], truth[VALUES_MAX], values[VALUES_MAX];
    read_answers(read_data(arena, c->name, "csv"), c, times_h, truth);
    const rac_model *model = read_model(arena, read_data(arena, c->name, "yaml"), c->name);
    const rac_regimen regimen = regimen_of(arena, c);
    const double weight[] = {70};
    rac_population p = {.model = model,
                        .subjects = 1,
                        .typical = true,
                        .regimen = &regimen,
                        .times_h = times_h,
                        .times = (size_t)c->times,
                        .constants = weight,
                        .together = together};
    const double tolerances[] = {1e-11, 0}, allowed[] = {2e-10, 2e-8};
    for (int t = 0; t < 2; t++) {
        size_t failed = 0;
        rac_error err = {0};
        p.tolerance = tolerances[t];
        check_ok(rac_population_run(arena, &p, take, values, &failed, &err));
        assert_int_equal(failed, 0);
        const double error = over_peak(c, values, truth);
        if (!(error <= allowed[t]))
            print_message("# %s, %s, tolerance %g: %g\n", c->name, together ? "steps" : "fastest",
                          tolerances[t], error);
        assert_true(error <= allowed[t]);
    }
}

static void each_case(bool together)
{
    for (int k = 0; k < REFERENCE_CASE_COUNT; k++) {
        rac_arena *arena = rac_arena_new();
        compare(arena, &REFERENCE_CASES[k], together);
        rac_arena_free(arena);
    }
}

static void test_pharma_reference__steps_agree_with_cvodes(void **state)
{
    (void)state;
    each_case(true);
}

static void test_pharma_reference__the_way_the_program_chooses_agrees_with_cvodes(void **state)
{
    (void)state;
    each_case(false);
}

RAC_TESTS(cmocka_unit_test(test_pharma_reference__steps_agree_with_cvodes),
          cmocka_unit_test(test_pharma_reference__the_way_the_program_chooses_agrees_with_cvodes))
