/* tests/stats/mixed_chart.h: a chart in ADaM or plain long form, as the usual model wants it. */
#ifndef RACEMATE_TESTS_STATS_MIXED_CHART_H
#define RACEMATE_TESTS_STATS_MIXED_CHART_H

#include "reference.h"

#include "racemate/stats/mixed.h"

typedef struct chart {
    const rac_csv_table *table;
    size_t patients, visits, arms;
    const char **id;         /* patients, in order of id */
    const char **visit_name; /* visits, in order of the file's number or of the text */
    const char **arm_name;   /* reference first */
    int32_t *arm;
    int64_t *row; /* patients x visits: row of the table; -1 where there is none */
} chart;

static inline const char *text_of(rac_arena *arena, rac_text text)
{
    return rac_text_copy(arena, text);
}

/* Position of a label, added at the end when new. */
static inline size_t place_of(rac_arena *arena, const char **labels, size_t *count, rac_text text)
{
    for (size_t k = 0; k < *count; k++)
        if (rac_text_is(text, labels[k]))
            return k;
    labels[(*count)++] = text_of(arena, text);
    return *count - 1;
}

static inline int label_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Rows with keep[row]; visits in order of visit_number when given, else of the text. */
static inline chart chart_of(rac_arena *arena, const rac_csv_table *table, const char *id, const char *visit,
                             const char *visit_number, const char *arm, const char *const *arms,
                             const bool *keep)
{
    chart c = {.table = table, .arms = 2};
    const rac_text *const ids = texts_of(table, id), *const visits = texts_of(table, visit);
    const rac_text *const arm_text = arm ? texts_of(table, arm) : NULL;
    const double *const number = visit_number ? numbers_of(arena, table, visit_number) : NULL;
    c.id = rac_many(arena, const char *, table->rows);
    c.visit_name = rac_many(arena, const char *, table->rows);
    double *const place = rac_many(arena, double, table->rows);
    for (size_t i = 0; i < table->rows; i++) {
        if (keep && !keep[i])
            continue;
        place_of(arena, c.id, &c.patients, ids[i]);
        const size_t v = place_of(arena, c.visit_name, &c.visits, visits[i]);
        place[v] = number ? number[i] : 0;
    }
    qsort(c.id, c.patients, sizeof *c.id, label_order);
    if (!number)
        qsort(c.visit_name, c.visits, sizeof *c.visit_name, label_order);
    for (size_t a = 1; number && a < c.visits; a++) /* insertion by number */
        for (size_t b = a; b > 0 && place[b] < place[b - 1]; b--) {
            const double t = place[b];
            place[b] = place[b - 1];
            place[b - 1] = t;
            const char *const name = c.visit_name[b];
            c.visit_name[b] = c.visit_name[b - 1];
            c.visit_name[b - 1] = name;
        }
    c.arm = rac_many(arena, int32_t, c.patients);
    c.arm_name = rac_many(arena, const char *, 2);
    for (size_t a = 0; arms && a < 2; a++)
        c.arm_name[a] = arms[a];
    c.row = rac_many(arena, int64_t, c.patients * c.visits);
    for (size_t k = 0; k < c.patients * c.visits; k++)
        c.row[k] = -1;
    for (size_t i = 0; i < table->rows; i++) {
        if (keep && !keep[i])
            continue;
        const size_t p = place_of(arena, c.id, &c.patients, ids[i]);
        c.row[p * c.visits + place_of(arena, c.visit_name, &c.visits, visits[i])] = (int64_t)i;
        if (arm_text)
            c.arm[p] = rac_text_is(arm_text[i], arms[1]);
    }
    return c;
}

/* A column as patients x visits, NaN where there is no row or no number. */
static inline double *wide_of(rac_arena *arena, const chart *c, const char *column)
{
    const double *const long_form = numbers_of(arena, c->table, column);
    double *const wide = rac_many(arena, double, c->patients * c->visits);
    for (size_t k = 0; k < c->patients * c->visits; k++)
        wide[k] = c->row[k] < 0 ? (double)NAN : long_form[c->row[k]];
    return wide;
}

/* A covariate by patient from a table with one or several rows a patient: number or factor. */
static inline rac_mixed_covariate covariate_of(rac_arena *arena, const chart *c, const rac_csv_table *from,
                                               const char *id, const char *name, bool text)
{
    const rac_text *const ids = texts_of(from, id), *const cells = texts_of(from, name);
    const double *const number = text ? NULL : numbers_of(arena, from, name);
    double *const value = rac_many(arena, double, c->patients);
    const char **const level = rac_many(arena, const char *, from->rows);
    size_t levels = 0;
    for (size_t i = 0; text && i < from->rows; i++)
        place_of(arena, level, &levels, cells[i]);
    qsort(level, levels, sizeof *level, label_order);
    for (size_t p = 0; p < c->patients; p++)
        for (size_t i = 0; i < from->rows; i++)
            if (rac_text_is(ids[i], c->id[p])) {
                value[p] = text ? (double)place_of(arena, level, &levels, cells[i]) : number[i];
                break;
            }
    return (rac_mixed_covariate){
        .name = name, .value = value, .levels = levels, .level_name = text ? level : NULL};
}

/* The same design as rows, for the general path; `weight` is patients x visits or NULL. */
static inline rac_mixed_rows rows_of(rac_arena *arena, const rac_mixed_design *d, const double *weight)
{
    const size_t n = d->patients * d->visits;
    double *const x = rac_many(arena, double, n * d->columns), *const y = rac_many(arena, double, n);
    double *const w = rac_many(arena, double, n), *const time = rac_many(arena, double, n);
    int32_t *const patient = rac_many(arena, int32_t, n), *const visit = rac_many(arena, int32_t, n);
    for (size_t i = 0; i < d->patients; i++)
        for (size_t v = 0; v < d->visits; v++) {
            const size_t at = i * d->visits + v;
            for (size_t c = 0; c < d->columns; c++)
                for (size_t f = 0; f < d->factors; f++)
                    x[at * d->columns + c] +=
                        d->map[(v * d->columns + c) * d->factors + f] * d->factor[i * d->factors + f];
            y[at] = d->outcome[at];
            w[at] = weight ? weight[at] : 1;
            time[at] = d->time ? d->time[at] : d->visit_time ? d->visit_time[v] : 0;
            patient[at] = (int32_t)i;
            visit[at] = (int32_t)v;
        }
    return (rac_mixed_rows){.rows = n,
                            .columns = d->columns,
                            .patients = d->patients,
                            .visits = d->visits,
                            .x = x,
                            .outcome = y,
                            .patient = patient,
                            .visit = visit,
                            .weight = weight ? w : NULL,
                            .time = d->time || d->visit_time ? time : NULL,
                            .group = d->group,
                            .groups = d->group ? d->groups : 0,
                            .column_name = d->column_name,
                            .visit_name = d->visit_name,
                            .group_name = d->group_name};
}

#endif
