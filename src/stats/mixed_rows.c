/* stats/mixed_rows.c: any design, one row a score, brought to the form x_ij = B_j u_i.
 *
 * Column c seen at visit j is a "slice": one number per patient attending j.  Most slices are constant
 * (a visit dummy) or a multiple of something the patient carries along (arm, baseline, arm x time).
 * Slices are compared with the factors found so far, patient by patient; what fits none becomes a
 * factor of its own, so that a covariate changing with time costs one factor a visit and is exact. */
#include "racemate/stats/mixed.h"

#include <math.h>

typedef struct finder {
    const rac_mixed_rows *rows;
    const int64_t *row_of; /* patients x visits; -1 where no score */
    size_t factors;
    double **factor; /* factors x patients; NaN where not known yet */
    size_t *source;  /* visits x columns: the factor a slice is a multiple of, */
    double *ratio;   /* and the multiple */
} finder;

/* The slice as numbers; NaN where the patient did not attend. Weights enter here. */
static void slice_of(const finder *f, size_t visit, size_t column, double *slice)
{
    const rac_mixed_rows *const r = f->rows;
    for (size_t i = 0; i < r->patients; i++) {
        const int64_t at = f->row_of[i * r->visits + visit];
        slice[i] = at < 0 ? NAN : r->x[(size_t)at * r->columns + column];
        if (at >= 0 && r->weight)
            slice[i] *= sqrt(r->weight[at]);
    }
}

static bool is_constant(const double *slice, size_t n, double *value)
{
    *value = 0;
    bool first = true;
    for (size_t i = 0; i < n; i++) {
        if (isnan(slice[i]))
            continue;
        if (first)
            *value = slice[i];
        else if (slice[i] != *value)
            return false;
        first = false;
    }
    return true;
}

/* slice = ratio * factor wherever both are known?  1e-14: a product rounded differently is still it. */
static bool is_multiple(const double *slice, const double *factor, size_t n, double *ratio)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(slice[i]) && fabs(factor[i]) > largest) {
            largest = fabs(factor[i]);
            *ratio = slice[i] / factor[i];
        }
    if (largest == 0 || *ratio == 0)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!isnan(slice[i]) && !isnan(factor[i]) &&
            fabs(slice[i] - *ratio * factor[i]) > 1e-14 * fabs(slice[i]))
            return false;
    return true;
}

static void set_map(finder *f, size_t visit, size_t column, size_t factor, double value)
{
    f->source[visit * f->rows->columns + column] = factor;
    f->ratio[visit * f->rows->columns + column] = value;
}

static void place_slice(finder *f, rac_arena *arena, size_t visit, size_t column, double *slice)
{
    const size_t n = f->rows->patients;
    slice_of(f, visit, column, slice);
    double value;
    if (is_constant(slice, n, &value)) {
        set_map(f, visit, column, 0, value);
        return;
    }
    for (size_t k = 1; k < f->factors; k++)
        if (is_multiple(slice, f->factor[k], n, &value)) {
            for (size_t i = 0; i < n; i++)
                if (isnan(f->factor[k][i]) && !isnan(slice[i]))
                    f->factor[k][i] = slice[i] / value;
            set_map(f, visit, column, k, value);
            return;
        }
    double *const fresh = rac_many(arena, double, n);
    for (size_t i = 0; i < n; i++)
        fresh[i] = slice[i];
    f->factor[f->factors] = fresh;
    set_map(f, visit, column, f->factors, 1);
    f->factors++;
}

/* ---- checks and bookkeeping ---------------------------------------------------------------------- */

static const char *visit_label(rac_arena *arena, const rac_mixed_rows *r, size_t visit)
{
    return r->visit_name ? r->visit_name[visit] : rac_format(arena, "%zu", visit + 1);
}

