/* A virtual course is a course of `care`: session after session in one simulated time, doses by the
 * protocol's steps, and scores that give back the published numbers put in, and some that were not. */
#include "virtual_fixture.h"

#include "study/virtual_course.h"
#include "study/virtual_score.h"

static void use(fixture *f, const char *protocol)
{
    f->protocol = protocol_of(f->arena, protocol);
    reopen(f);
}

static void set_course(fixture *f, rac_virtual_course_name name, double value)
{
    f->patient.course[name].value = value;
}

/* Nobody leaves, nobody gets better, and an asking says what is. */
static void make_steady(fixture *f)
{
    static const struct {
        rac_virtual_course_name name;
        double value;
    } values[] = {{RAC_VIRTUAL_SCORE_SD, 0},         {RAC_VIRTUAL_SCORE_READING_SD, 0},
                  {RAC_VIRTUAL_IMPROVEMENT_MEAN, 0}, {RAC_VIRTUAL_IMPROVEMENT_SD, 0},
                  {RAC_VIRTUAL_LEAVE_FIRST, 0},      {RAC_VIRTUAL_LEAVE_LATER, 0}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        set_course(f, values[i].name, values[i].value);
}

static rac_virtual_schedule schedule_of(fixture *f, double every_days, int infusions)
{
    rac_error err = {0};
    rac_virtual_schedule schedule;
    check_ok(rac_virtual_schedule_of(&f->clinic, every_days, infusions, &schedule, &err));
    return schedule;
}

static rac_virtual_course course_of(fixture *f, const rac_virtual_schedule *schedule, uint64_t seed,
                                    uint64_t subject)
{
    rac_error err = {0};
    rac_virtual_course course = {.visits = rac_many(f->arena, rac_virtual_visited, schedule->visits)};
    check_ok(rac_virtual_course_run(f->arena, &f->clinic, schedule, seed, subject, &course, &err));
    return course;
}

/* ---- the file ---- */

static size_t read_changed(fixture *f, const char *from, const char *to, rac_virtual_patient *patient,
                           rac_problems *problems)
{
    char *text = rac_text_copy(f->arena, file_of(f->arena, "patients/virtual-adult.yaml"));
    char *at = strstr(text, from);
    assert_non_null(at);
    *at = '\0';
    *problems = rac_problems_init(f->arena);
    (void)rac_virtual_read(f->arena, rac_text_of(rac_format(f->arena, "%s%s%s", text, to, at + strlen(from))),
                           "x.yaml", patient, problems);
    return problems->count;
}

static void test_study_virtual_course__numbers_say_where_they_come_from(void **state)
{
    fixture *f = *state;
    rac_virtual_patient patient;
    rac_problems problems;
    size_t sourced = 0;
    for (int i = 0; i < RAC_VIRTUAL_COURSE_NUMBERS; i++) {
        assert_true(!f->patient.course[i].source != !f->patient.course[i].assumption);
        sourced += f->patient.course[i].source != NULL;
    }
    assert_true(sourced >= 6);
    assert_int_equal(read_changed(f, "full_after: {value: 6, source", "full_after: {value: 6, assumption",
                                  &patient, &problems),
                     0);
    assert_int_equal(read_changed(f, "score_sd: {value: 4.5, assumption: \"as score_mean\"}",
                                  "score_sd: {value: 4.5}", &patient, &problems),
                     1);
    check_contains(problems.items[0].message, "neither a source nor an assumption");
    assert_int_equal(read_changed(f, "score_min: {value: 10,", "score_min: {value: 18,", &patient, &problems),
                     1);
    check_contains(problems.items[0].message, "score_mean is 17, below score_min, 18");
    assert_int_equal(read_changed(f, "    leave_later:", "    leave_latr:", &patient, &problems), 1);
    check_contains(problems.items[0].hint, "leave_later");
    /* A file without a course serves for one session, and says so when more is wanted. */
    const char *whole = rac_text_copy(f->arena, file_of(f->arena, "patients/virtual-adult.yaml"));
    assert_int_equal(read_changed(f, strstr(whole, "\ncourse:\n"), "\n", &patient, &problems), 0);
    assert_null(patient.scale);
    f->patient = patient;
    reopen(f);
    rac_virtual_schedule schedule;
    rac_error err = {0};
    check_status(rac_virtual_schedule_of(&f->clinic, 0, 0, &schedule, &err), RAC_INVALID);
    check_contains(err.message, "has no course of PHQ-9");
}

/* ---- when ---- */

static void test_study_virtual_course__appointments_follow_the_protocol(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *protocol;
        double days;
        int infusions, least;
        size_t visits;
    } rows[] = {{"depression-iv-standard.yaml", 5, 8, 6, 8}, /* 6 in 3 weeks, 8 in 5: days 0, 5, ..., 35 */
                {"depression-iv-step-up.yaml", 3, 4, 4, 5},  /* 4 in 1 to 2 weeks, 2 to 4 days apart */
                {"depression-iv-slow-100min.yaml", 4, 3, 3, 4}}; /* 3 in 1 to 2 weeks, 2 to 7 days apart */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        use(f, rows[i].protocol);
        const rac_virtual_schedule s = schedule_of(f, 0, 0);
        check_near(s.every_days, rows[i].days, 0, 0);
        assert_int_equal(s.infusions, rows[i].infusions);
        assert_int_equal(s.least, rows[i].least);
        assert_int_equal(s.visits, rows[i].visits);
    }
    use(f, "depression-iv-standard.yaml");
    assert_int_equal(schedule_of(f, 0, 3).least, 3);
    assert_int_equal(schedule_of(f, 7, 0).visits, 8); /* five weeks hold six, the course eight */
    rac_virtual_schedule s;
    rac_error err = {0};
    check_status(rac_virtual_schedule_of(&f->clinic, 1, 0, &s, &err), RAC_INVALID);
    check_contains(err.message, "1 days between infusions");
    f->patient.scale = "MADRS";
    check_status(rac_virtual_schedule_of(&f->clinic, 0, 0, &s, &err), RAC_INVALID);
}

