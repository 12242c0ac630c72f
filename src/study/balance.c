/* Who chose which treatment, and the difference after weights that make the arms alike in what was written
 * down. */
#include "study/frame.h"

#include <math.h>

typedef struct table {
    const char **name;
    double *value; /* column after column, rows of each */
    size_t columns;
} table;

/* One column of a table; level SIZE_MAX: the number itself. */
static void add(table *to, const char *name, const rac_frame_column *from, size_t level,
                const size_t *patient, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        const double value = from->value[patient[i]];
        to->value[to->columns * rows + i] = level == SIZE_MAX ? value : value == (double)level;
    }
    to->name[to->columns++] = name;
}

/* `all`: every level of a factor with three or more, for the balance table; otherwise all but the first. */
static table coded(rac_arena *arena, const rac_frame_column *column, size_t columns, bool all,
                   const size_t *patient, size_t rows)
{
    size_t width = 0;
    for (size_t c = 0; c < columns; c++)
        width += column[c].levels ? column[c].levels : 1;
    table out = {rac_many(arena, const char *, width), rac_many(arena, double, width *rows), 0};
    for (size_t c = 0; c < columns; c++) {
        if (!column[c].levels)
            add(&out, column[c].name, &column[c], SIZE_MAX, patient, rows);
        for (size_t l = all && column[c].levels > 2 ? 0 : 1; l < column[c].levels; l++)
            add(&out, rac_format(arena, all ? "%s_%s" : "%s%s", column[c].name, column[c].level_name[l]),
                &column[c], l, patient, rows);
    }
    return out;
}

static size_t complete(const rac_chart *chart, const rac_frame_column *column, size_t columns,
                       size_t *patient)
{
    size_t rows = 0;
    for (size_t p = 0; p < chart->patients; p++) {
        bool in = !isnan(rac_frame_score(chart, p, 0));
        for (size_t c = 0; c < columns; c++)
            in = in && !isnan(column[c].value[p]);
        if (in)
            patient[rows++] = p;
    }
    return rows;
}

static rac_weighting_data model_of(rac_arena *arena, const table *columns, size_t rows, const bool *treated)
{
    const size_t width = columns->columns + 1;
    double *x = rac_many(arena, double, rows *width);
    const char **names = rac_many(arena, const char *, width);
    names[0] = "(Intercept)";
    for (size_t i = 0; i < rows; i++) {
        x[i * width] = 1;
        for (size_t c = 1; c < width; c++)
            x[i * width + c] = columns->value[(c - 1) * rows + i];
    }
    for (size_t c = 1; c < width; c++)
        names[c] = columns->name[c - 1];
    return (rac_weighting_data){.rows = rows, .columns = width, .x = x, .treated = treated, .names = names};
}

/* Percent changes do not exist from a baseline of 0; an arm that has none has no weighted mean of them. */
static bool in_both_arms(const double *value, const bool *treated, size_t rows)
{
    bool seen[RAC_CHART_ARMS] = {false};
    for (size_t i = 0; i < rows; i++)
        seen[treated[i]] = seen[treated[i]] || !isnan(value[i]);
    return seen[0] && seen[1];
}

static const rac_weighted_effect no_effect = {.mean_treated = NAN,
                                              .mean_control = NAN,
                                              .effect = {NAN, NAN, NAN, NAN, NAN, NAN, NAN},
                                              .fixed = {NAN, NAN, NAN, NAN, NAN, NAN, NAN},
                                              .too_few = true};

static rac_status weigh(rac_arena *arena, const rac_weighting_data *data, const table *shown,
                        const double *percent, double level, int e, rac_study_balance *out, rac_error *err)
{
    const rac_weighting_options how = {.estimand = out->estimand[e], .drop_collinear = true};
    rac_balance *balance = rac_many(arena, rac_balance, shown->columns);
    out->balance[e] = balance;
    rac_status status = rac_weighting_make(arena, data, &how, &out->weighting[e], err);
    for (size_t c = 0; c < shown->columns && !status; c++)
        status =
            rac_balance_of(arena, data, &out->weighting[e], shown->value + c * data->rows, &balance[c], err);
    if (!status)
        status = rac_balance_of(arena, data, &out->weighting[e], out->weighting[e].propensity, &out->score[e],
                                err);
    rac_effect_options effect = {.y = out->last_change, .level = level};
    if (!status)
        status = rac_weighting_effect(arena, data, &out->weighting[e], &effect, &out->change[e], err);
    effect.y = percent;
    out->percent[e] = no_effect;
    if (status || !in_both_arms(percent, data->treated, data->rows))
        return status;
    return rac_weighting_effect(arena, data, &out->weighting[e], &effect, &out->percent[e], err);
}

