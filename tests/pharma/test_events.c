/* Event tables: what each column does, and every fault at its row and column. */
#include "check.h"

#include "pharma/shipped.h"
#include "racemate/pharma/events.h"

typedef struct fixture {
    rac_arena *arena;
    rac_model *model;
    rac_problems problems;
    rac_events events;
} fixture;

static const char MODEL[] =
    "model: one\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
    "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"
    "parameters: {V: 10 L * (weight / 70 kg), k: 0.5 /h, ka: 1.5 /h, D: 2 h}\n"
    "flows: {gut -> a: ka, a -> out: k}\nroutes: {iv: a, oral: gut, slow: {to: a, duration: D}}\n"
    "outputs: {c: a / V, g: gut / V}\n";

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->model = read_model(f->arena, MODEL, "one");
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

static rac_status read_table(fixture *f, const char *text)
{
    f->problems = rac_problems_init(f->arena);
    return rac_events_read(f->arena, rac_text_of(text), "data.csv", f->model, &f->events, &f->problems);
}

static void test_pharma_events__a_table_becomes_regimens_and_samples(void **state)
{
    fixture *f = *state;
    assert_int_equal(read_table(f, "id,TIME,AMT,RATE,EVID,CMT,DV,MDV,ADDL,II,SS,WEIGHT\n"
                                   "1,0,35,52.5,1,1,.,1,.,.,.,70\n"
                                   "1,0.5,.,.,0,1,0.12,0,.,.,.,70\n"
                                   "1,2,.,.,0,2,0.03,0,.,.,.,72\n"
                                   "2,0,100,0,1,2,.,1,3,12,1,.\n"
                                   "2,1,.,.,2,.,.,1,.,.,.,80\n"
                                   "2,3,50,-2,4,3,.,1,.,.,.,80\n"),
                     RAC_INVALID);
    assert_int_equal(f->problems.count, 1); /* the first row of subject 2 has no weight */
    assert_int_equal(f->problems.items[0].line, 5);
    check_contains(f->problems.items[0].message, "has no weight");
    assert_int_equal(f->events.count, 2);
    const rac_events_subject *one = &f->events.subjects[0], *two = &f->events.subjects[1];
    assert_int_equal(one->sample_count, 2);
    assert_int_equal(one->samples[1].output, 1);
    assert_int_equal(one->samples[1].row, 3);
    check_near(one->samples[0].value, 0.12, 0, 0);
    assert_int_equal(one->epochs, 2);
    check_near(one->epoch_h[1], 2, 0, 0);
    check_near(one->constants[1], 72, 0, 0);
    assert_int_equal(one->regimen.items[0].kind, RAC_DOSE_INFUSION);
    check_near(one->regimen.items[0].rate_mg_per_h, 52.5, 0, 0);
    assert_int_equal(two->regimen.count, 4); /* dose, other, reset, dose */
    assert_int_equal(two->regimen.items[0].route, 1);
    assert_int_equal(two->regimen.items[0].additional, 3);
    assert_int_equal(two->regimen.items[0].steady, RAC_STEADY_REPLACE);
    assert_int_equal(two->regimen.items[2].kind, RAC_DOSE_RESET);
    assert_int_equal(two->regimen.items[3].route, 2);
    assert_false(two->samples[0].measured);
}

static void keep(void *context, const rac_population_tile *tile)
{
    double *values = context;
    for (size_t i = 0; i < tile->times * tile->outputs; i++)
        values[i] = tile->values[i * RAC_TILE];
}

/* The answer at each sample, against the closed form: a bolus of 20, seen just before and after the second
 * one. */
static void test_pharma_events__a_subject_is_simulated_at_its_samples(void **state)
{
    fixture *f = *state;
    assert_int_equal(
        read_table(
            f, "ID,TIME,AMT,DV,weight\n1,0,20,.,70\n1,1,.,1.2,70\n1,2,.,0.7,70\n1,2,20,.,70\n1,2,.,2.7,70\n"),
        RAC_OK);
    const rac_events_subject *s = &f->events.subjects[0];
    const rac_population population = {.model = f->model,
                                       .subjects = 1,
                                       .regimen = &s->regimen,
                                       .epochs = s->epochs,
                                       .epoch_h = s->epoch_h,
                                       .constants = s->constants,
                                       .typical = true};
    double values[6];
    size_t failed;
    rac_error err = {0};
    check_ok(rac_population_run(f->arena, &population, keep, values, &failed, &err));
    check_near(values[0], 2 * exp(-0.5), 0, 1e-13);
    check_near(values[2], 2 * exp(-1.0), 0, 1e-13);
    check_near(values[4], 2 * exp(-1.0) + 2, 0, 1e-13);
}