/* ---- a course is a course of care ---- */

static void test_study_virtual_course__the_first_session_is_that_of_one_session(void **state)
{
    fixture *f = *state;
    const rac_virtual_schedule schedule = schedule_of(f, 0, 2);
    rac_error err = {0};
    for (uint64_t i = 0; i < 12; i++) {
        const rac_virtual_course course = course_of(f, &schedule, 3, i);
        rac_virtual_outcome alone;
        check_ok(rac_virtual_session(f->arena, &f->clinic, 3, i, &alone, NULL, NULL, &err));
        const rac_virtual_outcome *first = &course.visits[0].session;
        assert_int_equal(first->end, alone.end);
        assert_int_equal(first->events, alone.events);
        assert_int_equal(first->holds, alone.holds);
        const double a[] = {first->given_mg, first->drug_min,     first->ready_min, first->baseline[0],
                            first->peak[0],  first->peak_rise[1], first->weight_kg};
        const double b[] = {alone.given_mg, alone.drug_min,     alone.ready_min, alone.baseline[0],
                            alone.peak[0],  alone.peak_rise[1], alone.weight_kg};
        for (size_t k = 0; k < sizeof a / sizeof *a; k++)
            assert_true(a[k] == b[k] || (isnan(a[k]) && isnan(b[k])));
    }
}

/* What the engine says again at each announcement of a record, knowing what it knew. */
static size_t replay(fixture *f, const rac_facts *facts, const rac_event *events, size_t count)
{
    rac_error err = {0};
    size_t announced = 0;
    for (size_t k = 0; k < count; k++) {
        if (events[k].kind != RAC_EVENT_ANNOUNCED)
            continue;
        size_t known = k, due_count;
        while (known > 0 && events[known - 1].kind == RAC_EVENT_ANNOUNCED &&
               events[known - 1].at.ms == events[k].at.ms)
            known--;
        rac_session session;
        rac_event *due;
        check_ok(rac_session_fold(f->arena, f->protocol, facts, events, known, &session, &err));
        const rac_moment moment = {f->protocol, &session, facts, events[k].at, 0, 0};
        check_ok(rac_alarms_due(f->arena, &moment, events, known, &due, &due_count, &err));
        bool said = false;
        for (size_t d = 0; d < due_count; d++)
            said |= strcmp(due[d].name, events[k].name) == 0 && strcmp(due[d].text, events[k].text) == 0;
        assert_true(said);
        announced++;
    }
    return announced;
}

