/* The story the demonstration tells: four chairs, each at another moment of a session.  It is told through
 * the same use cases people use, by a clock that is set as it goes along. */
#include <string.h>

#include "cli/demo.h"

typedef struct story {
    rac_cli *cli;
    rac_app *app;
    rac_demo_clock *clock;
    rac_instant now;
    const char *session; /* id the last "session open" gave */
    const char *patient; /* id the last "patient add" gave */
    rac_error *err;
    rac_status status;
} story;

static void at(story *s, double minutes_ago)
{
    s->clock->base.ms = s->now.ms - (int64_t)(minutes_ago * 60000);
}

/* Runs "noun verb" with pairs of argument and value, as `who`. */
static void act(story *s, const char *who, const char *noun, const char *verb, ...) __attribute__((sentinel));
static void act(story *s, const char *who, const char *noun, const char *verb, ...)
{
    rac_call call = {
        .app = s->app, .arena = s->cli->arena, .actor = who, .pin_checked = true, .source = "demonstration"};
    rac_reply reply = {0};
    if (s->status)
        return;
    s->status = rac_use_case_find(noun, verb, &call.use_case, s->err);
    va_list pairs;
    va_start(pairs, verb);
    for (const char *name; !s->status && (name = va_arg(pairs, const char *));) {
        const char *value = va_arg(pairs, const char *);
        s->status = rac_call_set(&call, name, value, strlen(value), s->err);
    }
    va_end(pairs);
    if (!s->status)
        s->status = rac_use_case_run(&call, &reply, s->err);
    const char *session = json_string_value(json_object_get(reply.json, "session"));
    const char *id = json_string_value(json_object_get(reply.json, "id"));
    if (!s->status && session && verb && strcmp(verb, "open") == 0)
        s->session = rac_string_copy(s->cli->arena, session);
    if (!s->status && id && strcmp(noun, "patient") == 0)
        s->patient = rac_string_copy(s->cli->arena, id);
    json_decref(reply.json);
}

static const struct {
    const char *name, *answer;
} eligible[] = {
    {"diagnosis", "MDD"},
    {"failed_trials", "3"},
    {"consent", "yes"},
    {"weeks_since_cardiac_event", "9999"},
    {"screening_sbp", "126 mmHg"},
    {"screening_dbp", "78 mmHg"},
    {"substance_use_disorder", "none"},
    {"months_since_substance_use", "1200"},
    {"benzodiazepine_mg_per_day", "0 mg"},
};

/* Every other question of the protocol is a yes/no question, and the answer is no. */
static void answer_questions(story *s, const char *age)
{
    const rac_protocol *protocol = NULL;
    if (!s->status)
        s->status = rac_app_protocol(s->app, NULL, NULL, &protocol, NULL, s->err);
    act(s, "rk", "fact", NULL, "patient", s->patient, "name", "age", "answer", age, NULL);
    for (size_t i = 0; i < sizeof eligible / sizeof *eligible; i++)
        act(s, "rk", "fact", NULL, "patient", s->patient, "name", eligible[i].name, "answer",
            eligible[i].answer, NULL);
    for (size_t i = 0; !s->status && i < protocol->fact_count; i++) {
        bool answered =
            strcmp(protocol->facts[i].name, "age") == 0 || protocol->facts[i].kind != RAC_FACT_TRUTH;
        for (size_t j = 0; j < sizeof eligible / sizeof *eligible; j++)
            answered = answered || strcmp(protocol->facts[i].name, eligible[j].name) == 0;
        if (!answered)
            act(s, "rk", "fact", NULL, "patient", s->patient, "name", protocol->facts[i].name, "answer", "no",
                NULL);
    }
}

static void admit(story *s, const char *name, const char *born, const char *age, const char *allergies,
                  const char *scores, const char *chair)
{
    at(s, 180);
    act(s, "rk", "patient", "add", "name", name, "born", born, "allergies", allergies, NULL);
    answer_questions(s, age);
    act(s, "rk", "score", NULL, "patient", s->patient, "scale", "PHQ-9", "items", scores, NULL);
    act(s, "pete", "screen", NULL, "patient", s->patient, "sign", "accept", NULL);
    act(s, "rk", "session", "open", "patient", s->patient, "chair", chair, NULL);
}

static void prepare(story *s, double minutes_ago, const char *weight, const char *vitals)
{
    static const char *const ticks[] = {"identity", "limits", "consent", "ride", "alarms"};
    at(s, minutes_ago);
    act(s, "rk", "session", "check-in", "session", s->session, NULL);
    act(s, "rk", "session", "weigh", "session", s->session, "weight", weight, NULL);
    act(s, "rk", "session", "plan", "session", s->session, NULL);
    act(s, "pete", "session", "sign-plan", "session", s->session, NULL);
    act(s, "rk", "session", "vial", "session", s->session, "code", "KET-50-10", NULL);
    act(s, "rk", "read", NULL, "session", s->session, "values", vitals, NULL);
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++)
        act(s, "rk", "session", "tick", "session", s->session, "item", ticks[i], NULL);
    act(s, "rk", "session", "tick", "session", s->session, "item", "fasting", "hours", "9", NULL);
}

static void start(story *s, double minutes_ago)
{
    act(s, "rk", "session", "tick", "session", s->session, "item", "second-check", "second", "lm",
        "second-pin", "1234", NULL);
    act(s, "rk", "session", "ready", "session", s->session, NULL);
    at(s, minutes_ago);
    act(s, "rk", "session", "start", "session", s->session, NULL);
}

