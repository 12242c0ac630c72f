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

/* ---- equations that are not linear ---- */

/* A drug that is given by mouth, through a lag, and into a vein; its elimination saturates; an effect and the
 * tolerance to it follow.  `exact` says in linear equations what `hidden` says so that nobody can see it. */
static const char curved[] =
    "model: curved\n"
    "title: states that are not linear\nsubstance: x\nsampling: x\npopulation: none\n"
    "source: doi:10.1000/none\n"
    "units: {time: h, amount: mg, volume: L}\n"
    "covariates: {weight: {unit: kg, range: [40, 160]}}\n"
    "parameters: {V: 30 L * (weight / 70 kg), Vm: 20 mg/h, Km: 0.4 mg/L, ka: 2 /h, F: 0.6, lag: 0.21 h, ke: "
    "6 /h,\n"
    "  zero: 0 L/mg/h, kt: 0.5 /h, half: 0.2 mg/L, k0: 0.3 /h}\n"
    "variability:\n  - {of: V, cv: 30 %}\n  - {of: Vm, cv: 50 %}\n  - {of: ke, cv: 50 %}\n"
    "flows: {gut -> out: ka, twin -> out: k0}\n"
    "equations:\n"
    "  drug: {unit: mg, rate: ka * gut - Vm * drug / V / (Km + drug / V)}\n"
    "  effect: {unit: mg/L, rate: ke * (drug / V / (1 + tired) - effect)}\n"
    "  tired: {unit: 1, rate: kt * (effect / (half + effect) - tired), start: 0.1}\n"
    "  hidden: {unit: mg/L, rate: ke * (twin / V - hidden) + zero * hidden * hidden}\n"
    "  exact: {unit: mg/L, rate: ke * (twin / V - exact)}\n"
    "routes: {vein: [{to: drug}, {to: twin}], mouth: {to: gut, fraction: F, lag: lag}}\n"
    "outputs: {drug: drug / V, effect: effect, tired: tired, hidden: hidden, exact: exact}\n";

/* The largest value of each output, of which the tolerance is 1e-8: what errors of steps add up to. */
static const double integrated = 3e-8;

static void test_pharma_controller__equations_are_carried_from_decision_to_decision(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const rac_model *model = read_model(f->arena, curved, "curved");
    const size_t outputs = rac_model_outputs(model);
    rac_regimen regimen = rac_regimen_new(f->arena);
    rac_dose dose = rac_dose_infusion(0.1, 0, 0.5, 40 / 60.0);
    dose.per_kg = true;
    rac_regimen_add(&regimen, dose);
    rac_regimen_add(&regimen, rac_dose_bolus(0.3, 1, 50)); /* arrives at 0.51 */
    rac_regimen_add(&regimen, rac_dose_mark(0.4385, 0, RAC_DOSE_PAUSE));
    rac_regimen_add(&regimen, rac_dose_mark(0.6, 0, RAC_DOSE_RESUME));
    rac_regimen_add(&regimen, rac_dose_bolus(2.2222, 0, 7));
    rac_regimen_add(&regimen, rac_dose_infusion(2.5, 0, 30, 1));
    rac_regimen_add(&regimen, rac_dose_bolus(2.8, 1, 50));            /* on its way at */
    rac_regimen_add(&regimen, rac_dose_mark(2.9, 0, RAC_DOSE_RESET)); /* which is within the infusion */
    rac_regimen_add(&regimen, rac_dose_infusion(3.1, 0, 20, 0.5));
    const double pace_h[] = {1 / 60.0, 2.385 / 60, 0.7, 10};
    for (uint64_t subject = 0; subject < 4; subject++) {
        const double *expected = plain(f, model, &regimen, subject);
        for (size_t t = 177; t < 186; t++) {            /* a time each minute: 2.95 to 3.1 h */
            assert_true(expected[t * outputs] == 0);    /* the infusion and the swallowed dose have ended */
            assert_true(expected[t * outputs + 2] > 0); /* while this began anew */
        }
        for (size_t p = 0; p < 4; p++) {
            idle pace = {pace_h[p]};
            rac_control_request request = request_of(f, model, &regimen, subject);
            rac_control_run run;
            request.controller = do_nothing;
            request.context = &pace;
            check_ok(rac_pharma_control(f->arena, &request, &run, &err));
            check_near(distance(run.values, expected, outputs), 0, integrated, 0);
            for (size_t t = 0; t < TIMES; t++)
                check_near(run.values[t * outputs + 3], run.values[t * outputs + 4], integrated * 2, 0);
        }
    }
}

/* Holds while the effect, a state, is above its limit, and resumes when it has fallen. */
static rac_status hold_by_effect(void *context, rac_control_turn *now, rac_error *err)
{
    bool *held = context;
    (void)err;
    if (now->time_h <= 0)
        rac_regimen_add(now->orders, rac_dose_infusion(0, 0, 36, 40 / 60.0));
    const bool high = now->outputs[1] > (*held ? 0.15 : 0.25);
    if (high != *held)
        rac_regimen_add(now->orders, rac_dose_mark(now->time_h, 0, high ? RAC_DOSE_PAUSE : RAC_DOSE_RESUME));
    *held = high;
    now->next_h = now->time_h + 1 / 60.0;
    return RAC_OK;
}

