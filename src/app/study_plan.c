/* Studies that need no record: charts of patients who never were, power, and published cohorts beside a
 * clinic. */
#include <string.h>
#include <unistd.h>

#include "app/chart_store.h"
#include "app/internal.h"
#include "base/csv.h"
#include "study/benchmark.h"
#include "study/generate.h"
#include "study/power.h"

/* What the chart is made from: mean change by session, as generate.h has it. */
static rac_status write_truth(rac_call *call, rac_reply *reply, rac_error *err)
{
    static const char *const names[] = {"session", "intravenous", "intranasal", "difference"};
    rac_csv_writer writer = rac_csv_writer_open(call->arena, ',');
    rac_text csv;
    json_t *rows = json_array();
    for (size_t c = 0; c < 4; c++)
        rac_csv_write_string(&writer, names[c]);
    rac_csv_end_row(&writer);
    for (int j = 0; j < RAC_GENERATE_SESSIONS; j++) {
        const double iv = rac_generate_change[1][j], in = rac_generate_change[0][j];
        rac_csv_write_integer(&writer, j + 1);
        rac_csv_write_number(&writer, iv);
        rac_csv_write_number(&writer, in);
        rac_csv_write_number(&writer, iv - in);
        rac_csv_end_row(&writer);
        json_array_append_new(rows, json_pack("{s:i, s:f, s:f, s:f}", names[0], j + 1, names[1], iv, names[2],
                                              in, names[3], iv - in));
    }
    const rac_status status = rac_csv_written(&writer, &csv, err);
    reply->text = status ? "" : rac_text_copy(call->arena, csv);
    reply->json = json_pack("{s:b, s:o}", "synthetic", 1, "truth", rows);
    return status;
}

RAC_DO(rac_do_study_generate)
{
    if (rac_call_flag(call, "truth"))
        return write_truth(call, reply, err);
    int64_t iv, in, total, seed;
    rac_status status;
    if ((status = rac_call_whole(call, "iv", 111, 1, RAC_GENERATE_MOST, &iv, err)) ||
        (status = rac_call_whole(call, "in", 42, 1, RAC_GENERATE_MOST, &in, err)) ||
        (status = rac_call_whole(call, "patients", iv + in, 2, RAC_GENERATE_MOST, &total, err)) ||
        (status = rac_call_whole(call, "seed", 1, 0, INT64_MAX, &seed, err)))
        return status;
    if (total != iv + in)
        return rac_fail(err, RAC_INVALID, "patients is %lld, but iv and in together are %lld",
                        (long long)total, (long long)(iv + in));
    const rac_generate_options options = {(size_t)iv, (size_t)in, (uint64_t)seed};
    rac_generated made;
    rac_text csv;
    if ((status = rac_generate(call->arena, &options, &made, err)))
        return status;
    const bool events = rac_call_flag(call, "events");
    status = events ? rac_generate_events_csv(call->arena, &made, &csv, err)
                    : rac_generate_chart_csv(call->arena, &made, &csv, err);
    if (status)
        return status;
    reply->text = rac_text_copy(call->arena, csv);
    reply->json = json_pack("{s:b, s:I, s:I, s:s}", "synthetic", 1, "patients", (json_int_t)total, "seed",
                            (json_int_t)seed, "csv", reply->text);
    return RAC_OK;
}

/* As many threads as processors for a command; a server has other calls to answer. */
static int64_t usual_threads(const rac_call *call)
{
    const long processors = call->host ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
    return processors < 1 ? 1 : processors > RAC_POWER_THREADS_MAX ? RAC_POWER_THREADS_MAX : processors;
}

typedef struct teller {
    const rac_call *call;
    size_t patients;
    const char *what;
} teller;

static void tell_trials(void *context, size_t done, size_t trials, size_t patients)
{
    teller *const t = context;
    if (t->patients != patients) {
        t->patients = patients;
        t->what = rac_format(t->call->arena, "trials of %zu patients", patients);
    }
    rac_call_progress(t->call, (double)done, (double)trials, t->what);
}

