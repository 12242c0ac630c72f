/* A virtual session is a session of `care`; the population it makes is held against what was published. */
#include "virtual_fixture.h"

/* ---- the file ---- */

static size_t read_changed(fixture *f, const char *from, const char *to, rac_problems *problems)
{
    const rac_text whole = file_of(f->arena, "patients/virtual-adult.yaml");
    char *text = rac_text_copy(f->arena, whole);
    char *at = strstr(text, from);
    assert_non_null(at);
    *at = '\0';
    const char *changed = rac_format(f->arena, "%s%s%s", text, to, at + strlen(from));
    rac_virtual_patient patient;
    *problems = rac_problems_init(f->arena);
    const rac_status status =
        rac_virtual_read(f->arena, rac_text_of(changed), "changed.yaml", &patient, problems);
    assert_true((status == RAC_OK) == (problems->count == 0));
    return problems->count;
}

static void test_study_virtual__every_number_says_where_it_comes_from(void **state)
{
    fixture *f = *state;
    rac_problems problems;
    size_t sourced = 0;
    for (int i = 0; i < RAC_VIRTUAL_NUMBERS; i++) {
        assert_true(!f->patient.number[i].source != !f->patient.number[i].assumption);
        sourced += f->patient.number[i].source != NULL;
    }
    assert_true(sourced >= 8);
    assert_int_equal(read_changed(f, "weight_sd: {value: 18 kg, assumption: \"as weight_mean\"}",
                                  "weight_sd: {value: 18 kg}", &problems),
                     1);
    check_contains(problems.items[0].message, "neither a source nor an assumption");
    assert_int_equal(read_changed(f, "assumption: \"as weight_mean\"",
                                  "assumption: \"a\", source: \"doi:10.1000/x\"", &problems),
                     1);
    check_contains(problems.items[0].message, "both");
    assert_int_equal(read_changed(f, "assumption: \"as weight_mean\"", "source: \"a book\"", &problems), 1);
    check_contains(problems.items[0].message, "no address");
    assert_int_equal(read_changed(f, "sbp_rise: {value: 7.4 mmHg", "sbp_rise: {value: 7.4", &problems), 1);
    assert_int_equal(read_changed(f, "sbp_rise: {value: 7.4 mmHg", "sbp_rise: {value: 7.4 kg", &problems), 1);
    assert_int_equal(read_changed(f, "sbp_rise: {value: 7.4 mmHg", "sbp_rise: {value: -7.4 mmHg", &problems),
                     1);
    assert_int_equal(read_changed(f, "weight_mean: {value: 80 kg", "weight_mean: {value: 30 kg", &problems),
                     1);
    check_contains(problems.items[0].message, "outside");
    assert_int_equal(read_changed(f, "  reaction:", "  reactoin:", &problems), 1); /* and it is named */
    check_contains(problems.items[0].hint, "reaction");
}

/* ---- a session is a session of care ---- */

static const rac_event *events_of(fixture *f, uint64_t subject, rac_virtual_outcome *outcome)
{
    rac_error err = {0};
    const rac_event *events = NULL;
    check_ok(rac_virtual_session(f->arena, &f->clinic, 1, subject, outcome, NULL, &events, &err));
    return events;
}

/* The record folds to the outcome; every announcement is given again when the engine replays it. */
static void test_study_virtual__the_record_folds_and_replays(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_fact fact;
    const rac_facts facts = facts_of(f, &fact);
    size_t folded = 0, announced = 0;
    set(f, RAC_VIRTUAL_SBP_MEAN, 150); /* so that many are held */
    for (uint64_t i = 0; i < 30; i++) {
        rac_virtual_outcome o;
        const rac_event *events = events_of(f, i, &o);
        rac_session session;
        check_ok(rac_session_fold(f->arena, f->protocol, &facts, events, o.events, &session, &err));
        assert_int_equal(o.deviations, 0);
        assert_int_equal(session.deviation_count, 0);
        if (o.end != RAC_VIRTUAL_DISCHARGED)
            continue;
        folded++;
        assert_int_equal(session.state, RAC_STATE_DISCHARGED);
        rac_decimal volume, amount;
        rac_session_delivered(&session, session.over_at, &volume, &amount);
        check_near(rac_decimal_double(amount), o.given_mg, 0, 0);
        for (size_t k = 0; k < o.events;
             k++) { /* what the engine would say at that moment, knowing what it knew */
            if (events[k].kind != RAC_EVENT_ANNOUNCED)
                continue;
            size_t known = k, due_count;
            while (known > 0 && events[known - 1].kind == RAC_EVENT_ANNOUNCED &&
                   events[known - 1].at.ms == events[k].at.ms)
                known--;
            rac_event *due;
            check_ok(rac_session_fold(f->arena, f->protocol, &facts, events, known, &session, &err));
            const rac_moment moment = {f->protocol, &session, &facts, events[k].at, 0, 0};
            check_ok(rac_alarms_due(f->arena, &moment, events, known, &due, &due_count, &err));
            bool said = false;
            for (size_t d = 0; d < due_count; d++)
                said |= strcmp(due[d].name, events[k].name) == 0 && strcmp(due[d].text, events[k].text) == 0;
            assert_true(said);
            announced++;
        }
    }
    assert_true(folded > 10 && announced > 5);
}

