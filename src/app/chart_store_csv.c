/* The chart gathered from the record, as the tidy CSV of docs/study.md, and as the numbers of a benchmark. */
#include <math.h>
#include <string.h>

#include "app/chart_store.h"
#include "base/csv.h"
#include "racemate/study.h"

static void write_names(rac_csv_writer *writer, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        rac_csv_write_string(writer, names[i]);
    rac_csv_end_row(writer);
}

static void write_number(rac_csv_writer *writer, double value)
{
    if (isnan(value))
        rac_csv_write_string(writer, NULL);
    else
        rac_csv_write_number(writer, value);
}

rac_status rac_store_chart_csv(rac_arena *arena, const rac_store_chart *chart, rac_text *csv, rac_error *err)
{
    static const char *const names[] = {"patient", "arm", "visit", "day",       "score",        "sessions",
                                        "reason",  "age", "sex",   "weight_kg", "failed_trials"};
    rac_csv_writer writer = rac_csv_writer_open(arena, ',');
    write_names(&writer, names, sizeof names / sizeof *names);
    for (size_t i = 0; i < chart->patients; i++) {
        const rac_store_patient *p = &chart->patient[i];
        for (size_t k = 0; k <= p->given; k++) {
            rac_csv_write_string(&writer, p->id);
            rac_csv_write_string(&writer, p->arm);
            rac_csv_write_integer(&writer, (int64_t)k);
            write_number(&writer, p->day[k]);
            write_number(&writer, p->score[k]);
            rac_csv_write_integer(&writer, (int64_t)p->given);
            rac_csv_write_string(&writer, p->reason);
            write_number(&writer, p->age_years);
            rac_csv_write_string(&writer, p->sex);
            write_number(&writer, p->weight_kg);
            write_number(&writer, p->failed_trials);
            rac_csv_end_row(&writer);
        }
    }
    return rac_csv_written(&writer, csv, err);
}

rac_status rac_store_chart_events_csv(rac_arena *arena, const rac_store_chart *chart, rac_text *csv,
                                      rac_error *err)
{
    static const char *const names[] = {"patient", "session", "AEDECOD", "AESEV"};
    static const char *const severities[] = {"", "MILD", "MODERATE", "SEVERE"};
    rac_csv_writer writer = rac_csv_writer_open(arena, ',');
    write_names(&writer, names, sizeof names / sizeof *names);
    for (size_t i = 0; i < chart->harms; i++) {
        const rac_store_harm *h = &chart->harm[i];
        rac_csv_write_string(&writer, h->patient);
        rac_csv_write_integer(&writer, (int64_t)h->session);
        rac_csv_write_string(&writer, h->symptom);
        rac_csv_write_string(&writer, severities[h->worst]);
        rac_csv_end_row(&writer);
    }
    return rac_csv_written(&writer, csv, err);
}

const char **rac_store_chart_notes(rac_arena *arena, const rac_store_chart *chart, size_t *count)
{
    const struct {
        size_t n;
        const char *says;
    } rows[] = {
        {chart->without_infusion, "registered without any infusion: not in the chart."},
        {chart->too_recent,
         "began too recently for a whole course: not in the chart (--everyone takes them)."},
        {chart->switched, "were later treated in another arm; they stay in the one they began in."},
    };
    const char **note = rac_many(arena, const char *, sizeof rows / sizeof *rows + 4);
    *count = 0;
    note[(*count)++] =
        rac_format(arena,
                   "From this clinic's record: %s totals; the baseline is the last before the first "
                   "infusion, a session's score the last before the next one.",
                   chart->scale->id);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].n)
            note[(*count)++] =
                rac_format(arena, "%zu patient%s %s", rows[i].n, rows[i].n == 1 ? "" : "s", rows[i].says);
    if (chart->later_sessions)
        note[(*count)++] =
            rac_format(arena, "%zu sessions after the acute course (%zu at most) are not in the chart.",
                       chart->later_sessions, chart->visits - 1);
    if (chart->scores_unused)
        note[(*count)++] = rac_format(
            arena,
            "%zu scores stand beside another of the same session or after the course and are not used.",
            chart->scores_unused);
    note[(*count)++] =
        "Side effects are the symptoms charted in sessions, the worst of each a session; whether one was "
        "serious is not recorded.";
    return note;
}

void rac_store_chart_own(const rac_store_chart *chart, const char *arm, rac_benchmark_own *own)
{
    const char *source;
    const rac_chart scale_only = {.scale = chart->scale};
    const double remission = rac_chart_remission(&scale_only, &source);
    *own = (rac_benchmark_own){.remitters = isnan(remission) ? -1 : 0};
    for (size_t i = 0; i < chart->patients; i++) {
        const rac_store_patient *p = &chart->patient[i];
        if ((arm && strncasecmp(p->arm, arm, strlen(arm)) != 0) || isnan(p->score[0]))
            continue;
        const double end = p->score[p->given];
        own->started++;
        if (!p->complete || isnan(end))
            continue;
        own->finished++;
        own->responders += end <= 0.5 * p->score[0];
        if (end <= remission)
            own->remitters++;
    }
}