static rac_status check_row(rac_arena *arena, const rac_mixed_rows *r, size_t i, rac_error *err)
{
    if (r->patient[i] < 0 || (size_t)r->patient[i] >= r->patients)
        return rac_fail(err, RAC_INVALID, "row %zu is of patient %d, there are %zu", i + 1,
                        (int)r->patient[i] + 1, r->patients);
    if (r->visit[i] < 0 || (size_t)r->visit[i] >= r->visits)
        return rac_fail(err, RAC_INVALID, "row %zu is at visit %d, there are %zu", i + 1,
                        (int)r->visit[i] + 1, r->visits);
    if (isinf(r->outcome[i]))
        return rac_fail(err, RAC_INVALID, "the outcome in row %zu is infinite", i + 1);
    if (r->weight && !(r->weight[i] > 0 && isfinite(r->weight[i])))
        return rac_fail(err, RAC_INVALID, "the weight in row %zu is %g; weights are positive", i + 1,
                        r->weight[i]);
    for (size_t c = 0; c < r->columns; c++)
        if (!isfinite(r->x[i * r->columns + c])) {
            rac_fail(err, RAC_INVALID, "column %s is missing in row %zu",
                     r->column_name ? r->column_name[c] : rac_format(arena, "x%zu", c + 1), i + 1);
            rac_error_hint(err, "leave the row out, or impute the covariate before the model");
            return RAC_INVALID;
        }
    return RAC_OK;
}

static rac_status index_rows(rac_arena *arena, const rac_mixed_rows *r, int64_t *row_of, rac_error *err)
{
    size_t *const by_visit = rac_many(arena, size_t, r->visits);
    for (size_t k = 0; k < r->patients * r->visits; k++)
        row_of[k] = -1;
    size_t used = 0;
    for (size_t i = 0; i < r->rows; i++) {
        if (isnan(r->outcome[i]))
            continue;
        const rac_status status = check_row(arena, r, i, err);
        if (status != RAC_OK)
            return status;
        int64_t *const at = &row_of[(size_t)r->patient[i] * r->visits + (size_t)r->visit[i]];
        if (*at >= 0)
            return rac_fail(err, RAC_INVALID, "patient %d has two rows at visit %s (rows %zu and %zu)",
                            (int)r->patient[i] + 1, visit_label(arena, r, (size_t)r->visit[i]),
                            (size_t)*at + 1, i + 1);
        *at = (int64_t)i;
        by_visit[r->visit[i]]++;
        used++;
    }
    if (used == 0)
        return rac_fail(err, RAC_INVALID, "every outcome is missing");
    for (size_t v = 0; v < r->visits; v++)
        if (by_visit[v] == 0) {
            rac_fail(err, RAC_INVALID, "no patient has an outcome at visit %s", visit_label(arena, r, v));
            rac_error_hint(err, "leave that visit out of the model");
            return RAC_INVALID;
        }
    return RAC_OK;
}

/* Times as visit_time when every patient shares them, else as patients x visits. */
static rac_status place_times(rac_arena *arena, const finder *f, rac_mixed_design *design, rac_error *err)
{
    const rac_mixed_rows *const r = f->rows;
    double *const visit_time = rac_many(arena, double, r->visits);
    double *const time = rac_many(arena, double, r->patients * r->visits);
    bool shared = true;
    for (size_t v = 0; v < r->visits; v++) {
        visit_time[v] = NAN;
        for (size_t i = 0; i < r->patients; i++) {
            const int64_t at = f->row_of[i * r->visits + v];
            time[i * r->visits + v] = at < 0 ? NAN : r->time[at];
            if (at < 0)
                continue;
            if (!isfinite(r->time[at]))
                return rac_fail(err, RAC_INVALID, "the time in row %zu is missing", (size_t)at + 1);
            if (isnan(visit_time[v]))
                visit_time[v] = r->time[at];
            shared = shared && r->time[at] == visit_time[v];
        }
    }
    if (shared)
        design->visit_time = visit_time;
    else
        design->time = time;
    return RAC_OK;
}

