/* A controller that does nothing is the plain run; one that acts is the regimen it leaves behind; and what
 * only a controller can do, judged by closed forms. */
#include "check.h"

#include "pharma/shipped.h"

enum { TIMES = 241 };

typedef struct fixture {
    rac_arena *arena;
    double times_h[TIMES], weight[1];
} fixture;

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->weight[0] = 71.4;
    for (int i = 0; i < TIMES; i++)
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

/* The plain run of one subject of a population, times x outputs. */
static void copy_first(void *context, const rac_population_tile *tile)
{
    double *to = context;
    assert_int_equal(tile->failed, 0);
    for (size_t i = 0; i < tile->times * tile->outputs; i++)
        to[i] = tile->values[i * RAC_TILE];
}

static double *plain(fixture *f, const rac_model *model, const rac_regimen *regimen, uint64_t subject)
{
    rac_error err = {0};
    size_t failed;
    double *values = rac_many(f->arena, double, TIMES *rac_model_outputs(model));
    const rac_population population = {.model = model,
                                       .seed = 9,
                                       .first_subject = subject,
                                       .subjects = 1,
                                       .regimen = regimen,
                                       .times_h = f->times_h,
                                       .times = TIMES,
                                       .constants = f->weight};
    check_ok(rac_population_run(f->arena, &population, copy_first, values, &failed, &err));
    return values;
}

static rac_control_request request_of(fixture *f, const rac_model *model, const rac_regimen *regimen,
                                      uint64_t subject)
{
    return (rac_control_request){.model = model,
                                 .covariates = f->weight,
                                 .seed = 9,
                                 .subject = subject,
                                 .regimen = regimen,
                                 .until_h = f->times_h[TIMES - 1],
                                 .times_h = f->times_h,
                                 .times = TIMES};
}

/* Largest difference of each output, as a share of its largest value. */
static double distance(const double *a, const double *b, size_t outputs)
{
    double worst = 0;
    for (size_t o = 0; o < outputs; o++) {
        double most = 0, off = 0;
        for (size_t t = 0; t < TIMES; t++) {
            most = fmax(most, fabs(b[t * outputs + o]));
            off = fmax(off, fabs(a[t * outputs + o] - b[t * outputs + o]));
        }
        assert_true(most > 0);
        worst = fmax(worst, off / most);
    }
    return worst;
}

typedef struct idle {
    double every_h;
} idle;

static rac_status do_nothing(void *context, rac_control_turn *now, rac_error *err)
{
    (void)err;
    now->next_h = now->time_h + ((const idle *)context)->every_h;
    return RAC_OK;
}

/* 1e-13: some hundred products, each right to 1e-15 of the largest amount. */
static const double exact = 1e-13;

static void test_pharma_controller__doing_nothing_is_the_plain_run(void **state)
{
    fixture *f = *state;
    static const char *const models[] = {"racemic-arterial", "racemic-venous", "clements-1981",
                                         "domino-1984"};
    const double pace_h[] = {1 / 60.0, 2.385 / 60, 0.7};
    for (size_t m = 0; m < 4; m++) {
        rac_error err = {0};
        const rac_model *model = shipped_model(f->arena, models[m]);
        rac_regimen regimen = rac_regimen_new(f->arena);
        rac_dose dose = rac_dose_infusion(0.1, 0, 0.5, 40 / 60.0);
        dose.per_kg = true;
        rac_regimen_add(&regimen, dose);
        rac_regimen_add(&regimen, rac_dose_bolus(2.2222, 0, 7));
        const double *expected = plain(f, model, &regimen, 5);
        for (size_t p = 0; p < 3; p++) {
            idle pace = {pace_h[p]};
            rac_control_request request = request_of(f, model, &regimen, 5);
            rac_control_run run;
            request.controller = do_nothing;
            request.context = &pace;
            check_ok(rac_pharma_control(f->arena, &request, &run, &err));
            check_near(distance(run.values, expected, rac_model_outputs(model)), 0, exact, 0);
            assert_int_equal(run.given.count, 2);
            check_near((double)run.decisions, floor(4 / pace_h[p]) + 1, 1, 0);
        }
    }
}

/* The buttons of a pump, pressed at decisions. */
typedef struct button {
    double time_h;
    rac_dose_kind kind;
    double rate_mg_per_h;
} button;