static void test_pharma_controller__holds_by_a_simulated_effect(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const rac_model *model = read_model(f->arena, curved, "curved");
    const size_t outputs = rac_model_outputs(model);
    size_t pressed_most = 0;
    for (uint64_t subject = 0; subject < 12; subject++) {
        bool held = false;
        rac_control_run run;
        rac_control_request request = request_of(f, model, NULL, subject);
        request.controller = hold_by_effect;
        request.context = &held;
        check_ok(rac_pharma_control(f->arena, &request, &run, &err));
        pressed_most = run.given.count > pressed_most ? run.given.count : pressed_most;
        rac_regimen unheld = rac_regimen_new(f->arena);
        rac_regimen_add(&unheld, rac_dose_infusion(0, 0, 36, 40 / 60.0));
        const double *without = plain(f, model, &unheld, subject);
        double most = 0, most_without = 0;
        for (size_t t = 0; t < TIMES; t++) {
            most = fmax(most, run.values[t * outputs + 1]);
            most_without = fmax(most_without, without[t * outputs + 1]);
        }
        assert_true(run.given.count > 1 ? most < 0.95 * most_without : most_without < 0.26);
        check_near(distance(run.values, plain(f, model, &run.given, subject), outputs), 0, integrated, 0);
    }
    assert_true(pressed_most >= 5); /* held, resumed, held, resumed */
}

/* y' = y^2 from 1 ends at 1 h. */
static void test_pharma_controller__says_when_equations_have_no_answer(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_control_run run;
    const char *text = rac_format(
        f->arena, "%s%s", "model: up\ntitle: t\nsubstance: x\nsampling: x\npopulation: none\nsource: none\n",
        "units: {time: h, amount: mg, volume: L}\nparameters: {per: 1 /h, k: 1 /h}\nflows: {a -> out: k}\n"
        "equations: {y: {unit: 1, rate: per * y * y, start: 1}}\nroutes: {iv: a}\noutputs: {y: y}\n");
    idle pace = {0.25};
    const double at_h[] = {0.5};
    rac_control_request request = {.model = read_model(f->arena, text, "up"),
                                   .typical = true,
                                   .until_h = 2,
                                   .controller = do_nothing,
                                   .context = &pace,
                                   .times_h = at_h,
                                   .times = 1};
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_NOT_CONVERGED);
    check_contains(err.message, "equations");
    request.until_h = 0.5;
    check_ok(rac_pharma_control(f->arena, &request, &run, &err));
    check_near(run.values[0], 2, 0, 3e-8);
}

/* Linear amounts with a start stay on the exact path, also after a reset. */
static void test_pharma_controller__what_begins_somewhere_is_exact(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    const rac_model *model = read_model(
        f->arena,
        "model: begun\ntitle: t\nsubstance: x\nsampling: x\npopulation: none\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\ncovariates: {weight: {unit: kg, range: [40, 160]}}\n"
        "parameters: {V: 10 L, k: 0.5 /h, ke: 2 /h, e0: 3 mg/L}\nflows: {a -> out: k}\n"
        "equations: {e: {unit: mg/L, rate: ke * (a / V - e), start: e0}}\n"
        "routes: {iv: a}\noutputs: {e: e, c: a / V}\n",
        "begun");
    rac_regimen regimen = rac_regimen_new(f->arena);
    rac_regimen_add(&regimen, rac_dose_infusion(1, 0, 35, 2));
    rac_regimen_add(&regimen, rac_dose_mark(2, 0, RAC_DOSE_RESET));
    rac_regimen_add(&regimen, rac_dose_bolus(2.5, 0, 10));
    idle pace = {0.1};
    rac_control_request request = request_of(f, model, &regimen, 0);
    rac_control_run run;
    request.controller = do_nothing;
    request.context = &pace;
    check_ok(rac_pharma_control(f->arena, &request, &run, &err));
    check_near(run.values[0], 3, 0, 0);
    check_near(distance(run.values, plain(f, model, &regimen, 0), 2), 0, exact, 0);
}

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
    request = request_of(f, read_model(f->arena, curved, "curved"), NULL, 0);
    request.tolerance = 1e-15;
    check_status(rac_pharma_control(f->arena, &request, &run, &err), RAC_INVALID);
    check_contains(err.message, "tolerance");
}

#define CASE(name) \
    cmocka_unit_test_setup_teardown(test_pharma_controller__##name, open_fixture, close_fixture)

RAC_TESTS(CASE(doing_nothing_is_the_plain_run), CASE(holding_and_resuming_is_the_written_regimen),
          CASE(later_orders_change_what_earlier_ones_owe), CASE(a_reset_now_forgets_what_arrives_now),
          CASE(holds_at_a_limit_and_resumes), CASE(a_subject_is_the_same_alone_and_in_a_stream),
          CASE(equations_are_carried_from_decision_to_decision), CASE(holds_by_a_simulated_effect),
          CASE(says_when_equations_have_no_answer), CASE(what_begins_somewhere_is_exact),
          CASE(refuses_what_cannot_be))