static void refuse(fixture *f, const char *rows, int line, const char *words)
{
    const char *text = rac_format(f->arena, "ID,TIME,AMT,RATE,EVID,CMT,DV,MDV,ADDL,II,SS,weight\n%s", rows);
    assert_int_not_equal(read_table(f, text), RAC_OK);
    assert_int_equal(f->problems.items[0].line, line);
    assert_true(f->problems.items[0].column > 0);
    check_contains(f->problems.items[0].message, words);
}

static void test_pharma_events__every_fault_has_its_place(void **state)
{
    fixture *f = *state;
    refuse(f, "1,0,x,.,1,1,.,1,.,.,.,70\n", 2, "'x' is not a number");
    refuse(f, "1,0,10,.,1,1,.,1,.,.,.,70\n1,1,.,.,0,1,BLQ,0,.,.,.,70\n", 3, "'BLQ' is not a number");
    refuse(f, "1,0,10,.,1,1,.,1,.,.,.,70\n1,1,.,.,0,1,.,0,.,.,.,70\n", 3, "a sample without a value");
    refuse(f, "1,0,.,.,1,1,.,1,.,.,.,70\n", 2, "a dose without an amount");
    refuse(f, "1,0,10,.,1,1,.,1,3,.,.,70\n", 2, "without the interval II");
    refuse(f, "1,0,10,.,7,1,.,1,.,.,.,70\n", 2, "EVID is 7");
    refuse(f, "1,0,10,-3,1,1,.,1,.,.,.,70\n", 2, "RATE is -3");
    refuse(f, "1,0,10,-2,1,1,.,1,.,.,.,70\n", 2, "has no duration of its own");
    refuse(f, "1,0,10,.,1,9,.,1,.,.,.,70\n", 2, "CMT is 9, the model has 3 routes");
    refuse(f, "1,1,10,.,1,1,.,1,.,.,.,70\n1,0,10,.,1,1,.,1,.,.,.,70\n", 3, "TIME falls from 1 to 0");
    refuse(f, "1,0,10,.,1,1,.,1,.,.,.,70\n2,0,10,.,1,1,.,1,.,.,.,70\n1,1,10,.,1,1,.,1,.,.,.,70\n", 4,
           "comes back");
    refuse(f, "1,.,10,.,1,1,.,1,.,.,.,70\n", 2, "without TIME");
    refuse(f, "1,0,10,.,0,1,5,0,.,.,.,70\n", 2, "a sample with an amount");
    refuse(f, "1,0,10,.,3,1,.,1,.,.,.,70\n", 2, "a reset has no amount");
    refuse(f, "1,0,10,.,2,1,.,1,.,.,.,70\n", 2, "EVID is 2");
    refuse(f, "1,0,10,.,1,1,5,0,.,.,.,70\n", 2, "a dose with a value");
    refuse(f, "1,0,10,.,1,1,.,1,.,.,.,-70\n", 2, "weight is -70 kg, which cannot be");
    refuse(f, "1,0,10,.,1,1,.,1,.,.,.,0\n", 2, "weight is 0 kg, which cannot be");
    refuse(f, "1,1e300,10,.,1,1,.,1,.,.,.,70\n", 2, "TIME is 1e+300");
    refuse(f, "A,0,10,.,1,1,.,1,.,.,.,70\n", 2, "'A' is not a number");
    assert_int_equal(f->problems.count, 1); /* and not that there is no ID */
    assert_int_not_equal(read_table(f, "ID,TIME,AMT\n1,0,10\n"), RAC_OK);
    check_contains(f->problems.items[0].message, "covariate weight");
    assert_int_not_equal(read_table(f, "ID,AMT,weight\n1,10,70\n"), RAC_OK);
    check_contains(f->problems.items[0].message, "no column TIME");
    assert_int_not_equal(read_table(f, "ID,TIEM,AMT,weight\n1,0,10,70\n"), RAC_OK);
    check_contains(f->problems.items[0].hint, "'TIEM'");
    assert_int_not_equal(read_table(f, "ID;TIME;AMT;weight\n1;0;10;70\n"), RAC_OK);
    check_contains(f->problems.items[0].message, "apart by commas, here by ';'");
    assert_int_equal(f->problems.count, 1);
    assert_int_not_equal(read_table(f, ""), RAC_OK);
    check_contains(f->problems.items[0].message, "empty");
    assert_int_not_equal(read_table(f, "ID,TIME,AMT,SS,weight\n1,0,10,1,70\n"), RAC_OK);
    assert_int_equal(f->problems.items[0].column, 8); /* SS, which asks for II */
}