RAC_DO(rac_do_study_power)
{
    int64_t arm, other, visits, trials, seed, threads;
    double wanted;
    rac_power_question q = {.compound = rac_call_flag(call, "compound")};
    rac_status status;
    if ((status = rac_call_whole(call, "patients", 0, 3, 4096, &arm, err)) ||
        (status = rac_call_whole(call, "reference", arm, 3, 4096, &other, err)) ||
        (status = rac_call_whole(call, "visits", 6, 1, 12, &visits, err)) ||
        (status = rac_call_whole(call, "trials", 1000, 10, 100000, &trials, err)) ||
        (status = rac_call_whole(call, "seed", 1, 0, INT64_MAX, &seed, err)) ||
        (status =
             rac_call_whole(call, "threads", usual_threads(call), 1, RAC_POWER_THREADS_MAX, &threads, err)) ||
        (status = rac_call_number(call, "difference", 0, -1000, 1000, &q.difference, err)) ||
        (status = rac_call_number(call, "sd", 0, 1e-6, 1000, &q.sd, err)) ||
        (status = rac_call_number(call, "correlation", 0.5, 0, 0.99, &q.correlation, err)) ||
        (status = rac_call_number(call, "dropout", 0, 0, 0.9, &q.dropout, err)) ||
        (status = rac_call_number(call, "alpha", 0.05, 1e-6, 0.5, &q.alpha, err)) ||
        (status = rac_call_number(call, "power", 0.8, 0.5, 0.99, &wanted, err)))
        return status;
    q.patients[0] = (size_t)other;
    q.patients[1] = (size_t)arm;
    q.visits = (size_t)visits;
    q.trials = (size_t)trials;
    q.seed = (uint64_t)seed;
    q.threads = (int)threads;
    q.progress = tell_trials;
    teller told = {.call = call};
    q.context = &told;
    rac_power power;
    status = arm ? rac_power_of(&q, &power, err) : rac_power_size(&q, wanted, &power, err);
    if (status)
        return status;
    reply->text = rac_format(
        call->arena,
        "%zu treated and %zu reference patients: power %.3f, Monte Carlo error %.3f (95 %% %.3f to %.3f)\n"
        "%zu of %zu simulated trials found the difference; %zu could not be analysed; mean estimate %.3g\n"
        "A difference of %g at visit %zu, sd %g, correlation %g (%s), %g %% gone by then, alpha %g "
        "two-sided.\n"
        "Model: change ~ arm x visit, unstructured covariance, REML, Satterthwaite.  Seed %lld.\n",
        power.patients[1], power.patients[0], power.power, power.monte_carlo_error, power.lower, power.upper,
        power.found, power.trials, power.failed, power.mean_estimate, q.difference, q.visits, q.sd,
        q.correlation, q.compound ? "compound symmetry" : "autoregressive", 100 * q.dropout, q.alpha,
        (long long)seed);
    reply->json =
        json_pack("{s:I, s:I, s:f, s:f, s:f, s:f, s:I, s:I, s:I}", "treated", (json_int_t)power.patients[1],
                  "reference", (json_int_t)power.patients[0], "power", power.power, "monte_carlo_error",
                  power.monte_carlo_error, "lower", power.lower, "upper", power.upper, "trials",
                  (json_int_t)power.trials, "failed", (json_int_t)power.failed, "seed", (json_int_t)seed);
    return RAC_OK;
}

/* ---- benchmark ---- */

static json_t *share_json(rac_benchmark_share share)
{
    return isnan(share.percent) ? json_null()
                                : json_pack("{s:f, s:f, s:f}", "percent", share.percent, "lower",
                                            share.wilson.lower, "upper", share.wilson.upper);
}

static json_t *outcome_json(const rac_benchmark_outcome *o)
{
    json_t *cohorts = json_array();
    for (size_t i = 0; i < o->count; i++) {
        const rac_benchmark_row *r = &o->row[i];
        json_array_append_new(cohorts,
                              json_pack("{s:s, s:I, s:s, s:I, s:o, s:f, s:f, s:s}", "name", r->cohort->name,
                                        "year", (json_int_t)r->cohort->year, "arm", r->cohort->arm,
                                        "patients", (json_int_t)r->cohort->patients, "share",
                                        share_json(r->share), "difference_lower", r->newcombe.lower,
                                        "difference_upper", r->newcombe.upper, "source", r->cohort->source));
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:f, s:[f,f], s:[f,f]}", "outcome", o->name, "started",
                     share_json(o->started), "finishers", share_json(o->finishers), "cohorts", cohorts,
                     "pooled_percent", o->pooled_percent, "funnel_95", o->funnel_95.lower, o->funnel_95.upper,
                     "funnel_998", o->funnel_998.lower, o->funnel_998.upper);
}

