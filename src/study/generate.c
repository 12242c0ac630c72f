/* Patients who never were, from a truth written in generate.h. */
#include "study/generate.h"

#include <math.h>

#include "base/csv.h"
#include "base/random.h"

const double rac_generate_change[2][RAC_GENERATE_SESSIONS] = {
    {-2, -3, -4, -4.5, -5, -5},
    {-3, -4.5, -5.5, -6.5, -7, -7},
};

enum { visits = RAC_GENERATE_SESSIONS + 1 };

static const char *const reasons[] = {"completed", "no benefit", "side effects", "moved away", "cost"};

/* Chance of each at one session: intranasal, intravenous. */
static const struct harm {
    const char *term;
    double chance[2];
} harms[] = {
    {"dissociation", {0.25, 0.35}}, {"nausea", {0.10, 0.15}},
    {"dizziness", {0.15, 0.12}},    {"blood pressure increased", {0.08, 0.10}},
    {"headache", {0.08, 0.08}},
};
enum { harm_count = sizeof harms / sizeof *harms };

static double whole_points(double score)
{
    return fmin(27, fmax(0, round(score)));
}

typedef struct maker {
    rac_arena *arena;
    rac_generated *out;
    double *score;
    rac_generated_event *event;
    size_t capacity;
} maker;

static void make_events(maker *m, rac_random *draws, size_t patient, int arm, int session)
{
    for (size_t h = 0; h < harm_count; h++) {
        const bool had = rac_random_uniform(draws) < harms[h].chance[arm];
        const int severity = rac_random_uniform(draws) < 0.2 ? 2 : 1;
        if (!had)
            continue;
        const rac_generated_event event = {patient, session, harms[h].term, severity};
        rac_push(m->arena, m->event, m->out->events, m->capacity, event);
    }
}

/* Sessions attended; scores and events on the way. */
static int make_course(maker *m, rac_random *draws, size_t patient, int arm)
{
    double *score = m->score + patient * visits;
    const double baseline = (arm ? 18.5 : 17.5) + 2.5 * rac_random_normal(draws);
    const double own = 3 * rac_random_normal(draws);
    double seen = score[0] = whole_points(baseline);
    for (int j = 1; j < visits; j++)
        score[j] = NAN;
    for (int j = 1; j < visits; j++) {
        const double residual = 2 * rac_random_normal(draws);
        const bool taken = rac_random_uniform(draws) >= 0.05;
        const double true_score = baseline + rac_generate_change[arm][j - 1] + own * j / 6 + residual;
        if (taken)
            seen = score[j] = whole_points(true_score);
        make_events(m, draws, patient, arm, j);
        const bool leaves = rac_random_uniform(draws) < 1 / (1 + exp(3.4 - 0.12 * (seen - 14)));
        if (leaves)
            return j;
    }
    return RAC_GENERATE_SESSIONS;
}

rac_status rac_generate(rac_arena *arena, const rac_generate_options *options, rac_generated *out,
                        rac_error *err)
{
    if (!options->intravenous || !options->intranasal)
        return rac_fail(err, RAC_INVALID, "each arm needs at least one patient");
    if (options->intravenous > RAC_GENERATE_MOST || options->intranasal > RAC_GENERATE_MOST ||
        options->intravenous + options->intranasal > RAC_GENERATE_MOST)
        return rac_fail(err, RAC_LIMIT, "at most %d patients are made at once", RAC_GENERATE_MOST);
    const size_t n = options->intravenous + options->intranasal;
    int32_t *arm = rac_many(arena, int32_t, n);
    double *age = rac_many(arena, double, n);
    bool *female = rac_many(arena, bool, n);
    int *sessions = rac_many(arena, int, n);
    const char **reason = rac_many(arena, const char *, n);
    *out = (rac_generated){.patients = n};
    maker m = {.arena = arena, .out = out, .score = rac_many(arena, double, n *visits)};
    for (size_t i = 0; i < n; i++) {
        rac_random draws = rac_random_open(options->seed, i, RAC_RANDOM_TRIAL);
        arm[i] = i < options->intravenous;
        age[i] = fmin(75, fmax(18, round((arm[i] ? 42 : 46) + 12 * rac_random_normal(&draws))));
        female[i] = rac_random_uniform(&draws) < 0.58;
        const uint32_t why = rac_random_below(&draws, 4);
        sessions[i] = make_course(&m, &draws, i, arm[i]);
        reason[i] = reasons[sessions[i] == RAC_GENERATE_SESSIONS ? 0 : 1 + why];
    }
    out->arm = arm;
    out->age = age;
    out->female = female;
    out->score = m.score;
    out->sessions = sessions;
    out->reason = reason;
    out->event = m.event;
    return RAC_OK;
}

static void write_names(rac_csv_writer *writer, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rac_csv_write_string(writer, names[i]);
    rac_csv_end_row(writer);
}

static const char *id_of(rac_arena *arena, size_t patient)
{
    return rac_format(arena, "SYNTHETIC-%04zu", patient + 1);
}

rac_status rac_generate_chart_csv(rac_arena *arena, const rac_generated *made, rac_text *csv, rac_error *err)
{
    static const char *const names[] = {"synthetic_patient", "arm",   "visit", "day", "score", "age", "sex",
                                        "sessions",          "reason"};
    rac_csv_writer writer = rac_csv_writer_open(arena, ',');
    write_names(&writer, names, sizeof names / sizeof *names);
    for (size_t i = 0; i < made->patients; i++)
        for (int j = 0; j <= made->sessions[i]; j++) {
            const double score = made->score[i * visits + (size_t)j];
            rac_csv_write_string(&writer, id_of(arena, i));
            rac_csv_write_string(&writer, made->arm[i] ? "intravenous ketamine" : "intranasal esketamine");
            rac_csv_write_integer(&writer, j);
            rac_csv_write_integer(&writer, j ? 1 + 7 * (j - 1) / 2 : 0); /* twice a week */
            if (isnan(score))
                rac_csv_write_string(&writer, NULL);
            else
                rac_csv_write_number(&writer, score);
            rac_csv_write_number(&writer, made->age[i]);
            rac_csv_write_string(&writer, made->female[i] ? "female" : "male");
            rac_csv_write_integer(&writer, made->sessions[i]);
            rac_csv_write_string(&writer, made->reason[i]);
            rac_csv_end_row(&writer);
        }
    return rac_csv_written(&writer, csv, err);
}

rac_status rac_generate_events_csv(rac_arena *arena, const rac_generated *made, rac_text *csv, rac_error *err)
{
    static const char *const names[] = {"synthetic_patient", "TRTA", "session", "AEDECOD", "AESEV", "AESER"};
    rac_csv_writer writer = rac_csv_writer_open(arena, ',');
    write_names(&writer, names, sizeof names / sizeof *names);
    for (size_t i = 0; i < made->events; i++) {
        const rac_generated_event *event = &made->event[i];
        rac_csv_write_string(&writer, id_of(arena, event->patient));
        rac_csv_write_string(&writer,
                             made->arm[event->patient] ? "intravenous ketamine" : "intranasal esketamine");
        rac_csv_write_integer(&writer, event->session);
        rac_csv_write_string(&writer, event->term);
        rac_csv_write_string(&writer, event->severity == 2 ? "MODERATE" : "MILD");
        rac_csv_write_string(&writer, "N");
        rac_csv_end_row(&writer);
    }
    return rac_csv_written(&writer, csv, err);
}