/* Every record folds without a deviation and replays; folded together by `care` they give the course that was
 * simulated: infusions, milligrams, response after each, and that it is over when it was. */
static void test_study_virtual_course__the_records_fold_replay_and_make_the_course(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_fact fact;
    size_t finished = 0, announced = 0, stepped = 0;
    set(f, RAC_VIRTUAL_SBP_MEAN, 148); /* so that some are held, and some stepped up */
    set(f, RAC_VIRTUAL_SBP_RISE, 14);
    set_course(f, RAC_VIRTUAL_IMPROVEMENT_MEAN, 30);
    set_course(f, RAC_VIRTUAL_LEAVE_FIRST, 0);
    set_course(f, RAC_VIRTUAL_LEAVE_LATER, 0);
    use(f, "depression-iv-step-up.yaml");
    const rac_facts facts = facts_of(f, &fact);
    const rac_virtual_schedule schedule = schedule_of(f, 0, 0);
    for (uint64_t i = 0; i < 10; i++) {
        const rac_virtual_course course = course_of(f, &schedule, 2, i);
        rac_course_session sessions[8];
        for (size_t k = 0; k < course.visit_count; k++) {
            const rac_virtual_visited *v = &course.visits[k];
            rac_session session;
            check_ok(rac_session_fold(f->arena, f->protocol, &facts, v->events, v->session.events, &session,
                                      &err));
            assert_int_equal(session.deviation_count, 0);
            assert_int_equal(v->session.deviations, 0);
            if (v->infusion)
                assert_int_equal(session.number, v->infusion);
            check_near(v->day, 3.0 * (double)k, 0, 0);
            announced += replay(f, &facts, v->events, v->session.events);
            sessions[k] = rac_course_session_of("s", &session, (rac_instant){INT64_C(1) << 50});
            assert_int_equal(sessions[k].holds, v->infusion ? v->session.holds : 0);
            assert_int_equal(sessions[k].stopped_early, v->session.stopped_early);
            stepped += v->move == RAC_MOVE_UP;
        }
        rac_course folded;
        check_ok(rac_course_fold(f->arena, f->protocol, course.scores, course.score_count, sessions,
                                 course.visit_count, &folded, &err));
        assert_int_equal(folded.infusions_given, course.infusions);
        check_near(rac_decimal_double(folded.given_mg_total), course.given_mg, 1e-9, 0);
        if (course.end != RAC_VIRTUAL_COMPLETED)
            continue;
        finished++;
        assert_true(folded.step == RAC_NEXT_MAINTENANCE || folded.step == RAC_NEXT_STOP_REVIEW);
        const rac_virtual_visited *last = rac_virtual_infusion(&course, course.infusions);
        assert_true(last->asked);
        assert_int_equal(last->response, folded.response);
        assert_int_equal(last->remission, folded.remission);
        check_near(last->improvement, -folded.points[folded.count - 1].change_percent, 0, 0);
    }
    assert_true(finished >= 3 && announced > 5 && stepped >= 1);
}

/* ---- drug left from session to session ---- */

typedef struct left {
    double at[8][2]; /* ketamine and norketamine */
} left;

static void copy_levels(void *context, const rac_population_tile *tile)
{
    left *to = context;
    for (size_t t = 0; t < tile->times; t++)
        for (size_t k = 0; k < 2; k++)
            to->at[t][k] = tile->values[(t * tile->outputs + k) * RAC_TILE];
}

/* With six hours between sessions a good deal is left; it is what a plain run of all that the pumps gave
 * says. */