static rac_reading_kind kind_of(rac_mdc_quantity quantity, bool *known)
{
    *known = true;
    switch (quantity) {
    case RAC_QUANTITY_NIBP_SYS:
        return RAC_READING_SBP;
    case RAC_QUANTITY_NIBP_DIA:
        return RAC_READING_DBP;
    case RAC_QUANTITY_NIBP_MEAN:
        return RAC_READING_MAP;
    case RAC_QUANTITY_HR:
        return RAC_READING_HR;
    case RAC_QUANTITY_SPO2:
        return RAC_READING_SPO2;
    case RAC_QUANTITY_RESP:
        return RAC_READING_RR;
    default:
        *known = false;
        return RAC_READING_SBP;
    }
}

/* What the monitor sent before the feed begins: the recording from `from_s` to `to_s`, at the pace a chart
 * needs (every 15 s, and every cuff reading). */
static void play_past(story *s, const rac_demo_monitor *monitor, double from_s, double to_s,
                      double minutes_ago_at_to)
{
    for (double t = from_s; !s->status && t < to_s; t += 15) {
        size_t count, kept = 0;
        const rac_recording_point *points =
            rac_recording_between(&monitor->recording, (rac_duration){(int64_t)(t * 1000)},
                                  (rac_duration){(int64_t)(t * 1000) + 1000}, &count);
        rac_reading_value values[16];
        for (size_t i = 0; i < count && kept < 16; i++) {
            bool known;
            const rac_reading_kind kind = kind_of(points[i].quantity, &known);
            if (known && points[i].has_value)
                values[kept++] = (rac_reading_value){kind, points[i].value, RAC_QUALITY_MEASURED, NULL};
        }
        if (!kept)
            continue;
        at(s, minutes_ago_at_to + (to_s - t) / 60);
        rac_arena *arena = rac_arena_new();
        const char *session_id;
        bool already;
        const rac_device_reading reading = {.device = monitor->device,
                                            .key = rac_format(arena, "demo:%s:%.0f", monitor->device, t),
                                            .at = s->clock->base,
                                            .values = values,
                                            .count = kept};
        s->status = rac_app_device_reading(s->app, arena, &reading, 1, &session_id, &already, s->err);
        rac_arena_free(arena);
    }
}

static void bind(story *s, const rac_demo_monitor *monitor, const char *every, const char *label)
{
    act(s, "rk", "session", "bind", "session", s->session, "device", monitor->device, "every", every, "note",
        label, NULL);
}

/* Chair 1: eight minutes in, numbers of a real intensive-care recording. */
static void chair_one(story *s, rac_demo_monitor *monitor)
{
    admit(s, "Ada Byron", "1988-04-30", "37", "latex", "2,3,2,3,1,2,2,1,0", "1");
    prepare(s, 15, "71.4 kg", "118/72 94 97 22 moaas=5");
    start(s, 6);
    bind(s, monitor, "1s", "intensive-care recording, not ketamine");
    play_past(s, monitor, 0, 360, 0);
    monitor->offset_s = 360;
}

/* Chair 2: pressure on its way to the hold limit. */
static void chair_two(story *s, rac_demo_monitor *monitor)
{
    admit(s, "Carl Djerassi", "1971-10-29", "54", "none known", "3,3,2,2,2,3,2,1,1", "2");
    prepare(s, 35, "88.2 kg", "128/78 72 98 14 moaas=5");
    start(s, 24);
    bind(s, monitor, "5s", "synthetic: a scripted rise in pressure");
    play_past(s, monitor, 0, 1440, 0);
    at(s, 10);
    act(s, "rk", "read", NULL, "session", s->session, "values", "- - - moaas=5", "at", "now", NULL);
    act(s, "rk", "event", NULL, "session", s->session, "name", "dissociation", "severity", "mild", NULL);
    monitor->offset_s = 1440;
}

/* Chair 3: everything but the second person. */
static void chair_three(story *s)
{
    admit(s, "Emmy Noether", "1962-03-23", "63", "penicillin", "2,2,2,2,2,2,2,2,0", "3");
    prepare(s, 8, "63.5 kg", "122/74 68 98 13 moaas=5");
}

/* Chair 4: recovering. */
static void chair_four(story *s, rac_demo_monitor *monitor)
{
    admit(s, "Srinivasa Rao", "1990-12-22", "35", "none known", "1,2,2,2,1,2,1,1,0", "4");
    prepare(s, 110, "80.1 kg", "126/74 72 98 14 moaas=5");
    start(s, 95);
    bind(s, monitor, "5s", "synthetic: a made-up session");
    play_past(s, monitor, 900, 3300, 55);
    at(s, 55);
    act(s, "rk", "session", "stop", "session", s->session, NULL);
    play_past(s, monitor, 3300, 6540, 1);
    at(s, 1);
    act(s, "rk", "read", NULL, "session", s->session, "values", "- - - moaas=5", NULL);
    act(s, "rk", "session", "tick", "session", s->session, "item", "oriented", NULL);
    act(s, "rk", "session", "tick", "session", s->session, "item", "gait", NULL);
    monitor->offset_s = 6540;
}

rac_status rac_demo_tell(rac_cli *cli, rac_app *app, rac_demo_clock *clock, rac_instant now,
                         rac_demo_monitor monitors[RAC_DEMO_MONITORS], rac_error *err)
{
    story s = {.cli = cli, .app = app, .clock = clock, .now = now, .err = err};
    chair_one(&s, &monitors[0]);
    chair_two(&s, &monitors[1]);
    chair_three(&s);
    chair_four(&s, &monitors[2]);
    at(&s, 0);
    return s.status;
}
