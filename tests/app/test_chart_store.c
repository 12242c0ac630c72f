/* A chart from the clinic's own record: sessions, scores, reasons and symptoms where they were written, and
 * the same answers from the record as from the chart exported from it. */
#include "check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "app/chart_store.h"
#include "racemate/study.h"

#define DAY_MS 86400000LL
static const rac_instant today = {1772496000000LL}; /* 2026-03-03T00:00Z */

typedef struct clinic {
    char directory[64], path[96];
    rac_arena *arena;
    rac_app *app;
    const char *protocol[2]; /* hashes: 40 min, 100 min */
} clinic;

static rac_instant frozen(void *context)
{
    (void)context;
    return today;
}

static rac_text file_bytes(rac_arena *arena, const char *name)
{
    const char *root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/%s", root ? root : ".", name), "rb");
    assert_non_null(file);
    char *bytes = rac_arena_alloc(arena, 1 << 20);
    const size_t size = fread(bytes, 1, (1 << 20) - 1, file);
    fclose(file);
    return (rac_text){bytes, size};
}

/* Runs a use case with (name, value) pairs ended by NULL. */
static rac_status act(clinic *c, const char *noun, const char *verb, const char *const *pairs,
                      rac_reply *reply, rac_error *err)
{
    rac_call call = {
        .app = c->app, .arena = c->arena, .actor = "dora", .pin_checked = true, .source = "command"};
    assert_int_equal(rac_use_case_find(noun, verb, &call.use_case, err), RAC_OK);
    for (; *pairs; pairs += 2)
        assert_int_equal(rac_call_set(&call, pairs[0], pairs[1], strlen(pairs[1]), err), RAC_OK);
    return rac_use_case_run(&call, reply, err);
}
#define ACT(c, reply, noun, verb, ...) \
    act((c), (noun), (verb), (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL}, (reply), &err)

static void append(clinic *c, const char *subject, const char *kind, rac_instant at, const char *body)
{
    rac_error err = {0};
    const rac_store_entry entry = {.subject = subject,
                                   .kind = kind,
                                   .at = at,
                                   .recorded = at,
                                   .actor = "dora",
                                   .source = "command",
                                   .body = body};
    check_ok(rac_store_append(rac_app_store(c->app), &entry, 1, NULL, NULL, &err));
}

static void happen(clinic *c, const char *session, rac_event event, rac_instant at)
{
    event.fasting_h = -1;
    append(c, rac_format(c->arena, "session/%s", session), rac_event_name(event.kind), at,
           rac_event_encode(c->arena, &event));
}

/* One infusion of forty minutes. */
static void session(clinic *c, const char *id, const char *patient, int protocol, int number, rac_instant at,
                    const char *symptom, bool leaves)
{
    happen(c, id,
           (rac_event){.kind = RAC_EVENT_OPENED,
                       .name = patient,
                       .text = "1",
                       .protocol_hash = c->protocol[protocol],
                       .number = number},
           at);
    happen(c, id, (rac_event){.kind = RAC_EVENT_CHECKED_IN}, at);
    happen(c, id, (rac_event){.kind = RAC_EVENT_WEIGHED, .amount = {70 * 1000000LL}}, at);
    happen(c, id, (rac_event){.kind = RAC_EVENT_STARTED, .rate_ml_per_h = {60 * 1000000LL}}, at);
    at.ms += 20 * 60000;
    if (symptom) {
        happen(c, id, (rac_event){.kind = RAC_EVENT_SYMPTOM, .name = symptom, .severity = RAC_MILD}, at);
        happen(c, id, (rac_event){.kind = RAC_EVENT_SYMPTOM, .name = symptom, .severity = RAC_MODERATE}, at);
        happen(c, id, (rac_event){.kind = RAC_EVENT_SYMPTOM, .name = symptom, .severity = RAC_GONE}, at);
    }
    at.ms += 20 * 60000;
    happen(c, id, (rac_event){.kind = leaves ? RAC_EVENT_LEFT : RAC_EVENT_STOPPED, .text = "over"}, at);
}

static void score(clinic *c, const char *patient, rac_instant at, int total)
{
    append(c, rac_format(c->arena, "patient/%s", patient), "score.recorded", at,
           rac_format(c->arena, "{\"scale\":\"PHQ-9\",\"total\":%d}", total));
}

static void fact(clinic *c, const char *patient, rac_instant at, const char *name, const char *answer)
{
    append(c, rac_format(c->arena, "patient/%s", patient), "fact.answered", at,
           rac_format(c->arena, "{\"name\":\"%s\",\"answer\":%s}", name, answer));
}

