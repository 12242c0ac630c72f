/* stats/mixed_usual.c: the usual model written out: arm x visit plus covariates, in treatment coding.
 *
 * Columns, left to right: intercept; covariates; visits; arms; covariate x visit; visit x arm.  Rank
 * deficiency drops from the right, so interactions go first. */
#include "racemate/stats/mixed.h"

#include <math.h>

/* How many dummies or values a covariate takes. */
static size_t width(const rac_mixed_covariate *covariate)
{
    return covariate->levels == 0 ? 1 : covariate->levels - 1;
}

typedef struct layout {
    size_t covariate_width; /* of all covariates together */
    size_t factors;         /* 1 + arms-1 + covariate_width */
    size_t columns;
} layout;

static layout layout_of(const rac_mixed_usual *model)
{
    layout l = {0};
    size_t by_visit = 0;
    for (size_t k = 0; k < model->covariates; k++) {
        l.covariate_width += width(&model->covariate[k]);
        by_visit += model->covariate[k].by_visit ? width(&model->covariate[k]) : 0;
    }
    const size_t later = model->visits - 1, arms = model->arms - 1;
    l.factors = 1 + arms + l.covariate_width;
    l.columns = 1 + l.covariate_width + later + (model->shared_first_visit ? 0 : arms) + by_visit * later +
                arms * later;
    return l;
}

/* Walks the columns in order.  Each is (factor) x (visit dummy, or every visit). */
typedef void column_visitor(void *context, size_t column, size_t factor, size_t visit);

#define EVERY_VISIT SIZE_MAX

static void walk(const rac_mixed_usual *model, column_visitor *visitor, void *context)
{
    const size_t arms = model->arms - 1, first_covariate = 1 + arms;
    size_t column = 0;
    visitor(context, column++, 0, EVERY_VISIT);
    const layout l = layout_of(model);
    for (size_t k = 0; k < l.covariate_width; k++)
        visitor(context, column++, first_covariate + k, EVERY_VISIT);
    for (size_t v = 1; v < model->visits; v++)
        visitor(context, column++, 0, v);
    for (size_t a = 0; a < arms && !model->shared_first_visit; a++)
        visitor(context, column++, 1 + a, EVERY_VISIT);
    size_t at = first_covariate;
    for (size_t k = 0; k < model->covariates; k++)
        for (size_t w = 0; w < width(&model->covariate[k]); w++, at++)
            for (size_t v = 1; model->covariate[k].by_visit && v < model->visits; v++)
                visitor(context, column++, at, v);
    for (size_t a = 0; a < arms; a++)
        for (size_t v = 1; v < model->visits; v++)
            visitor(context, column++, 1 + a, v);
}

static const char *label(rac_arena *arena, const char *const *names, size_t i, size_t first)
{
    return names ? names[i] : rac_format(arena, "%zu", i + first);
}

static const char *factor_name(rac_arena *arena, const rac_mixed_usual *model, size_t factor)
{
    if (factor < model->arms)
        return rac_format(arena, "%s%s", model->arm_term ? model->arm_term : "arm",
                          label(arena, model->arm_name, factor, 0));
    size_t left = factor - model->arms;
    for (size_t k = 0; k < model->covariates; k++) {
        const rac_mixed_covariate *const c = &model->covariate[k];
        if (left < width(c))
            return c->levels == 0
                       ? rac_string_copy(arena, c->name)
                       : rac_format(arena, "%s%s", c->name, label(arena, c->level_name, left + 1, 0));
        left -= width(c);
    }
    return "?";
}

typedef struct naming {
    rac_arena *arena;
    const rac_mixed_usual *model;
    const char **name;
} naming;

static void name_column(void *context, size_t column, size_t factor, size_t visit)
{
    const naming *const n = context;
    const rac_mixed_usual *const model = n->model;
    if (visit == EVERY_VISIT) {
        n->name[column] = factor == 0 ? "(Intercept)" : factor_name(n->arena, model, factor);
        return;
    }
    const char *const at = rac_format(n->arena, "%s%s", model->visit_term ? model->visit_term : "visit",
                                      label(n->arena, model->visit_name, visit, 1));
    if (factor == 0)
        n->name[column] = at;
    else if (factor < model->arms)
        n->name[column] = rac_format(n->arena, "%s:%s", at, factor_name(n->arena, model, factor));
    else
        n->name[column] = rac_format(n->arena, "%s:%s", factor_name(n->arena, model, factor), at);
}