static const button buttons[] = {{0, RAC_DOSE_RATE, 53.55},    {0.35, RAC_DOSE_PAUSE, 0},
                                 {0.4385, RAC_DOSE_RESUME, 0}, {0.6, RAC_DOSE_RATE, 40.1},
                                 {0.75, RAC_DOSE_PAUSE, 0},    {0.9, RAC_DOSE_RATE, 61},
                                 {0.95, RAC_DOSE_RESUME, 0},   {1.2, RAC_DOSE_STOP, 0}};
enum { BUTTONS = sizeof buttons / sizeof *buttons };

static rac_dose pressed(const button *b)
{
    return b->kind == RAC_DOSE_RATE ? rac_dose_rate(b->time_h, 0, b->rate_mg_per_h)
                                    : rac_dose_mark(b->time_h, 0, b->kind);
}

static rac_status press_next(void *context, rac_control_turn *now, rac_error *err)
{
    size_t *at = context;
    (void)err;
    rac_regimen_add(now->orders, pressed(&buttons[*at]));
    if (++*at < BUTTONS)
        now->next_h = buttons[*at].time_h;
    return RAC_OK;
}

static void test_pharma_controller__holding_and_resuming_is_the_written_regimen(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const rac_model *model = shipped_model(f->arena, "racemic-arterial");
    rac_regimen written = rac_regimen_new(f->arena);
    for (size_t i = 0; i < BUTTONS; i++)
        rac_regimen_add(&written, pressed(&buttons[i]));
    size_t at = 0;
    rac_control_request request = request_of(f, model, NULL, 3);
    rac_control_run run;
    request.controller = press_next;
    request.context = &at;
    check_ok(rac_pharma_control(f->arena, &request, &run, &err));
    assert_int_equal(run.decisions, BUTTONS);
    check_near(distance(run.values, plain(f, model, &written, 3), rac_model_outputs(model)), 0, exact, 0);
}

/* Orders for later, changed before they act: an infusion of 40 min held at 10, its rest given from 30 at half
 * the rate. */
static rac_status change_mind(void *context, rac_control_turn *now, rac_error *err)
{
    int *visits = context;
    (void)err;
    switch ((*visits)++) {
    case 0:
        rac_regimen_add(now->orders, rac_dose_infusion(0, 0, 36, 40 / 60.0));
        rac_regimen_add(now->orders, rac_dose_bolus(1, 0, 4));
        now->next_h = 10 / 60.0;
        break;
    case 1:
        rac_regimen_add(now->orders, rac_dose_mark(10 / 60.0, 0, RAC_DOSE_PAUSE));
        rac_regimen_add(now->orders, rac_dose_mark(30 / 60.0, 0, RAC_DOSE_RESUME));
        rac_regimen_add(now->orders, rac_dose_rate(30 / 60.0, 0, 27));
        break;
    }
    return RAC_OK;
}

static void test_pharma_controller__later_orders_change_what_earlier_ones_owe(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const rac_model *model = shipped_model(f->arena, "racemic-venous");
    rac_regimen written = rac_regimen_new(f->arena);
    rac_regimen_add(&written, rac_dose_infusion(0, 0, 9, 10 / 60.0));
    rac_regimen_add(&written, rac_dose_infusion(0.5, 0, 27, 1));
    rac_regimen_add(&written, rac_dose_bolus(1, 0, 4));
    int visits = 0;
    rac_control_request request = request_of(f, model, NULL, 0);
    rac_control_run run;
    request.controller = change_mind;
    request.context = &visits;
    check_ok(rac_pharma_control(f->arena, &request, &run, &err));
    assert_int_equal(visits, 2);
    check_near(distance(run.values, plain(f, model, &written, 0), rac_model_outputs(model)), 0, exact, 0);
}