/* The concentration the clinic saw is that of a plain run of what its pump gave. */
static void copy_driver(void *context, const rac_population_tile *tile)
{
    double *to = context;
    for (size_t t = 0; t < tile->times; t++)
        to[t] = tile->values[t * tile->outputs * RAC_TILE];
}

enum { MINUTES = 181 };

typedef struct seen {
    double concentration[MINUTES], sbp[MINUTES], reading_sbp[MINUTES], reading_dbp[MINUTES];
    unsigned char state[MINUTES];
} seen;

static rac_virtual_curves curves_of(seen *s)
{
    return (rac_virtual_curves){MINUTES, s->concentration, s->sbp, s->reading_sbp, s->reading_dbp, s->state};
}

static void test_study_virtual__a_hold_is_what_the_pump_gave_and_the_protocol_said(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    size_t held = 0;
    make_uniform(f);
    for (uint64_t subject = 0; subject < 12; subject++) {
        seen s;
        rac_virtual_curves curves = curves_of(&s);
        rac_virtual_outcome o;
        const rac_event *events;
        check_ok(rac_virtual_session(f->arena, &f->clinic, 4, subject, &o, &curves, &events, &err));
        rac_regimen regimen = rac_regimen_new(f->arena);
        int64_t start_ms = -1, held_ms = 0;
        double last_sbp = NAN, first_high_min = NAN;
        for (size_t i = 0; i < o.events; i++) {
            if (events[i].kind == RAC_EVENT_STARTED)
                start_ms = events[i].at.ms;
            const double minute = (double)(events[i].at.ms - start_ms) / 60000;
            const double mg_per_h = rac_decimal_double(events[i].rate_ml_per_h) * o.planned_mg / 50;
            if (events[i].kind == RAC_EVENT_STARTED || events[i].kind == RAC_EVENT_RESUMED)
                rac_regimen_add(&regimen, rac_dose_rate(minute / 60, 0, mg_per_h));
            if (events[i].kind == RAC_EVENT_PAUSED || events[i].kind == RAC_EVENT_STOPPED)
                rac_regimen_add(&regimen, rac_dose_rate(minute / 60, 0, 0));
            if (events[i].kind == RAC_EVENT_READING && start_ms >= 0)
                for (size_t k = 0; k < events[i].reading_count; k++)
                    if (events[i].readings[k].kind == RAC_READING_SBP)
                        last_sbp = events[i].readings[k].value;
            if (last_sbp >= 165 && isnan(first_high_min))
                first_high_min = minute;
            if (events[i].kind == RAC_EVENT_PAUSED) {
                held_ms = events[i].at.ms;
                assert_true(last_sbp >= 165); /* the hold limit */
            }
            if (events[i].kind == RAC_EVENT_RESUMED) {
                assert_true(last_sbp < 160); /* its clear rule: limit - 5 */
                const double minutes = (double)(events[i].at.ms - held_ms) / 60000;
                check_near(fmod(minutes, number(f, RAC_VIRTUAL_REPEAT_CUFF)), number(f, RAC_VIRTUAL_REACTION),
                           1e-9, 0);
            }
        }
        if (o.holds) {
            held++;
            assert_true(o.given_mg <= o.planned_mg + 1e-9);
            assert_int_equal(o.holds_for_pressure, o.holds);
        }
        double times_h[MINUTES], plain[MINUTES];
        size_t failed;
        for (int m = 0; m < MINUTES; m++)
            times_h[m] = m / 60.0;
        const double weight = 70;
        const rac_population population = {.model = f->model,
                                           .seed = 4,
                                           .first_subject = subject,
                                           .subjects = 1,
                                           .regimen = &regimen,
                                           .times_h = times_h,
                                           .times = MINUTES,
                                           .constants = &weight};
        check_ok(rac_population_run(f->arena, &population, copy_driver, plain, &failed, &err));
        for (int m = 0; m < MINUTES; m++) {
            check_near(s.concentration[m], plain[m], 1e-13, 0);
            const double expected = 152 + 20 * plain[m] / f->clinic.reference;
            check_near(s.sbp[m], expected, 1e-9, 0);
            if (!isnan(s.reading_sbp[m]))
                check_near(s.reading_sbp[m], expected, 0.5 + 1e-9, 0); /* whole mmHg */
        }
    }
    assert_true(held >= 6);
}