/* A wrong unit or column is a fault in every row of a table of any length: some are told, and no more. */
static void test_pharma_events__a_fault_in_every_row_is_told_a_hundred_times(void **state)
{
    fixture *f = *state;
    enum { ROWS = 5000 };
    char *text = rac_many(f->arena, char, ROWS * 16 + 100);
    size_t size = (size_t)sprintf(text, "ID,TIME,AMT,DV,weight\n");
    for (int i = 0; i < ROWS; i++)
        size += (size_t)sprintf(text + size, "1,%d,.,BLQ,70\n", i);
    assert_int_not_equal(read_table(f, text), RAC_OK);
    assert_int_equal(f->problems.count, 100);
    check_contains(f->problems.items[99].hint, "the rows below were not looked at");
}

static char *read_file(rac_arena *arena, const char *name)
{
    const char *root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/tests/data/events/%s", root ? root : ".", name), "rb");
    assert_non_null(file);
    char *text = rac_many(arena, char, 1 << 16);
    const size_t size = fread(text, 1, (1 << 16) - 1, file);
    fclose(file);
    assert_true(size > 0);
    return text;
}

/* Sixty random histories against a second implementation (tests/data/events/histories.py): all EVID, SS 1 and
 * 2, also shorter than the infusion, ADDL, RATE -1 and -2, lags, routes of two parts, resets within all of
 * these, events at one time.  Answers are stored with 12 digits; their own error is 1e-11 of the peak. */
static void test_pharma_events__random_histories_agree_with_a_second_implementation(void **state)
{
    fixture *f = *state;
    f->model = read_model(f->arena, read_file(f->arena, "histories.yaml"), "histories");
    assert_int_equal(read_table(f, read_file(f->arena, "histories.csv")), RAC_OK);
    assert_int_equal(f->events.count, 60);
    const char *answers = read_file(f->arena, "answers.csv");
    answers = strchr(answers, '\n') + 1;
    for (size_t i = 0; i < f->events.count; i++) {
        const rac_events_subject *s = &f->events.subjects[i];
        const rac_population population = {.model = f->model,
                                           .subjects = 1,
                                           .regimen = &s->regimen,
                                           .epochs = s->epochs,
                                           .epoch_h = s->epoch_h,
                                           .constants = s->constants,
                                           .typical = true};
        double *values = rac_many(f->arena, double, 2 * s->sample_count),
               *wanted = rac_many(f->arena, double, 2 * s->sample_count), peak = 1e-9;
        size_t failed;
        rac_error err = {0};
        check_ok(rac_population_run(f->arena, &population, keep, values, &failed, &err));
        assert_int_equal(failed, 0);
        for (size_t k = 0; k < s->sample_count; k++) {
            double id, time_h;
            assert_int_equal(
                sscanf(answers, "%lf,%lf,%lf,%lf", &id, &time_h, &wanted[2 * k], &wanted[2 * k + 1]), 4);
            check_near(id, s->id, 0, 0);
            check_near(time_h, s->samples[k].time_h, 1e-9, 0);
            peak = fmax(peak, fmax(wanted[2 * k], wanted[2 * k + 1]));
            answers = strchr(answers, '\n') + 1;
        }
        for (size_t k = 0; k < 2 * s->sample_count; k++)
            check_near(values[k], wanted[k], 2e-11 * peak, 0);
    }
}