static void test_pharma_controller__a_reset_now_forgets_what_arrives_now(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const rac_model *model = shipped_model(f->arena, "clements-1981");
    rac_regimen written = rac_regimen_new(f->arena);
    rac_regimen_add(&written, rac_dose_bolus(0, 0, 20));
    rac_regimen_add(&written, rac_dose_bolus(1, 0, 20));
    rac_regimen_add(&written, rac_dose_mark(1, 0, RAC_DOSE_RESET));
    rac_regimen_add(&written, rac_dose_bolus(1, 0, 5));
    rac_control_request request = request_of(f, model, &written, 1);
    rac_control_run run;
    check_ok(rac_pharma_control(f->arena, &request, &run, &err));
    assert_int_equal(run.decisions, 0);
    const double *expected = plain(f, model, &written, 1);
    check_near(distance(run.values, expected, rac_model_outputs(model)), 0, exact, 0);
    assert_true(run.values[60 * rac_model_outputs(model)] < 0.5 * run.values[0]);
}

/* One compartment with V = 10 L and CL = 5 L/h, so k = 0.5 per h.  The infusion of 100 mg/h is held whenever
 * the concentration has reached 4 mg/L and resumed when it has fallen to 3: rises and falls have closed
 * forms, t_up = log((20 - 3) / (20 - 4)) / k,     t_down = log(4 / 3) / k,      100 / CL = 20 mg/L at the
 * plateau, and the decision names the moment itself, so the limits are met exactly. */
static const char tank[] = "model: tank\n"
                           "title: one compartment\nsubstance: x\nsampling: x\npopulation: none\n"
                           "source: doi:10.1000/none\n"
                           "units: {time: h, amount: mg, volume: L}\n"
                           "parameters: {V: 10 L, CL: 5 L/h}\n"
                           "flows: {central -> out: CL / V}\n"
                           "routes: {vein: central}\n"
                           "outputs: {drug: central / V}\n";

typedef struct thermostat {
    bool open;
    double seen[64], at_h[64];
    size_t count;
} thermostat;

static rac_status keep_between(void *context, rac_control_turn *now, rac_error *err)
{
    thermostat *t = context;
    (void)err;
    const double c = now->outputs[0];
    t->seen[t->count] = c;
    t->at_h[t->count++] = now->time_h;
    rac_regimen_add(now->orders, rac_dose_rate(now->time_h, 0, t->open ? 0 : 100));
    t->open = !t->open;
    now->next_h = now->time_h + (t->open ? log((20 - c) / (20 - 4)) : log(c / 3)) / 0.5;
    return RAC_OK;
}

static void test_pharma_controller__holds_at_a_limit_and_resumes(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    thermostat t = {0};
    rac_control_run run;
    const rac_control_request request = {.model = read_model(f->arena, tank, "tank"),
                                         .typical = true,
                                         .until_h = 10,
                                         .controller = keep_between,
                                         .context = &t};
    check_ok(rac_pharma_control(f->arena, &request, &run, &err));
    const double up_h = log(17.0 / 16) / 0.5, down_h = log(4.0 / 3) / 0.5;
    assert_true(t.count > 20);
    for (size_t i = 1; i < t.count; i++) {
        check_near(t.seen[i], i % 2 ? 4 : 3, 1e-12, 0);
        if (i > 1)
            check_near(t.at_h[i] - t.at_h[i - 1], i % 2 ? up_h : down_h, 1e-12, 0);
    }
}

/* Holds at a predicted limit of a drawn subject: no two subjects are held alike, and each has the same bits
 * alone or in a stream. */
static rac_status hold_above(void *context, rac_control_turn *now, rac_error *err)
{
    bool *held = context;
    (void)err;
    if (now->time_h <= 0)
        rac_regimen_add(now->orders, rac_dose_infusion(0, 0, 36, 40 / 60.0));
    const bool high = now->outputs[0] > (*held ? 0.18 : 0.22);
    if (high != *held)
        rac_regimen_add(now->orders, rac_dose_mark(now->time_h, 0, high ? RAC_DOSE_PAUSE : RAC_DOSE_RESUME));
    *held = high;
    now->next_h = now->time_h + 1 / 60.0;
    return RAC_OK;
}

static rac_control_run held_run(fixture *f, const rac_model *model, uint64_t subject)
{
    rac_error err = {0};
    bool held = false;
    rac_control_run run;
    rac_control_request request = request_of(f, model, NULL, subject);
    request.controller = hold_above;
    request.context = &held;
    check_ok(rac_pharma_control(f->arena, &request, &run, &err));
    return run;
}