/* Twenty patients, ten a protocol, three sessions every four days; each falls by a bit more than the one
 * before. The third of every arm leaves in its second session, the fourth has no score after its first. */
static void treat_everybody(clinic *c)
{
    rac_error err = {0};
    rac_reply reply = {0};
    for (int i = 0; i < 20; i++) {
        check_ok(ACT(c, &reply, "patient", "add", "name", rac_format(c->arena, "Name %d", i)));
        const char *id = rac_string_copy(c->arena, json_string_value(json_object_get(reply.json, "id")));
        json_decref(reply.json);
        rac_instant at = {today.ms - 60 * DAY_MS + i * 3600000LL};
        fact(c, id, (rac_instant){at.ms - DAY_MS}, "age", rac_format(c->arena, "%d", 30 + i));
        fact(c, id, (rac_instant){at.ms - DAY_MS}, "failed_trials", rac_format(c->arena, "%d", 2 + i % 3));
        score(c, id, (rac_instant){at.ms - 2 * DAY_MS}, 25);         /* an earlier one, not the baseline */
        score(c, id, (rac_instant){at.ms - DAY_MS / 2}, 18 + i % 4); /* the baseline */
        const bool slow = i >= 10, leaves = i % 10 == 2;
        for (int k = 1; k <= (leaves ? 2 : 3); k++) {
            session(c, rac_format(c->arena, "%d-%d", i, k), id, slow, k, at,
                    k == 1 && i % 2 ? "nausea" : NULL, leaves && k == 2);
            at.ms += 4 * DAY_MS;
            if (!(i % 10 == 3 && k > 1))
                score(c, id, (rac_instant){at.ms - DAY_MS}, 18 + i % 4 - (slow ? 2 : 3) * k - (i * k) % 3);
        }
        score(c, id, (rac_instant){at.ms + 20 * DAY_MS}, 1); /* long after: no session's score */
    }
    check_ok(ACT(c, &reply, "patient", "add", "name", "Never Treated"));
    json_decref(reply.json);
}

static int set_up(void **state)
{
    rac_error err = {0};
    clinic *c = calloc(1, sizeof *c);
    static const char *const files[] = {"protocols/depression-iv-standard.yaml",
                                        "protocols/depression-iv-slow-100min.yaml"};
    assert_non_null(c);
    c->arena = rac_arena_new();
    snprintf(c->directory, sizeof c->directory, "/tmp/racemate-chart-XXXXXX");
    assert_non_null(mkdtemp(c->directory));
    snprintf(c->path, sizeof c->path, "%s/clinic.racemate", c->directory);
    check_ok(rac_app_create(c->path, "example", "Example Clinic", 0, true, today, &err));
    check_ok(rac_app_open(c->path, &(rac_app_options){.now = frozen}, &c->app, &err));
    rac_reply reply = {0};
    rac_call first = {.app = c->app, .arena = c->arena, .source = "command"};
    check_ok(rac_use_case_find("staff", "add", &first.use_case, &err));
    static const char *const dora[] = {"id", "dora", "name", "Dora", "role", "director", "new-pin", "4711"};
    for (size_t i = 0; i < 8; i += 2)
        check_ok(rac_call_set(&first, dora[i], dora[i + 1], strlen(dora[i + 1]), &err));
    check_ok(rac_use_case_run(&first, &reply, &err));
    json_decref(reply.json);
    const rac_text values = file_bytes(c->arena, "protocols/demo-site.yaml");
    for (int k = 0; k < 2; k++) {
        check_ok(ACT(c, &reply, "protocol", "adopt", "file", file_bytes(c->arena, files[k]).data, "values",
                     values.data));
        c->protocol[k] = rac_string_copy(c->arena, json_string_value(json_object_get(reply.json, "hash")));
        json_decref(reply.json);
    }
    treat_everybody(c);
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    clinic *c = *state;
    rac_app_close(c->app);
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++)
        unlink(rac_format(c->arena, "%s%s", c->path, endings[i]));
    rmdir(c->directory);
    rac_arena_free(c->arena);
    free(c);
    return 0;
}