static void test_study_virtual_course__drug_is_carried_from_session_to_session(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    make_uniform(f);
    make_steady(f);
    set(f, RAC_VIRTUAL_SBP_MEAN, 120);
    set(f, RAC_VIRTUAL_LONGEST_SESSION, 5);
    use(f, "depression-iv-standard.yaml");
    f->protocol->course.spacing_min_days = 0.25;
    const rac_virtual_schedule schedule = schedule_of(f, 0.25, 3);
    const rac_virtual_course course = course_of(f, &schedule, 4, 1);
    assert_int_equal(course.infusions, 3);
    rac_regimen regimen = rac_regimen_new(f->arena);
    double times_h[3];
    for (size_t k = 0; k < 3; k++) {
        const rac_virtual_visited *v = &course.visits[k];
        times_h[k] = 6.0 * (double)k;
        for (size_t i = 0; i < v->session.events; i++) {
            const rac_event *e = &v->events[i];
            const double at_h = (double)(e->at.ms - course.visits[0].events[0].at.ms) / 3.6e6;
            if (e->kind == RAC_EVENT_STARTED || e->kind == RAC_EVENT_RESUMED)
                rac_regimen_add(&regimen, rac_dose_rate(at_h, 0,
                                                        rac_decimal_double(e->rate_ml_per_h) *
                                                            v->session.planned_mg / 50));
            if (e->kind == RAC_EVENT_PAUSED || e->kind == RAC_EVENT_STOPPED)
                rac_regimen_add(&regimen, rac_dose_rate(at_h, 0, 0));
        }
    }
    const double weight = 70;
    left plain;
    size_t failed;
    const rac_population population = {.model = f->model,
                                       .seed = 4,
                                       .first_subject = 1,
                                       .subjects = 1,
                                       .regimen = &regimen,
                                       .times_h = times_h,
                                       .times = 3,
                                       .constants = &weight};
    check_ok(rac_population_run(f->arena, &population, copy_levels, &plain, &failed, &err));
    for (size_t k = 0; k < 3; k++) {
        check_near(course.visits[k].driver_before, plain.at[k][0], 1e-13, 0);
        check_near(course.visits[k].metabolite_before, plain.at[k][1], 1e-13, 0);
    }
    assert_true(course.visits[1].driver_before > 0.001 &&
                course.visits[2].metabolite_before > course.visits[1].metabolite_before);
    /* And the pressure read before the second start has the rise of what is left in it: 20 mmHg at the
     * reference concentration, whole mmHg. */
    check_near(course.visits[2].session.baseline[0], 120 + 20 * plain.at[2][0] / f->clinic.reference,
               0.5 + 1e-9, 0);
}

/* ---- dose steps ---- */

/* Two infusions without improvement, then 0.75 mg/kg: half as much again is given and reached, and the scores
 * are those of the same patient under a protocol without steps. */
static void test_study_virtual_course__a_step_changes_levels_and_never_the_score(void **state)
{
    fixture *f = *state;
    make_uniform(f);
    set(f, RAC_VIRTUAL_SBP_MEAN, 110);
    set(f, RAC_VIRTUAL_SBP_RISE, 5);
    set_course(f, RAC_VIRTUAL_IMPROVEMENT_MEAN, 5);
    set_course(f, RAC_VIRTUAL_IMPROVEMENT_SD, 0);
    set_course(f, RAC_VIRTUAL_LEAVE_FIRST, 0);
    set_course(f, RAC_VIRTUAL_LEAVE_LATER, 0);
    set_course(f, RAC_VIRTUAL_SCORE_READING_SD, 0.3);
    use(f, "depression-iv-step-up.yaml");
    const rac_virtual_schedule schedule = schedule_of(f, 0, 0);
    const rac_virtual_course stepped = course_of(f, &schedule, 5, 2);
    f->protocol->course.dose_steps = (rac_dose_steps){0};
    const rac_virtual_course plain = course_of(f, &schedule, 5, 2);
    static const double doses[] = {0.5, 0.5, 0.75, 0.75};
    static const rac_dose_move moves[] = {RAC_MOVE_STAY, RAC_MOVE_STAY, RAC_MOVE_UP, RAC_MOVE_STAY};
    assert_int_equal(stepped.infusions, 4);
    assert_int_equal(plain.infusions, 4);
    for (int n = 1; n <= 4; n++) {
        const rac_virtual_visited *a = rac_virtual_infusion(&stepped, n),
                                  *b = rac_virtual_infusion(&plain, n);
        check_near(a->dose_mg_per_kg, doses[n - 1], 1e-12, 0);
        check_near(b->dose_mg_per_kg, 0.5, 1e-12, 0);
        assert_int_equal(a->move, moves[n - 1]);
        /* 35 mg and 52.5 mg are drawn to whole milligrams: 35 and 53. */
        check_near(a->session.given_mg / b->session.given_mg, n > 2 ? 53 / 35.0 : 1, 1e-4, 0);
        check_near(a->driver_peak / b->driver_peak, n > 2 ? 53 / 35.0 : 1, 1e-4, 0);
        assert_int_equal(a->score, b->score);
        assert_int_equal(a->score_after, b->score_after);
    }
}