static void test_pharma_controller__a_subject_is_the_same_alone_and_in_a_stream(void **state)
{
    fixture *f = *state;
    const rac_model *model = shipped_model(f->arena, "racemic-arterial");
    const size_t outputs = rac_model_outputs(model);
    const rac_control_run alone = held_run(f, model, 17);
    size_t different = 0;
    for (uint64_t i = 0; i < 20; i++) {
        const rac_control_run run = held_run(f, model, i);
        const bool same = memcmp(run.values, alone.values, sizeof(double) * TIMES * outputs) == 0;
        assert_true(same == (i == 17));
        different += run.given.count != alone.given.count;
        for (size_t t = 0; t < TIMES; t++)
            assert_true(run.values[t * outputs] <
                        0.22 + 0.03); /* overshoots by less than a minute of infusion */
        check_near(distance(run.values, plain(f, model, &run.given, i), outputs), 0, exact, 0);
    }
    assert_true(different > 0);
}

/* A state that is not linear cannot be carried by propagators. */
static const char curved[] =
    "model: curved\n"
    "title: a state that is not linear\nsubstance: x\nsampling: x\npopulation: none\n"
    "source: doi:10.1000/none\n"
    "units: {time: h, amount: mg, volume: L}\n"
    "covariates: {weight: {unit: kg, range: [40, 160]}}\n"
    "parameters: {V: 10 L, CL: 5 L/h, k: 1 / (1 h), half: 2 mg/L}\n"
    "flows: {central -> out: CL / V}\n"
    "equations: {effect: {unit: 1, rate: k * (central / V / (half + central / V) - effect)}}\n"
    "routes: {vein: central}\n"
    "outputs: {seen: effect}\n";

static rac_status into_the_past(void *context, rac_control_turn *now, rac_error *err)
{
    const int *what = context;
    (void)err;
    if (now->time_h > 0 && *what == 0)
        rac_regimen_add(now->orders, rac_dose_bolus(now->time_h - 0.1, 0, 1));
    if (*what == 1)
        now->next_h = now->time_h;
    else if (*what == 2)
        rac_regimen_add(
            now->orders,
            (rac_dose){.kind = RAC_DOSE_INFUSION, .rate_mg_per_h = 10, .steady = RAC_STEADY_REPLACE});
    else if (*what == 3)
        return rac_fail(err, RAC_REFUSED, "the controller does not know");
    else
        now->next_h = now->time_h + 0.5;
    return RAC_OK;
}

static void test_pharma_controller__refuses_what_cannot_be(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_control_run run;
    int what = 0;
    rac_control_request request = {.model = read_model(f->arena, tank, "tank"),
                                   .typical = true,
                                   .until_h = 2,
                                   .controller = into_the_past,
                                   .context = &what};
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_INVALID);
    check_contains(err.message, "before now");
    what = 1;
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_INVALID);
    check_contains(err.message, "as the next");
    what = 2;
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_UNSUPPORTED);
    what = 3;
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_REFUSED);
    request.controller = NULL;
    request.until_h = -1;
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_INVALID);
    request.until_h = 2;
    const double outside[] = {1, 3};
    request.times_h = outside;
    request.times = 2;
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_INVALID);
    check_contains(err.message, "outside");
    rac_regimen wrong = rac_regimen_new(f->arena);
    rac_regimen_add(&wrong, rac_dose_bolus(0, 4, 1));
    request.times = 0;
    request.regimen = &wrong;
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_INVALID);
    const double nobody[] = {NAN};
    request = request_of(f, shipped_model(f->arena, "racemic-arterial"), NULL, 0);
    request.covariates = nobody;
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_INVALID);
    request.model = shipped_model(f->arena, "zhao-2012");
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_REFUSED);
    request.model = read_model(f->arena, curved, "curved");
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_UNSUPPORTED);
}

#define CASE(name) \
    cmocka_unit_test_setup_teardown(test_pharma_controller__##name, open_fixture, close_fixture)

RAC_TESTS(CASE(doing_nothing_is_the_plain_run), CASE(holding_and_resuming_is_the_written_regimen),
          CASE(later_orders_change_what_earlier_ones_owe), CASE(a_reset_now_forgets_what_arrives_now),
          CASE(holds_at_a_limit_and_resumes), CASE(a_subject_is_the_same_alone_and_in_a_stream),
          CASE(refuses_what_cannot_be))