static void place_outcomes(rac_arena *arena, const finder *f, rac_mixed_design *design)
{
    const rac_mixed_rows *const r = f->rows;
    const size_t cells = r->patients * r->visits;
    double *const y = rac_many(arena, double, cells), *const root =
                                                          r->weight ? rac_many(arena, double, cells) : NULL;
    for (size_t k = 0; k < cells; k++) {
        const int64_t at = f->row_of[k];
        y[k] = at < 0 ? NAN : r->outcome[at];
        if (at >= 0 && r->weight) {
            root[k] = sqrt(r->weight[at]);
            y[k] *= root[k];
            design->log_weights += log(r->weight[at]);
        }
    }
    design->outcome = y;
    design->root_weight = root;
}

static const char *const *names(rac_arena *arena, const char *const *given, size_t n, const char *format)
{
    const char **const out = rac_many(arena, const char *, n);
    for (size_t i = 0; i < n; i++)
        out[i] = given ? given[i] : rac_format(arena, "%s%zu", format, i + 1);
    return out;
}

/* Transposes the factors found to patients x factors and packs the map. */
static void pack(rac_arena *arena, const finder *f, rac_mixed_design *design)
{
    const rac_mixed_rows *const r = f->rows;
    const size_t q = f->factors;
    double *const factor = rac_many(arena, double, r->patients *q);
    for (size_t i = 0; i < r->patients; i++)
        for (size_t k = 0; k < q; k++)
            factor[i * q + k] = k == 0 ? 1 : isnan(f->factor[k][i]) ? 0 : f->factor[k][i];
    double *const map = rac_many(arena, double, r->visits * r->columns * q);
    for (size_t k = 0; k < r->visits * r->columns; k++)
        map[k * q + f->source[k]] = f->ratio[k];
    design->factors = q;
    design->factor = factor;
    design->map = map;
}

rac_status rac_mixed_design_rows(rac_arena *arena, const rac_mixed_rows *r, rac_mixed_design *design,
                                 rac_error *err)
{
    if (r->rows == 0 || r->columns == 0 || r->patients == 0 || r->visits == 0)
        return rac_fail(err, RAC_INVALID,
                        "a design needs rows, columns, patients and visits: got %zu, %zu, %zu, %zu", r->rows,
                        r->columns, r->patients, r->visits);
    if (r->visits > RAC_MIXED_VISITS_MAX)
        return rac_fail(err, RAC_LIMIT, "%zu visits, at most %d are accepted", r->visits,
                        RAC_MIXED_VISITS_MAX);
    for (size_t i = 0; r->group && i < r->patients; i++)
        if (r->group[i] < 0 || (size_t)r->group[i] >= r->groups)
            return rac_fail(err, RAC_INVALID, "patient %zu is in covariance group %d, there are %zu", i + 1,
                            (int)r->group[i], r->groups);
    int64_t *const row_of = rac_many(arena, int64_t, r->patients * r->visits);
    rac_status status = index_rows(arena, r, row_of, err);
    if (status != RAC_OK)
        return status;

    const size_t slices = r->visits * r->columns;
    finder f = {.rows = r, .row_of = row_of, .factors = 1};
    f.factor = rac_many(arena, double *, 1 + slices);
    f.source = rac_many(arena, size_t, slices);
    f.ratio = rac_many(arena, double, slices);
    double *const slice = rac_many(arena, double, r->patients);
    for (size_t c = 0; c < r->columns; c++)
        for (size_t v = 0; v < r->visits; v++)
            place_slice(&f, arena, v, c, slice);

    *design = (rac_mixed_design){.patients = r->patients,
                                 .visits = r->visits,
                                 .columns = r->columns,
                                 .group = r->group,
                                 .groups = r->group ? r->groups : 1,
                                 .weighted = r->weight != NULL};
    pack(arena, &f, design);
    place_outcomes(arena, &f, design);
    if (r->time)
        status = place_times(arena, &f, design, err);
    design->column_name = names(arena, r->column_name, r->columns, "x");
    design->visit_name = names(arena, r->visit_name, r->visits, "");
    design->group_name = names(arena, r->group ? r->group_name : NULL, design->groups, "");
    return status;
}