/* A step no syringe holds: the dose before is ordered, and the guard is named. */
static void test_study_virtual_course__a_refused_step_leaves_the_dose(void **state)
{
    fixture *f = *state;
    make_uniform(f);
    make_steady(f);
    set(f, RAC_VIRTUAL_SBP_MEAN, 110);
    use(f, "depression-iv-step-up.yaml");
    assert_int_equal(rac_decimal_parse(rac_text_of("0.4"), &f->protocol->preparation.draw_capacity_ml, NULL),
                     RAC_OK);
    const rac_virtual_schedule schedule = schedule_of(f, 0, 0);
    const rac_virtual_course course = course_of(f, &schedule, 5, 0);
    assert_int_equal(course.infusions, 4);
    for (int n = 1; n <= 4; n++) {
        const rac_virtual_visited *v = rac_virtual_infusion(&course, n);
        check_near(v->dose_mg_per_kg, 0.5, 1e-12, 0);
        if (n > 2)
            assert_string_equal(v->step_refused, "G10");
        else
            assert_null(v->step_refused);
    }
}

/* Held at the second infusion: not raised for the third. */
static void test_study_virtual_course__a_held_session_is_followed_by_the_same_dose(void **state)
{
    fixture *f = *state;
    make_uniform(f); /* 152 mmHg, 20 more by the end, and a limit of 165: held every time */
    make_steady(f);
    use(f, "depression-iv-step-up.yaml");
    const rac_virtual_schedule schedule = schedule_of(f, 0, 0);
    size_t held = 0;
    for (uint64_t i = 0; i < 4; i++) {
        const rac_virtual_course course = course_of(f, &schedule, 4, i);
        for (int n = 2; n < course.infusions; n++) {
            const rac_virtual_visited *v = rac_virtual_infusion(&course, n),
                                      *next = rac_virtual_infusion(&course, n + 1);
            if (v->session.holds) {
                held++;
                assert_int_not_equal(next->move, RAC_MOVE_UP);
            } else
                assert_int_equal(next->move, v->dose_mg_per_kg < 0.75 ? RAC_MOVE_UP : RAC_MOVE_STAY);
        }
    }
    assert_true(held >= 2);
}

/* Sent home every time: as many appointments as the weeks hold, and no drug. */
static void test_study_virtual_course__who_is_sent_home_comes_again(void **state)
{
    fixture *f = *state;
    make_uniform(f);
    set(f, RAC_VIRTUAL_DBP_MEAN, 98); /* the start list asks for 90 */
    reopen(f);
    const rac_virtual_schedule schedule = schedule_of(f, 0, 0);
    const rac_virtual_course course = course_of(f, &schedule, 1, 0);
    assert_int_equal(course.end, RAC_VIRTUAL_RAN_OUT);
    assert_int_equal(course.visit_count, schedule.visits);
    assert_int_equal(course.infusions, 0);
    for (size_t k = 0; k < course.visit_count; k++)
        assert_string_equal(course.visits[k].session.why, "pressure");
    set(f, RAC_VIRTUAL_WEIGHT_MEAN, 130); /* above what the draw syringe holds */
    set(f, RAC_VIRTUAL_DBP_MEAN, 76);
    reopen(f);
    const rac_virtual_course heavy = course_of(f, &schedule, 1, 0);
    assert_int_equal(heavy.end, RAC_VIRTUAL_NEVER_PLANNED);
    assert_int_equal(heavy.visit_count, 1);
}

/* ---- scores ---- */

enum { PEOPLE = 40000, ASKED = 9 };

typedef struct scores {
    double response[ASKED], remission[ASKED], worse[ASKED], percent, mean[ASKED];
    double first[ASKED]; /* of those who respond within six: the infusion after which they first do */
} scores;