static void test_study_virtual__a_patient_is_the_same_alone_and_under_another_protocol(void **state)
{
    fixture *f = *state;
    rac_virtual_outcome first, again, slow;
    (void)events_of(f, 7, &first);
    (void)events_of(f, 3, &again);
    (void)events_of(f, 7, &again);
    check_near(again.given_mg, first.given_mg, 0, 0);
    check_near(again.peak[0], first.peak[0], 0, 0);
    assert_int_equal(again.events, first.events);
    f->protocol = protocol_of(f->arena, "depression-iv-slow-100min.yaml");
    reopen(f);
    (void)events_of(f, 7, &slow);
    check_near(slow.weight_kg, first.weight_kg, 0, 0);
    for (int c = 0; c < RAC_VIRTUAL_CUFFS; c++)
        check_near(slow.baseline[c], first.baseline[c], 0, 0);
    assert_true(slow.drug_min > first.drug_min + 50);
}

/* Changing one number of the file changes what it says and nothing else. */
static void test_study_virtual__one_number_changes_one_thing(void **state)
{
    fixture *f = *state;
    rac_virtual_outcome as_it_is[40], changed;
    for (uint64_t i = 0; i < 40; i++)
        (void)events_of(f, i, &as_it_is[i]);
    set(f, RAC_VIRTUAL_WEIGHT_MEAN, 90);
    set(f, RAC_VIRTUAL_AGE_MEAN, 60);
    reopen(f);
    for (uint64_t i = 0; i < 40; i++) {
        (void)events_of(f, i, &changed);
        assert_true(changed.weight_kg > as_it_is[i].weight_kg && changed.age_year > as_it_is[i].age_year);
        assert_true(changed.weight_kg <= number(f, RAC_VIRTUAL_WEIGHT_MAX));
        for (int c = 0; c < RAC_VIRTUAL_CUFFS; c++)
            if (!isnan(changed.baseline[c]) && !isnan(as_it_is[i].baseline[c]))
                check_near(changed.baseline[c], as_it_is[i].baseline[c], 0, 0);
    }
    set(f, RAC_VIRTUAL_SBP_MEAN, 80); /* impossible together: the nearest possible pair */
    set(f, RAC_VIRTUAL_SBP_SD, 0);
    set(f, RAC_VIRTUAL_DBP_MEAN, 130);
    set(f, RAC_VIRTUAL_DBP_SD, 0);
    set(f, RAC_VIRTUAL_SBP_READING_SD, 0);
    set(f, RAC_VIRTUAL_DBP_READING_SD, 0);
    reopen(f);
    (void)events_of(f, 1, &changed);
    check_near(changed.baseline[0], 80, 0, 0);
    check_near(changed.baseline[1], 60, 0, 0);
}

static void test_study_virtual__refusals_of_the_clinic_are_outcomes(void **state)
{
    fixture *f = *state;
    rac_virtual_outcome o;
    make_uniform(f);
    set(f, RAC_VIRTUAL_WEIGHT_MEAN, 120); /* 60 mg at 50 mg/mL do not fit the protocol's 1 mL draw syringe */
    reopen(f);
    (void)events_of(f, 0, &o);
    assert_int_equal(o.end, RAC_VIRTUAL_NO_PLAN);
    assert_string_equal(o.why, "G10");
    check_contains(o.reason, "draw syringe");
    assert_true(isnan(o.given_mg));
    set(f, RAC_VIRTUAL_WEIGHT_MEAN, 70);
    set(f, RAC_VIRTUAL_SBP_MEAN, 161);
    reopen(f);
    (void)events_of(f, 0, &o);
    assert_int_equal(o.end, RAC_VIRTUAL_NOT_STARTED);
    assert_string_equal(o.why, "pressure");
    set(f, RAC_VIRTUAL_SBP_MEAN, 120);
    set(f, RAC_VIRTUAL_FASTING, 1);
    reopen(f);
    (void)events_of(f, 0, &o);
    assert_string_equal(o.why, "fasting");
    set(f, RAC_VIRTUAL_FASTING, 6);
    f->patient.fact_count = 0; /* unknown never passes */
    reopen(f);
    (void)events_of(f, 0, &o);
    assert_string_equal(o.why, "pregnancy");
}