/* E-values of the difference as seen and of each weighted one, all in the pooled sd of the change. */
static rac_status e_values(double sd, rac_study_balance *out, rac_error *err)
{
    const rac_evalue unknown = {.point = NAN, .limit = NAN};
    out->e_value = unknown;
    for (int e = 0; e < RAC_STUDY_ESTIMANDS; e++)
        out->e_value_weighted[e] = unknown;
    if (!(sd > 0))
        return RAC_OK;
    rac_status status =
        rac_evalue_of_means(out->unweighted.estimate, out->unweighted.se, sd, &out->e_value, err);
    for (int e = 0; e < RAC_STUDY_ESTIMANDS && !status; e++)
        if (!out->change[e].too_few)
            status = rac_evalue_of_means(out->change[e].effect.estimate, out->change[e].effect.se, sd,
                                         &out->e_value_weighted[e], err);
    return status;
}

static rac_status unweighted(rac_arena *arena, size_t rows, const double *percent, double level,
                             rac_study_balance *out, rac_error *err)
{
    double *arm[RAC_CHART_ARMS] = {rac_many(arena, double, rows), rac_many(arena, double, rows)};
    double *share[RAC_CHART_ARMS] = {rac_many(arena, double, rows), rac_many(arena, double, rows)};
    size_t n[RAC_CHART_ARMS] = {0};
    for (size_t i = 0; i < rows; i++) {
        const int a = out->treated[i];
        share[a][n[a]] = percent[i];
        arm[a][n[a]++] = out->last_change[i];
    }
    const rac_values treated = {arm[1], n[1]}, reference = {arm[0], n[0]};
    rac_effect_size size;
    rac_status status = rac_t_test_welch(treated, reference, level, &out->unweighted, err);
    if (!status)
        status = rac_t_test_welch((rac_values){share[1], n[1]}, (rac_values){share[0], n[0]}, level,
                                  &out->unweighted_percent, err);
    if (!status)
        status = rac_effect_size_of(treated, reference, &size, err);
    if (status)
        return status;
    const bool known = !isnan(size.cohen_d) && size.cohen_d != 0;
    return e_values(known ? out->unweighted.estimate / size.cohen_d : (double)NAN, out, err);
}

rac_status rac_study_balance_of(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                                rac_study_balance *out, rac_error *err)
{
    static const rac_estimand estimands[] = {RAC_ESTIMAND_ATO, RAC_ESTIMAND_ATE, RAC_ESTIMAND_ATT,
                                             RAC_ESTIMAND_ATC};
    const rac_study_options o = rac_study_filled(options);
    rac_frame_column *column;
    size_t columns;
    rac_status status = rac_frame_columns(arena, chart, &o, &column, &columns, err);
    if (status)
        return status;
    size_t *patient = rac_many(arena, size_t, chart->patients);
    const size_t rows = complete(chart, column, columns, patient);
    bool *treated = rac_many(arena, bool, rows);
    double *change = rac_many(arena, double, rows), *percent = rac_many(arena, double, rows);
    for (size_t i = 0; i < rows; i++) {
        const double base = rac_frame_score(chart, patient[i], 0),
                     last = rac_frame_last_change(chart, patient[i]);
        treated[i] = chart->arm[patient[i]] == RAC_CHART_TREATED;
        change[i] = isnan(last) ? 0 : last;
        percent[i] = base == 0 ? (double)NAN : 100 * change[i] / base;
    }
    const table model = coded(arena, column, columns, false, patient, rows);
    const table shown = coded(arena, column, columns, true, patient, rows);
    const rac_weighting_data data = model_of(arena, &model, rows, treated);
    *out = (rac_study_balance){.patients = rows,
                               .left_out = chart->patients - rows,
                               .patient = patient,
                               .columns = shown.columns,
                               .column_name = shown.name,
                               .model_columns = data.columns,
                               .model_name = data.names,
                               .treated = treated,
                               .last_change = change};
    if (!rows)
        return rac_fail(err, RAC_INVALID, "nobody has a baseline and every covariate");
    for (int e = 0; e < RAC_STUDY_ESTIMANDS && !status; e++) {
        out->estimand[e] = estimands[e];
        status = weigh(arena, &data, &shown, percent, o.level, e, out, err);
    }
    return status ? status : unweighted(arena, rows, percent, o.level, out, err);
}