static scores scores_of(fixture *f)
{
    const rac_scale *scale;
    rac_error err = {0};
    scores s = {0};
    double responders = 0;
    check_ok(rac_scale_find(rac_text_of("PHQ-9"), &scale, &err));
    for (uint64_t i = 0; i < PEOPLE; i++) {
        rac_arena *arena = rac_arena_new();
        const rac_virtual_mood mood = rac_virtual_mood_of(arena, &f->patient, scale, 9, i, ASKED);
        const double before = rac_virtual_score(&mood, &f->patient, scale, 0, 0);
        int first = 0;
        for (int n = 0; n < ASKED; n++) {
            const double after = rac_virtual_score(&mood, &f->patient, scale, n, (size_t)n);
            const bool response = n && 100 * (before - after) / before >= 50;
            s.response[n] += 100.0 * response / PEOPLE;
            s.remission[n] += 100.0 * (after < 5) / PEOPLE;
            s.worse[n] += 100.0 * (after > before) / PEOPLE;
            s.mean[n] += after / PEOPLE;
            if (response && !first && n <= 6)
                first = n;
            if (n == 8)
                s.percent += 100 * (before - after) / before / PEOPLE;
        }
        s.first[first] += 1;
        responders += first > 0;
        rac_arena_free(arena);
    }
    for (int n = 0; n < ASKED; n++)
        s.first[n] /= responders;
    return s;
}

/* Put in: 53.6 % response and 8.4 % worse at the end (537 patients), 13.0 % response after the first (77).
 * Whole points, two askings and a cut baseline move them: 2 percentage points are allowed, the Monte Carlo
 * error is 0.25.
 *
 * Not put in: remission at the end, 28.9 % (the same 537; 95 % interval 25 to 33); mean fall 49.22 % after
 * eight sessions (111 patients at another hospital, another scale: 4 points allowed, their own error is not
 * known); half of those who respond within six have done so by the third (41 patients: median 3). */
static void test_study_virtual_course__scores_are_the_published_ones(void **state)
{
    fixture *f = *state;
    const scores s = scores_of(f);
    check_near(s.response[8], 53.6, 2, 0);
    check_near(s.worse[8], 8.4, 2, 0);
    check_near(s.response[1], 13.0, 2, 0);

    assert_true(s.remission[8] > 25 && s.remission[8] < 33);
    check_near(100 * (1 - s.mean[8] / s.mean[0]), 49.22, 4, 0);
    check_near(s.percent, 49.22, 4, 0);
    assert_true(s.first[1] + s.first[2] < 0.5 && s.first[1] + s.first[2] + s.first[3] > 0.5);

    /* The rise is in equal steps, but for those who are at the end of the scale; and ends with the sixth. */
    for (int n = 2; n <= 5; n++)
        check_near(s.mean[n] - s.mean[n + 1], s.mean[1] - s.mean[2], 0, 0.25);
    check_near(s.mean[6], s.mean[8], 0.1, 0);
}