static void test_study_virtual__refuses_what_does_not_fit_together(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_problems problems = rac_problems_init(f->arena);
    const rac_protocol *draft = NULL;
    const char *name = "depression-iv-standard.yaml";
    rac_model *other = NULL;
    assert_int_equal(rac_protocol_read(f->arena, file_of(f->arena, "protocols/depression-iv-standard.yaml"),
                                       name, &draft, &problems),
                     RAC_OK);
    check_status(rac_virtual_open(f->arena, &f->patient, draft, f->model, &f->clinic, &err), RAC_REFUSED);
    assert_int_equal(rac_model_read(f->arena, file_of(f->arena, "models/otto-2021-s-ketamine.yaml"), "otto",
                                    &other, &problems),
                     RAC_OK);
    check_status(rac_virtual_open(f->arena, &f->patient, f->protocol, other, &f->clinic, &err), RAC_INVALID);
    check_contains(err.message, "S-ketamine");
    f->patient.driver = "dreams";
    check_status(rac_virtual_open(f->arena, &f->patient, f->protocol, f->model, &f->clinic, &err),
                 RAC_INVALID);
    check_contains(err.message, "dreams");
    assert_int_equal(
        rac_model_read(f->arena, file_of(f->arena, "models/zhao-2012.yaml"), "zhao", &other, &problems),
        RAC_OK);
    check_status(rac_virtual_open(f->arena, &f->patient, f->protocol, other, &f->clinic, &err), RAC_REFUSED);
}

/* ---- against what was published ---- */

typedef struct population {
    size_t started;
    double sbp[MINUTES], sbp_sq[MINUTES],
        dbp[MINUTES]; /* sums of readings less the baseline, at minutes read */
    size_t read[MINUTES];
    double largest_sbp, largest_dbp; /* sums of the largest change of any reading until leaving */
    double rise_40;                  /* sum of true rises at 40 min */
    double peak[RAC_VIRTUAL_CUFFS];
} population;

static population population_of(fixture *f, size_t patients)
{
    population p = {0};
    rac_error err = {0};
    for (size_t i = 0; i < patients; i++) {
        rac_arena *arena = rac_arena_new();
        seen s;
        rac_virtual_curves curves = curves_of(&s);
        rac_virtual_outcome o;
        check_ok(rac_virtual_session(arena, &f->clinic, 20, i, &o, &curves, NULL, &err));
        rac_arena_free(arena);
        if (o.end != RAC_VIRTUAL_DISCHARGED)
            continue;
        p.started++;
        double most_sbp = -INFINITY, most_dbp = -INFINITY;
        for (int m = 1; m < MINUTES; m++) {
            if (isnan(s.reading_sbp[m]))
                continue;
            const double sbp = s.reading_sbp[m] - o.baseline[0], dbp = s.reading_dbp[m] - o.baseline[1];
            p.sbp[m] += sbp;
            p.sbp_sq[m] += sbp * sbp;
            p.dbp[m] += dbp;
            p.read[m]++;
            most_sbp = fmax(most_sbp, sbp);
            most_dbp = fmax(most_dbp, dbp);
        }
        p.largest_sbp += most_sbp;
        p.largest_dbp += most_dbp;
        p.rise_40 += s.sbp[40] - s.sbp[0];
        for (int c = 0; c < RAC_VIRTUAL_CUFFS; c++)
            p.peak[c] += o.peak_rise[c];
    }
    return p;
}

static double mean_sbp(const population *p, int minute)
{
    assert_true(p->read[minute] > 0);
    return p->sbp[minute] / (double)p->read[minute];
}

static double sd_sbp(const population *p, int minute)
{
    const double n = (double)p->read[minute], mean = mean_sbp(p, minute);
    return sqrt((p->sbp_sq[minute] - n * mean * mean) / (n - 1));
}