static char *problems_text(rac_arena *arena, const rac_problems *problems)
{
    char *text = rac_string_copy(arena, "");
    for (size_t i = 0; i < problems->count; i++) {
        const rac_error *p = &problems->items[i];
        text = rac_format(arena, "%s%s:%d:%d: %s: %s\n", text, p->file, p->line, p->column, p->field,
                          p->message);
        if (p->hint[0])
            text = rac_format(arena, "%s  hint: %s\n", text, p->hint);
    }
    return text;
}

static rac_status read_cohorts(rac_call *call, rac_cohorts *cohorts, rac_reply *reply, rac_error *err)
{
    rac_problems problems = rac_problems_init(call->arena);
    const char *name;
    const rac_text bytes = rac_call_file(call, "file", &name);
    const rac_status status = rac_cohorts_read(call->arena, bytes, name, cohorts, &problems);
    if (!status)
        return RAC_OK;
    reply->text = problems_text(call->arena, &problems);
    return rac_fail(err, status, "%s has %zu problem%s", name, problems.count,
                    problems.count == 1 ? "" : "s");
}

/* Counted from the record, or as given. */
static rac_status own_numbers(rac_call *call, rac_benchmark_own *own, const char **from, rac_error *err)
{
    enum { most = 10000000 };
    rac_status status;
    *from = "";
    if (rac_call_flag(call, "store")) {
        rac_store_chart chart;
        size_t notes;
        if ((status = rac_store_chart_gather(call, &chart, err)))
            return status;
        rac_store_chart_own(&chart, rac_call_value(call, "arm"), own);
        if (!own->started)
            return rac_fail(err, RAC_NOT_FOUND, "nobody in this clinic's record has a baseline in that arm");
        const char **note = rac_store_chart_notes(call->arena, &chart, &notes);
        *from = rac_format(call->arena, "\n%lld started, %lld finished, %lld responded",
                           (long long)own->started, (long long)own->finished, (long long)own->responders);
        if (own->remitters >= 0)
            *from = rac_format(call->arena, "%s, %lld remitted", *from, (long long)own->remitters);
        *from = rac_format(call->arena, "%s.\n", *from);
        for (size_t i = 0; i < notes; i++)
            *from = rac_format(call->arena, "%s%s\n", *from, note[i]);
        return RAC_OK;
    }
    if (!rac_call_value(call, "started") || !rac_call_value(call, "responders")) {
        rac_fail(err, RAC_INVALID, "the clinic's own numbers are missing");
        rac_error_hint(err, "--started and --responders, or --store to count them in this clinic's record");
        return RAC_INVALID;
    }
    if ((status = rac_call_whole(call, "started", 0, 1, most, &own->started, err)) ||
        (status = rac_call_whole(call, "finished", own->started, 0, most, &own->finished, err)) ||
        (status = rac_call_whole(call, "responders", 0, 0, most, &own->responders, err)))
        return status;
    return rac_call_whole(call, "remitters", -1, 0, most, &own->remitters, err);
}

RAC_DO(rac_do_study_benchmark)
{
    rac_cohorts cohorts;
    rac_benchmark_own own;
    rac_benchmark benchmark;
    const char *from;
    rac_status status = read_cohorts(call, &cohorts, reply, err);
    if (status || (status = own_numbers(call, &own, &from, err)) ||
        (status = rac_benchmark_make(call->arena, &cohorts, &own, &benchmark, err)))
        return status;
    reply->text = rac_format(call->arena, "%s%s", rac_benchmark_show(call->arena, &benchmark), from);
    reply->json = json_array();
    for (size_t i = 0; i < benchmark.count; i++)
        json_array_append_new(reply->json, outcome_json(&benchmark.outcome[i]));
    return RAC_OK;
}