/* Values below quantification, occasions in the order of their numbers' appearance, and a pump whose drug is
 * split over two parts of a route. */
static void test_pharma_events__limits_occasions_and_split_routes(void **state)
{
    fixture *f = *state;
    f->model = read_model(
        f->arena,
        "model: two\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\nparameters: {k: 0.5 /h}\n"
        "flows: {a -> out: k, b -> out: k}\n"
        "routes: {iv: [{to: a, fraction: 0.5}, {to: b, fraction: 0.5}], one: {to: a, fraction: 0.5}}\n"
        "outputs: {c: a}\n",
        "two");
    assert_int_equal(read_table(f, "ID,TIME,AMT,RATE,CMT,DV,BLQ,MDV,OCC\n1,0,35,52.5,1,.,.,.,8\n"
                                   "1,1,.,.,1,0.01,1,0,.\n1,2,.,.,1,0.01,1,1,.\n1,84,35,52.5,2,.,.,.,9\n"
                                   "1,85,.,.,1,0.4,0,0,8\n"),
                     RAC_OK);
    const rac_events_subject *s = &f->events.subjects[0];
    check_near(s->regimen.items[0].duration_h, 35 / 52.5, 0, 0);
    check_near(s->regimen.items[0].rate_mg_per_h, 0, 0, 0);
    check_near(s->regimen.items[3].rate_mg_per_h, 52.5, 0, 0);
    assert_true(s->samples[0].measured && s->samples[0].below);
    assert_false(s->samples[1].measured || s->samples[1].below);
    assert_false(s->samples[2].below);
    assert_int_equal(s->epochs, 3);
    assert_int_equal(s->occasion[0], 0);
    assert_int_equal(s->occasion[1], 1);
    assert_int_equal(s->occasion[2], 0);
    assert_int_not_equal(read_table(f, "ID,TIME,AMT,DV,BLQ\n1,0,5,.,.\n1,1,.,.,1\n1,2,.,0,1\n1,3,.,1,2\n"),
                         RAC_OK);
    assert_int_equal(f->problems.count, 3);
    check_contains(f->problems.items[0].message, "a sample without a value");
    check_contains(f->problems.items[1].message, "DV is the limit of quantification");
    check_contains(f->problems.items[2].message, "BLQ is 2");
    assert_int_not_equal(read_table(f, "ID,TIME,AMT,OCC\n1,0,5,.\n1,1,5,1.5\n"), RAC_OK);
    check_contains(f->problems.items[0].message, "has no OCC");
    check_contains(f->problems.items[1].message, "OCC is 1.5");
}

static void test_pharma_events__routes_and_outputs_go_by_name(void **state)
{
    fixture *f = *state;
    assert_int_equal(
        read_table(f, "ID,TIME,AMT,CMT,DVID,DV,SEX,weight,Site\n1,0,10,oral,.,.,f,70,x\n1,1,.,g,.,3,f,70,x\n"
                      "1,2,.,.,g,2,f,70,x\n1,3,.,1,2,1,f,70,x\n1,4,.,.,.,1,f,70,x\n"),
        RAC_OK);
    const rac_events_subject *s = &f->events.subjects[0];
    assert_int_equal(s->regimen.items[0].route, 1);
    const int outputs[] = {1, 1, 1, 0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(s->samples[i].output, outputs[i]);
    assert_string_equal(f->events.unread, "SEX, Site");
    refuse(f, "1,0,10,.,1,mouth,.,1,.,.,.,70\n", 2, "'mouth' is no route of the model: iv, oral, slow");
    refuse(f, "1,1,.,.,0,iv,2,0,.,.,.,70\n", 2, "'iv' is no output of the model: c, g");
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_events__##name, open_fixture, close_fixture)
RAC_TESTS(T(a_table_becomes_regimens_and_samples), T(a_subject_is_simulated_at_its_samples),
          T(every_fault_has_its_place), T(a_fault_in_every_row_is_told_a_hundred_times),
          T(random_histories_agree_with_a_second_implementation), T(limits_occasions_and_split_routes),
          T(routes_and_outputs_go_by_name))