/* Nobody sent home for a high reading: the start list would take the regression to the mean away. */
static void without_selection(fixture *f)
{
    set(f, RAC_VIRTUAL_SBP_MEAN, 115);
    set(f, RAC_VIRTUAL_DBP_MEAN, 68);
    set(f, RAC_VIRTUAL_SBP_SD, 8);
    set(f, RAC_VIRTUAL_DBP_SD, 5);
    set(f, RAC_VIRTUAL_WEIGHT_MAX, 100);
    reopen(f);
}

/* Three claims about one population of 600.
 *
 * 741 infusions (the cohort the mean rise is taken from): largest mean +7.4/+6.0 mmHg, at 30 to 40 min.  What
 * is not put in: that a population whose levels vary gives that mean back, and when it is largest.  Standard
 * error of the mean true rise 4.4 / sqrt(600) = 0.18, of the mean reading sqrt(4.4^2 + 2 x 4.2^2) / sqrt(600)
 * = 0.30; four of them are allowed, and 0.1 for levels whose mean is not the typical one.
 *
 * 684 infusions (Emory): +3.28 at 30 min; 2342 (Yale): +16.0 at 40 min.  One clinic cannot be all three; the
 * cohort taken lies between them, and so must the readings.
 *
 * Pooled peak change of a meta-analysis (Vankawala 2021): +12.61 (10.40 to 14.82), +8.49 (6.89 to 10.09)
 * mmHg, +4.09 (0.55 to 7.63) a minute.  Mean and spread of the rise and the error of reading were taken from
 * other sources, so the largest reading of each patient is a check (but for the heart rate's error, which was
 * chosen by it).  The systolic one comes out at the lower end: the 741 infusions rise less than the pooled
 * studies.  Allowed beyond the interval: four Monte Carlo errors, 4 x 6.6 / sqrt(600) = 1.1. */
static void test_study_virtual__rises_are_the_published_ones(void **state)
{
    fixture *f = *state;
    without_selection(f);
    const population p = population_of(f, 600);
    const double n = (double)p.started;
    check_near(p.rise_40 / n, 7.4, 0.1 + 4 * 0.18, 0);
    check_near(mean_sbp(&p, 40), 7.4, 0.1 + 4 * 0.30, 0);
    check_near(p.dbp[40] / (double)p.read[40], 6.0, 0.1 + 4 * 0.26, 0);
    assert_true(mean_sbp(&p, 10) < mean_sbp(&p, 30) && mean_sbp(&p, 55) < mean_sbp(&p, 30));
    assert_true(mean_sbp(&p, 30) > 0.75 * mean_sbp(&p, 40)); /* "at 30 to 40 min" */
    /* Back at the baseline within 90 min of the end (Szarmach 2020); the last reading here is at 100 min. */
    assert_true(mean_sbp(&p, 100) < 3);

    assert_true(mean_sbp(&p, 30) > 3.28 && mean_sbp(&p, 40) < 16.0);

    assert_true(p.peak[0] / n > 10.40 - 1.1 && p.peak[0] / n < 14.82);
    assert_true(p.peak[1] / n > 6.89 && p.peak[1] / n < 10.09);
    assert_true(p.peak[2] / n > 0.55 && p.peak[2] / n < 7.63);
}

/* Without drug effect the largest of the readings still rises: by chance alone.  Placebo arm of the
 * esketamine pool (Doherty 2020, read in a reworded copy, so 1 mmHg is allowed): mean largest change
 * +6.1/+4.9 mmHg within 1.5 h. Nothing was chosen by it: the errors of reading are those of three readings in
 * a row in other people. */
static void test_study_virtual__without_drug_the_largest_reading_is_that_of_placebo(void **state)
{
    fixture *f = *state;
    without_selection(f);
    set(f, RAC_VIRTUAL_SBP_RISE, 0);
    set(f, RAC_VIRTUAL_DBP_RISE, 0);
    set(f, RAC_VIRTUAL_HR_RISE, 0);
    const population p = population_of(f, 400);
    check_near(p.largest_sbp / (double)p.started, 6.1, 1, 0);
    check_near(p.largest_dbp / (double)p.started, 4.9, 1, 0);
    check_near(mean_sbp(&p, 40), 0, 4 * sqrt(2) * 4.2 / sqrt(400), 0);
}

/* With Yale's mean rise the spread of the change at 40 min is Yale's: 16.0, sd 11.2.  The spread between
 * people was derived from it without drug levels that vary.  15 %: the standard error of the spread of 600
 * log-normal rises is 5 %. */