/* 20 % leave after the first and half before the sixth (ten clinics). */
static void test_study_virtual_course__half_come_six_times(void **state)
{
    fixture *f = *state;
    const rac_scale *scale;
    rac_error err = {0};
    double second = 0, sixth = 0;
    check_ok(rac_scale_find(rac_text_of("PHQ-9"), &scale, &err));
    for (uint64_t i = 0; i < PEOPLE; i++) {
        rac_arena *arena = rac_arena_new();
        const rac_virtual_mood mood = rac_virtual_mood_of(arena, &f->patient, scale, 9, i, ASKED);
        int n = 1;
        while (n < 6 && !rac_virtual_leaves(&mood, &f->patient, n, (size_t)n - 1))
            n++;
        second += 100.0 * (n >= 2) / PEOPLE;
        sixth += 100.0 * (n >= 6) / PEOPLE;
        rac_arena_free(arena);
    }
    check_near(second, 80, 1, 0);
    check_near(sixth, 50, 1, 0);
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

/* Four courses by hand: completed after one (response), after two (none), left after one, never treated. */
static void test_study_virtual_course__figures_count_who_was_not_asked(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_virtual_visited one[] = {
        {.infusion = 1, .dose_mg_per_kg = 0.5, .asked = true, .improvement = 60, .response = true}};
    rac_virtual_visited two[] = {
        {.infusion = 1, .dose_mg_per_kg = 0.5, .asked = true, .improvement = 10},
        {.infusion = 2, .dose_mg_per_kg = 0.75, .move = RAC_MOVE_UP, .asked = true, .improvement = -10}};
    rac_virtual_visited left_[] = {{.infusion = 1, .dose_mg_per_kg = 0.5, .improvement = NAN}};
    rac_virtual_visited never[] = {{.session = {.end = RAC_VIRTUAL_NOT_STARTED}, .dose_mg_per_kg = 0.5}};
    const rac_virtual_course a[] = {
        {.end = RAC_VIRTUAL_COMPLETED, .visits = one, .visit_count = 1, .infusions = 1, .given_mg = 30},
        {.end = RAC_VIRTUAL_COMPLETED, .visits = two, .visit_count = 2, .infusions = 2, .given_mg = 90},
        {.end = RAC_VIRTUAL_LEFT_COURSE, .visits = left_, .visit_count = 1, .infusions = 1, .given_mg = 30},
        {.end = RAC_VIRTUAL_RAN_OUT, .visits = never, .visit_count = 1}};
    rac_virtual_figure *figures;
    size_t count;
    check_ok(rac_virtual_courses_summarise(f->arena, a, 4, &figures, &count, &err));
    check_near(figure(figures, count, "completed").value, 50, 1e-12, 0);
    check_near(figure(figures, count, "left_course").value, 25, 1e-12, 0);
    check_near(figure(figures, count, "never_treated").value, 25, 1e-12, 0);
    check_near(figure(figures, count, "response").value, 25, 1e-12, 0);
    check_near(figure(figures, count, "response_of_completed").value, 50, 1e-12, 0);
    check_near(figure(figures, count, "improvement").value, 25, 1e-12, 0);
    check_near(figure(figures, count, "worse").value, 50, 1e-12, 0);
    check_near(figure(figures, count, "given_mg").value, 50, 1e-12, 0);
    check_near(figure(figures, count, "stepped_up").value, 100 / 3.0, 1e-12, 0);
    check_near(figure(figures, count, "sent_home").value, 0.25, 1e-12, 0);
    check_ok(rac_virtual_infusions_summarise(f->arena, a, 4, 2, &figures, &count, &err));
    check_near(figure(figures, count, "treated").value, 25, 1e-12, 0);
    check_near(figure(figures, count, "dose_mg_per_kg").value, 0.75, 1e-12, 0);
    check_near(figure(figures, count, "stepped_up").value, 100, 1e-12, 0);
    check_near(figure(figures, count, "response_of_asked").value, 0, 0, 0);
    check_near(figure(figures, count, "response").value, 25, 1e-12,
               0); /* the first, who had completed, keeps theirs */
    rac_virtual_course b[4];
    memcpy(b, a, sizeof b);
    b[1].given_mg = 60;
    check_ok(rac_virtual_courses_compare(f->arena, a, b, 4, 0, &figures, &count, &err));
    check_near(figure(figures, count, "given_mg").value, -10, 1e-12, 0);
    assert_int_equal(figure(figures, count, "given_mg").patients, 3);
    check_status(rac_virtual_courses_summarise(f->arena, a, 0, &figures, &count, &err), RAC_INVALID);
    check_status(rac_virtual_infusions_summarise(f->arena, a, 4, 0, &figures, &count, &err), RAC_INVALID);
}

#define CASE(name) \
    cmocka_unit_test_setup_teardown(test_study_virtual_course__##name, open_fixture, close_fixture)

RAC_TESTS(CASE(numbers_say_where_they_come_from), CASE(appointments_follow_the_protocol),
          CASE(the_first_session_is_that_of_one_session), CASE(the_records_fold_replay_and_make_the_course),
          CASE(drug_is_carried_from_session_to_session), CASE(a_step_changes_levels_and_never_the_score),
          CASE(a_refused_step_leaves_the_dose), CASE(a_held_session_is_followed_by_the_same_dose),
          CASE(who_is_sent_home_comes_again), CASE(scores_are_the_published_ones), CASE(half_come_six_times),
          CASE(figures_count_who_was_not_asked))