static void test_app_chart_store__every_fact_where_it_was_written(void **state)
{
    clinic *c = *state;
    rac_error err = {0};
    rac_store_chart chart;
    rac_call call = {.app = c->app, .arena = c->arena, .source = "command"};
    check_ok(rac_use_case_find("study", "describe", &call.use_case, &err));
    check_ok(rac_call_set(&call, "by", "protocol", 8, &err));
    check_ok(rac_store_chart_gather(&call, &chart, &err));
    assert_int_equal(chart.patients, 20);
    assert_int_equal(chart.visits, 4); /* the slow protocol has three infusions */
    assert_int_equal(chart.without_infusion, 1);
    const rac_store_patient *p = &chart.patient[1];
    assert_string_equal(p->id, "P0002");
    assert_string_equal(p->arm, "depression-iv-standard");
    assert_int_equal(p->given, 3);
    assert_true(p->complete);
    assert_string_equal(p->reason, "completed");
    check_near(p->age_years, 31, 0, 0);
    check_near(p->failed_trials, 3, 0, 0);
    check_near(p->weight_kg, 70, 0, 0);
    check_near(p->score[0], 19, 0, 0); /* the last before the first infusion, not the one of the day before */
    check_near(p->score[3], 19 - 9, 0,
               0); /* the first after the last infusion, not that of three weeks later */
    check_near(p->day[0], -1, 0, 0);
    check_near(p->day[1], 3, 0, 0);
    const rac_store_patient *left = &chart.patient[12];
    assert_int_equal(left->given, 2);
    assert_false(left->complete);
    assert_string_equal(left->reason, "left against advice");
    assert_string_equal(left->arm, "depression-iv-slow-100min");
    assert_int_equal(chart.harms, 10);
    assert_int_equal(chart.harm[0].worst, RAC_MODERATE);
    rac_benchmark_own own;
    rac_store_chart_own(&chart, "depression-iv-standard", &own);
    assert_int_equal(own.started, 10);
    assert_int_equal(own.finished, 8); /* one left, and one has no score within a week of the last infusion */
}

/* The record and the chart exported from it: the same analysis to the last character but the file's name. */
static void test_app_chart_store__the_exported_chart_gives_the_same_answers(void **state)
{
    clinic *c = *state;
    rac_error err = {0};
    rac_reply chart = {0}, own = {0}, other = {0};
    check_ok(ACT(c, &chart, "study", "chart", "by", "protocol"));
    assert_null(strstr(chart.text, "Name "));
    assert_null(strstr(chart.text, "2026"));
    static const char *const verbs[] = {"compare", "respond", "missing", "describe"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        check_ok(ACT(c, &own, "study", verbs[i], "store", "true", "by", "protocol"));
        check_ok(ACT(c, &other, "study", verbs[i], "file", chart.text, "scale", "PHQ-9"));
        assert_true(json_equal(json_object_get(own.json, "rows"), json_object_get(other.json, "rows")));
        json_decref(own.json);
        json_decref(other.json);
    }
    check_ok(ACT(c, &own, "study", "adverse", "store", "true", "by", "protocol"));
    check_contains(own.text, "nausea");
    check_contains(own.text, "1 patient registered without any infusion");
    json_decref(own.json);
    check_ok(ACT(c, &own, "study", "report", "store", "true", "by", "protocol", "subsamples", "5"));
    check_contains(own.text, "symptoms charted in sessions");
    json_decref(own.json);
    json_decref(chart.json);
}

static void test_app_chart_store__what_cannot_be_compared_says_how(void **state)
{
    clinic *c = *state;
    rac_error err = {0};
    rac_reply reply = {0};
    check_status(ACT(c, &reply, "study", "compare", "store", "true"), RAC_INVALID);
    check_contains(err.hint, "--by protocol");
    json_decref(reply.json);
    reply.json = NULL;
    err = (rac_error){0};
    check_status(ACT(c, &reply, "study", "compare", "store", "true", "by", "colour"), RAC_INVALID);
    check_contains(err.message, "route or protocol");
    const char *cohorts = file_bytes(c->arena, "cohorts/intravenous.yaml").data;
    err = (rac_error){0};
    check_status(ACT(c, &reply, "study", "benchmark", "file", cohorts), RAC_INVALID);
    check_contains(err.hint, "--store");
    check_ok(ACT(c, &reply, "study", "benchmark", "file", cohorts, "store", "true"));
    check_contains(reply.text, "20 started, 16 finished");
    json_decref(reply.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_app_chart_store__every_fact_where_it_was_written),
        cmocka_unit_test(test_app_chart_store__the_exported_chart_gives_the_same_answers),
        cmocka_unit_test(test_app_chart_store__what_cannot_be_compared_says_how)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