static void test_study_virtual__spread_is_that_of_2342_infusions(void **state)
{
    fixture *f = *state;
    f->protocol = protocol_without_holds(f->arena); /* a hold would cut the highest */
    without_selection(f);
    set(f, RAC_VIRTUAL_SBP_RISE, 16.0);
    reopen(f);
    const population p = population_of(f, 600);
    check_near(mean_sbp(&p, 40), 16.0, 4 * 11.2 / sqrt(600), 0);
    check_near(sd_sbp(&p, 40), 11.2, 0, 0.15);
}

/* ---- many ---- */

static rac_virtual_figure figure(const rac_virtual_figure *figures, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(figures[i].key, key) == 0)
            return figures[i];
    fail();
    return figures[0];
}

static void test_study_virtual__figures_are_means_with_their_errors(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_virtual_outcome a[4] = {{.end = RAC_VIRTUAL_DISCHARGED,
                                 .given_mg = 30,
                                 .planned_mg = 40,
                                 .weight_kg = 80,
                                 .holds = 2,
                                 .holds_for_pressure = 1,
                                 .held_min = 12,
                                 .drug_min = 52,
                                 .ready_min = 112},
                                {.end = RAC_VIRTUAL_DISCHARGED,
                                 .given_mg = 40,
                                 .planned_mg = 40,
                                 .weight_kg = 80,
                                 .drug_min = 40,
                                 .ready_min = 100},
                                {.end = RAC_VIRTUAL_NO_PLAN, .given_mg = NAN, .ready_min = NAN},
                                {.end = RAC_VIRTUAL_STILL_HERE,
                                 .given_mg = 20,
                                 .planned_mg = 40,
                                 .weight_kg = 80,
                                 .stopped_early = true,
                                 .drug_min = 20,
                                 .ready_min = NAN}};
    rac_virtual_outcome b[4];
    memcpy(b, a, sizeof b);
    b[0].given_mg = 36;
    b[1].given_mg = 38;
    b[3].end = RAC_VIRTUAL_NOT_STARTED;
    rac_virtual_figure *figures, *difference;
    size_t count;
    check_ok(rac_virtual_summarise(f->arena, a, 4, &figures, &count, &err));
    check_near(figure(figures, count, "no_plan").value, 25, 0, 0);
    assert_true(figure(figures, count, "no_plan").share && !figure(figures, count, "given_percent").share);
    check_near(figure(figures, count, "held_for_pressure").value, 100 / 3.0, 1e-12, 0);
    check_near(figure(figures, count, "given_mg").value, 30, 1e-12, 0);
    check_near(figure(figures, count, "given_mg").error, 10 / sqrt(3), 1e-12, 0);
    check_near(figure(figures, count, "hold_min").value, 12, 0, 0);
    assert_int_equal(figure(figures, count, "hold_min").patients, 1);
    assert_true(isnan(figure(figures, count, "hold_min").error)); /* one patient has no error */
    check_near(figure(figures, count, "chair_min").value, 106, 1e-12, 0);
    check_near(figure(figures, count, "recovery_min").value, 60, 1e-12, 0);
    check_ok(rac_virtual_compare(f->arena, a, b, 4, &difference, &count, &err));
    const rac_virtual_figure given = figure(difference, count, "given_mg");
    assert_int_equal(given.patients, 2); /* started under both */
    check_near(given.value, 2, 1e-12, 0);
    check_near(given.error, 4, 1e-12, 0); /* 6 and -2: sd sqrt(32), over sqrt(2) */
    check_near(figure(difference, count, "not_started").value, 25, 1e-12, 0);
    check_status(rac_virtual_summarise(f->arena, a, 0, &figures, &count, &err), RAC_INVALID);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_study_virtual__##name, open_fixture, close_fixture)

RAC_TESTS(CASE(every_number_says_where_it_comes_from), CASE(the_record_folds_and_replays),
          CASE(a_hold_is_what_the_pump_gave_and_the_protocol_said),
          CASE(a_patient_is_the_same_alone_and_under_another_protocol), CASE(one_number_changes_one_thing),
          CASE(refusals_of_the_clinic_are_outcomes), CASE(refuses_what_does_not_fit_together),
          CASE(rises_are_the_published_ones), CASE(without_drug_the_largest_reading_is_that_of_placebo),
          CASE(spread_is_that_of_2342_infusions), CASE(figures_are_means_with_their_errors))