typedef struct mapping {
    double *map;
    size_t visits, columns, factors;
} mapping;

static void map_column(void *context, size_t column, size_t factor, size_t visit)
{
    const mapping *const m = context;
    for (size_t v = 0; v < m->visits; v++)
        if (visit == EVERY_VISIT || visit == v)
            m->map[(v * m->columns + column) * m->factors + factor] = 1;
}

/* ---- checks -------------------------------------------------------------------------------------- */

static bool seen_at(const rac_mixed_usual *model, size_t patient, size_t visit)
{
    return !isnan(model->outcome[patient * model->visits + visit]);
}

static rac_status check_sizes(const rac_mixed_usual *model, rac_error *err)
{
    if (model->patients == 0 || model->visits == 0 || model->arms == 0)
        return rac_fail(err, RAC_INVALID, "a model needs patients, visits and arms: got %zu, %zu and %zu",
                        model->patients, model->visits, model->arms);
    if (model->visits > RAC_MIXED_VISITS_MAX)
        return rac_fail(err, RAC_LIMIT, "%zu visits, at most %d are accepted", model->visits,
                        RAC_MIXED_VISITS_MAX);
    for (size_t k = 0; k < model->covariates; k++)
        if (model->covariate[k].levels == 1)
            return rac_fail(err, RAC_INVALID, "covariate %s has one level only", model->covariate[k].name);
    return RAC_OK;
}

static rac_status check_covariates(const rac_mixed_usual *model, rac_error *err)
{
    for (size_t k = 0; k < model->covariates; k++) {
        const rac_mixed_covariate *const c = &model->covariate[k];
        for (size_t i = 0; i < model->patients; i++) {
            const double x = c->value[i];
            if (!isfinite(x)) {
                rac_fail(err, RAC_INVALID, "covariate %s of patient %zu is missing", c->name, i + 1);
                rac_error_hint(err, "leave the patient out, or impute the covariate before the model");
                return RAC_INVALID;
            }
            if (c->levels > 0 && (x < 0 || x >= (double)c->levels || x != floor(x)))
                return rac_fail(err, RAC_INVALID, "covariate %s of patient %zu is level %g of %zu", c->name,
                                i + 1, x, c->levels);
        }
    }
    return RAC_OK;
}

static rac_status check_cells(rac_arena *arena, const rac_mixed_usual *model, rac_error *err)
{
    size_t *const by_arm = rac_many(arena, size_t, model->arms);
    size_t *const by_visit = rac_many(arena, size_t, model->visits);
    for (size_t i = 0; i < model->patients; i++) {
        const int32_t arm = model->arm[i];
        if (arm < 0 || (size_t)arm >= model->arms)
            return rac_fail(err, RAC_INVALID, "patient %zu is in arm %d, the model has %zu", i + 1, (int)arm,
                            model->arms);
        for (size_t v = 0; v < model->visits; v++) {
            const double y = model->outcome[i * model->visits + v];
            if (isinf(y))
                return rac_fail(err, RAC_INVALID, "the outcome of patient %zu at visit %s is infinite", i + 1,
                                label(arena, model->visit_name, v, 1));
            by_arm[arm] += !isnan(y);
            by_visit[v] += !isnan(y);
        }
    }
    size_t all = 0;
    for (size_t v = 0; v < model->visits; v++)
        all += by_visit[v];
    if (all == 0)
        return rac_fail(err, RAC_INVALID, "every outcome is missing");
    for (size_t v = 0; v < model->visits; v++)
        if (by_visit[v] == 0) {
            rac_fail(err, RAC_INVALID, "no patient has an outcome at visit %s",
                     label(arena, model->visit_name, v, 1));
            rac_error_hint(err, "leave that visit out of the model");
            return RAC_INVALID;
        }
    for (size_t a = 0; a < model->arms; a++)
        if (by_arm[a] == 0) {
            rac_fail(err, RAC_INVALID, "no patient of arm %s has an outcome",
                     label(arena, model->arm_name, a, 0));
            rac_error_hint(err, "leave that arm out of the model");
            return RAC_INVALID;
        }
    return RAC_OK;
}

/* ---- the design ---------------------------------------------------------------------------------- */

static void fill_factors(const rac_mixed_usual *model, size_t factors, double *factor)
{
    for (size_t i = 0; i < model->patients; i++) {
        double *const u = factor + i * factors;
        u[0] = 1;
        if (model->arm[i] > 0)
            u[model->arm[i]] = 1;
        size_t at = model->arms;
        for (size_t k = 0; k < model->covariates; k++) {
            const rac_mixed_covariate *const c = &model->covariate[k];
            if (c->levels == 0)
                u[at] = c->value[i];
            else if (c->value[i] > 0)
                u[at + (size_t)c->value[i] - 1] = 1;
            at += width(c);
        }
    }
}

static const char *const *names_or_numbers(rac_arena *arena, const char *const *names, size_t n, size_t first)
{
    const char **const out = rac_many(arena, const char *, n);
    for (size_t i = 0; i < n; i++)
        out[i] = label(arena, names, i, first);
    return out;
}

rac_status rac_mixed_design_usual(rac_arena *arena, const rac_mixed_usual *model, rac_mixed_design *design,
                                  rac_error *err)
{
    rac_status status = check_sizes(model, err);
    if (status == RAC_OK)
        status = check_covariates(model, err);
    if (status == RAC_OK)
        status = check_cells(arena, model, err);
    if (status != RAC_OK)
        return status;
    const layout l = layout_of(model);
    double *const factor = rac_many(arena, double, model->patients *l.factors);
    fill_factors(model, l.factors, factor);
    mapping m = {rac_many(arena, double, model->visits *l.columns *l.factors), model->visits, l.columns,
                 l.factors};
    walk(model, map_column, &m);
    naming n = {arena, model, rac_many(arena, const char *, l.columns)};
    walk(model, name_column, &n);
    *design = (rac_mixed_design){
        .patients = model->patients,
        .visits = model->visits,
        .columns = l.columns,
        .factors = l.factors,
        .factor = factor,
        .map = m.map,
        .outcome = model->outcome,
        .group = model->covariance_per_arm ? model->arm : NULL,
        .groups = model->covariance_per_arm ? model->arms : 1,
        .visit_time = model->visit_time,
        .time = model->time,
        .column_name = n.name,
        .visit_name = names_or_numbers(arena, model->visit_name, model->visits, 1),
        .group_name = names_or_numbers(arena, model->covariance_per_arm ? model->arm_name : NULL,
                                       model->covariance_per_arm ? model->arms : 1, 0),
    };
    return RAC_OK;
}

/* ---- least-squares means ------------------------------------------------------------------------- */

/* How much a patient counts in a mean of covariates: once, or once a score. */
static double weight_in_mean(const rac_mixed_usual *model, size_t patient, rac_mixed_margin margin)
{
    size_t scores = 0;
    for (size_t v = 0; v < model->visits; v++)
        scores += seen_at(model, patient, v);
    return margin == RAC_MIXED_MEANS_PATIENTS ? (double)(scores > 0) : (double)scores;
}

/* factor (arms' dummies left 0): where the covariates are held. */
static void hold_covariates(const rac_mixed_usual *model, rac_mixed_margin margin, double *factor)
{
    double all = 0;
    for (size_t i = 0; i < model->patients; i++) {
        const double weight = weight_in_mean(model, i, margin);
        all += weight;
        for (size_t k = 0, at = model->arms; k < model->covariates; k++) {
            const rac_mixed_covariate *const c = &model->covariate[k];
            if (c->levels == 0)
                factor[at] += weight * c->value[i];
            else if (c->value[i] > 0)
                factor[at + (size_t)c->value[i] - 1] += weight;
            at += width(c);
        }
    }
    factor[0] = 1;
    for (size_t k = 0, at = model->arms; k < model->covariates; k++) {
        const rac_mixed_covariate *const c = &model->covariate[k];
        for (size_t w = 0; w < width(c); w++, at++)
            factor[at] =
                c->levels > 0 && margin == RAC_MIXED_MEANS_EQUAL ? 1 / (double)c->levels : factor[at] / all;
    }
}

typedef struct row_filling {
    double *row;
    const double *factor;
    size_t visit;
} row_filling;

static void fill_row(void *context, size_t column, size_t factor, size_t visit)
{
    const row_filling *const f = context;
    f->row[column] = visit == EVERY_VISIT || visit == f->visit ? f->factor[factor] : 0;
}

static void fill_mean_row(const rac_mixed_usual *model, double *factor, size_t arm, size_t visit, double *row)
{
    for (size_t a = 1; a < model->arms; a++)
        factor[a] = a == arm;
    walk(model, fill_row, &(row_filling){row, factor, visit});
}

/* A model with more columns than this has no business with a row on the stack. */
#define FACTORS_MAX 4096

rac_status rac_mixed_mean_row(const rac_mixed_usual *model, rac_mixed_margin margin, size_t arm, size_t visit,
                              double *row, rac_error *err)
{
    if (arm >= model->arms || visit >= model->visits)
        return rac_fail(err, RAC_INVALID,
                        "the model has %zu arms and %zu visits; asked for arm %zu, visit %zu", model->arms,
                        model->visits, arm + 1, visit + 1);
    if (layout_of(model).factors > FACTORS_MAX)
        return rac_fail(err, RAC_LIMIT, "%zu factor columns, at most %d are accepted",
                        layout_of(model).factors, FACTORS_MAX);
    double factor[FACTORS_MAX] = {0};
    hold_covariates(model, margin, factor);
    fill_mean_row(model, factor, arm, visit, row);
    return RAC_OK;
}

rac_status rac_mixed_means_usual(rac_arena *arena, const rac_mixed_usual *model, const rac_mixed_fit *fit,
                                 rac_mixed_margin margin, size_t treated, size_t reference,
                                 rac_mixed_means *means, rac_error *err)
{
    const size_t p = fit->columns, m = model->visits;
    if (treated >= model->arms || reference >= model->arms || treated == reference)
        return rac_fail(err, RAC_INVALID, "a difference needs two arms of the model's %zu", model->arms);
    if (layout_of(model).columns != p)
        return rac_fail(err, RAC_INVALID, "the fit has %zu columns and the model %zu: not the same model", p,
                        layout_of(model).columns);
    double *const row = rac_many(arena, double, model->arms *m *p);
    rac_mixed_estimate *const mean = rac_many(arena, rac_mixed_estimate, model->arms * m);
    rac_mixed_estimate *const difference = rac_many(arena, rac_mixed_estimate, m);
    double *const factor = rac_many(arena, double, layout_of(model).factors);
    hold_covariates(model, margin, factor);
    for (size_t a = 0; a < model->arms; a++)
        for (size_t v = 0; v < m; v++) {
            fill_mean_row(model, factor, a, v, row + (a * m + v) * p);
            rac_mixed_test(arena, fit, row + (a * m + v) * p, &mean[a * m + v]);
        }
    double *const contrast = rac_many(arena, double, m *p);
    double *const change = rac_many(arena, double, m *p); /* difference at v minus difference at the first */
    for (size_t v = 0; v < m; v++) {
        for (size_t c = 0; c < p; c++) {
            contrast[v * p + c] = row[(treated * m + v) * p + c] - row[(reference * m + v) * p + c];
            change[v * p + c] = contrast[v * p + c] - contrast[c];
        }
        rac_mixed_test(arena, fit, contrast + v * p, &difference[v]);
    }
    *means = (rac_mixed_means){.arms = model->arms, .visits = m, .mean = mean, .difference = difference};
    rac_mixed_test_joint(arena, fit, contrast, m, &means->no_difference);
    rac_mixed_test_joint(arena, fit, change + p, m - 1, &means->constant_difference);
    return RAC_OK;
}
