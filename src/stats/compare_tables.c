/* Tests on tables of counts. */
#include "racemate/stats/compare.h"

#include "racemate/stats/distributions.h"

enum {
    MOST_STATES = 2000000,   /* remaining row sums times columns kept in tables */
    MOST_VISITS = 200000000, /* branches followed before giving up */
    MOST_TOTAL = 1000000,    /* cases in Fisher's test */
    MOST_ROWS = 16           /* of the shorter side, after empty ones are dropped */
};

static rac_status check_table(const double *table, size_t rows, size_t columns, rac_error *err)
{
    if (rows < 1 || columns < 1)
        return rac_fail(err, RAC_INVALID, "a table of %zu x %zu", rows, columns);
    for (size_t i = 0; i < rows * columns; i++)
        if (!(table[i] >= 0 && table[i] <= 1e15 && table[i] == floor(table[i])))
            return rac_fail(err, RAC_INVALID, "the cell in row %zu, column %zu is %g, not a count",
                            i / columns + 1, i % columns + 1, table[i]);
    return RAC_OK;
}

rac_status rac_chi_square_test(const double *table, size_t rows, size_t columns, bool yates,
                               rac_chi_square *out, rac_error *err)
{
    if (check_table(table, rows, columns, err) != RAC_OK)
        return RAC_INVALID;
    if (yates && (rows != 2 || columns != 2))
        return rac_fail(err, RAC_INVALID, "Yates's correction is for 2 x 2 tables, this one is %zu x %zu",
                        rows, columns);
    *out =
        (rac_chi_square){RAC_NOT_ESTIMABLE, (double)(rows - 1) * (double)(columns - 1), RAC_NOT_ESTIMABLE, 0};
    double total = 0, sum = 0, smallest = INFINITY;
    for (size_t i = 0; i < rows * columns; i++)
        total += table[i];
    for (int pass = 0; pass < 2; pass++) /* first the least |O - E|, then the sum */
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) {
                double row = 0, column = 0;
                for (size_t k = 0; k < columns; k++)
                    row += table[i * columns + k];
                for (size_t k = 0; k < rows; k++)
                    column += table[k * columns + j];
                if (row == 0 || column == 0) {
                    out->notes = RAC_NOTE_ZERO_CELL;
                    return RAC_OK;
                }
                const double expected = row * column / total, gap = fabs(table[i * columns + j] - expected);
                smallest = fmin(smallest, gap);
                const double corrected = gap - (yates ? fmin(0.5, smallest) : 0);
                sum += pass == 1 ? corrected * corrected / expected : 0;
            }
    out->statistic = sum;
    out->p_value = out->df > 0 ? rac_chi_square_upper(sum, out->df) : RAC_NOT_ESTIMABLE;
    if (out->df == 0)
        out->notes = RAC_NOTE_CONSTANT;
    return RAC_OK;
}

/* ---- Fisher ------------------------------------------------------------------------------------ */

/* The walk fills columns one after another.  Its state is what is left of each row but the last, as one
 * mixed-radix number; what is left of the last row follows from the totals.  A table's probability is
 * exp(constant - sum ln x!), so a path's weight is -sum ln x! so far. */
typedef struct fisher_walk {
    size_t rows, columns, states;
    size_t row[MOST_ROWS];    /* row totals */
    size_t stride[MOST_ROWS]; /* of the rows but the last */
    const size_t *column;     /* column totals */
    const size_t *after;      /* cases in columns k and later */
    const double *log_factorial;
    double *total, *most, *least; /* [k * states + state]: ln of the sum, largest and smallest completion */
    double limit;                 /* paths no heavier than this count */
    double sum;
    long visits;
} fisher_walk;

typedef void fisher_step(fisher_walk *walk, size_t k, size_t state, double weight, void *context);

typedef struct fisher_fill {
    fisher_walk *walk;
    size_t k;
    fisher_step *step;
    void *context;
} fisher_fill;

static size_t left_of(const fisher_walk *w, size_t state, size_t i)
{
    return state / w->stride[i] % (w->row[i] + 1);
}

/* Every way to spread `cases` of column k over rows i.. ; depth is at most MOST_ROWS. */
static void fill_column(const fisher_fill *fill, size_t i, size_t cases, size_t state, size_t last_left,
                        double weight)
{
    const fisher_walk *const w = fill->walk;
    if (i + 1 == w->rows) {
        if (cases <= last_left)
            fill->step(fill->walk, fill->k + 1, state, weight - w->log_factorial[cases], fill->context);
        return;
    }
    const size_t left = left_of(w, state, i), most = left < cases ? left : cases;
    for (size_t x = 0; x <= most; x++)
        fill_column(fill, i + 1, cases - x, state - x * w->stride[i], last_left,
                    weight - w->log_factorial[x]);
}

/* What is left of the last row in this state, or false when the state cannot occur after k columns. */
static bool last_row_left(const fisher_walk *w, size_t k, size_t state, size_t *left)
{
    size_t others = 0;
    for (size_t i = 0; i + 1 < w->rows; i++)
        others += left_of(w, state, i);
    if (others > w->after[k] || w->after[k] - others > w->row[w->rows - 1])
        return false;
    *left = w->after[k] - others;
    return true;
}

typedef struct completion {
    double total, most, least;
} completion;

static void gather_completion(fisher_walk *w, size_t k, size_t state, double weight, void *context)
{
    completion *const c = context;
    const size_t at = k * w->states + state;
    const double total = weight + w->total[at];
    const double high = fmax(c->total, total), low = fmin(c->total, total);
    c->total = isinf(low) ? high : high + log1p(exp(low - high));
    c->most = fmax(c->most, weight + w->most[at]);
    c->least = fmin(c->least, weight + w->least[at]);
}

/* The bounds for every state, from the last column back. */
static void prepare_completions(fisher_walk *w)
{
    for (size_t k = w->columns; k-- > 0;)
        for (size_t state = 0; state < w->states; state++) {
            completion c = {-INFINITY, -INFINITY, INFINITY};
            size_t last;
            if (last_row_left(w, k, state, &last)) {
                const fisher_fill fill = {w, k, gather_completion, &c};
                fill_column(&fill, 0, w->column[k], state, last, 0);
            }
            w->total[k * w->states + state] = c.total;
            w->most[k * w->states + state] = c.most;
            w->least[k * w->states + state] = c.least;
        }
}

/* Depth is the number of columns times MOST_ROWS at most. */
static void follow(fisher_walk *w, size_t k, size_t state, double weight, void *context)
{
    const size_t at = k * w->states + state;
    size_t last;
    if (w->visits++ > MOST_VISITS || weight + w->least[at] > w->limit)
        return;
    if (weight + w->most[at] <= w->limit) {
        w->sum += exp(weight + w->total[at] - *(const double *)context);
        return;
    }
    if (last_row_left(w, k, state, &last)) {
        const fisher_fill fill = {w, k, follow, context};
        fill_column(&fill, 0, w->column[k], state, last, weight);
    }
}

/* The table without its empty rows and columns, the shorter side as rows. */
typedef struct compact_table {
    size_t rows, columns;
    size_t *cells, *row, *column;
    size_t total;
} compact_table;

static compact_table compact(rac_arena *arena, const double *table, size_t rows, size_t columns)
{
    compact_table t = {0};
    bool *const row_kept = rac_many(arena, bool, rows), *const column_kept = rac_many(arena, bool, columns);
    size_t kept_rows = 0, kept_columns = 0;
    for (size_t i = 0; i < rows * columns; i++) {
        if (table[i] == 0)
            continue;
        kept_rows += !row_kept[i / columns];
        kept_columns += !column_kept[i % columns];
        row_kept[i / columns] = column_kept[i % columns] = true;
        t.total += (size_t)table[i];
    }
    const bool turned = kept_rows > kept_columns;
    t.rows = turned ? kept_columns : kept_rows;
    t.columns = turned ? kept_rows : kept_columns;
    t.cells = rac_many(arena, size_t, t.rows * t.columns);
    t.row = rac_many(arena, size_t, t.rows);
    t.column = rac_many(arena, size_t, t.columns);
    for (size_t i = 0, to_i = 0; i < rows; i++) {
        for (size_t j = 0, to_j = 0; row_kept[i] && j < columns; j++) {
            if (!column_kept[j])
                continue;
            const size_t r = turned ? to_j : to_i, c = turned ? to_i : to_j,
                         count = (size_t)table[i * columns + j];
            t.cells[r * t.columns + c] = count;
            t.row[r] += count;
            t.column[c] += count;
            to_j++;
        }
        to_i += row_kept[i];
    }
    return t;
}

/* Two rows and two columns: one number says the table, and all of them are summed in one pass. */
static double two_by_two(const compact_table *t, const double *log_factorial)
{
    const size_t row = t->row[0], column = t->column[0];
    const size_t low = row + column > t->total ? row + column - t->total : 0,
                 high = row < column ? row : column;
    const double limit = log1p(1e-7) - log_factorial[t->cells[0]] - log_factorial[t->cells[1]] -
                         log_factorial[t->cells[2]] - log_factorial[t->cells[3]];
    double most = -INFINITY, all = 0, part = 0;
    for (int pass = 0; pass < 2; pass++) /* first the heaviest, then the sums */
        for (size_t x = low; x <= high; x++) {
            const double weight = -log_factorial[x] - log_factorial[row - x] - log_factorial[column - x] -
                                  log_factorial[t->total + x - row - column];
            if (pass == 0) {
                most = fmax(most, weight);
                continue;
            }
            const double mass = exp(weight - most);
            all += mass;
            part += weight <= limit ? mass : 0;
        }
    return fmin(1, part / all);
}

static rac_status too_large(rac_error *err)
{
    rac_fail(err, RAC_LIMIT, "the table is too large for Fisher's exact test");
    rac_error_hint(err, "use the chi-square test");
    return RAC_LIMIT;
}

rac_status rac_fisher_test(rac_arena *arena, const double *table, size_t rows, size_t columns,
                           double *p_value, rac_error *err)
{
    if (check_table(table, rows, columns, err) != RAC_OK)
        return RAC_INVALID;
    double cases = 0;
    for (size_t i = 0; i < rows * columns; i++)
        cases += table[i];
    if (cases > MOST_TOTAL)
        return too_large(err);
    const compact_table t = compact(arena, table, rows, columns);
    if (t.rows < 2) { /* the margins leave one table */
        *p_value = 1;
        return RAC_OK;
    }
    double *const log_factorial = rac_many(arena, double, t.total + 1);
    for (size_t i = 0; i <= t.total; i++)
        log_factorial[i] = lgamma((double)i + 1);
    if (t.rows == 2 && t.columns == 2) {
        *p_value = two_by_two(&t, log_factorial);
        return RAC_OK;
    }
    fisher_walk w = {.rows = t.rows, .columns = t.columns, .column = t.column, .states = 1};
    for (size_t i = 0; i < t.rows; i++) {
        if (t.rows > MOST_ROWS || w.states > MOST_STATES / t.columns)
            return too_large(err);
        w.row[i] = t.row[i];
        w.stride[i] = w.states;
        w.states *= i + 1 < t.rows ? t.row[i] + 1 : 1;
    }
    if (w.states > MOST_STATES / t.columns)
        return too_large(err);
    size_t *const after = rac_many(arena, size_t, t.columns + 1);
    for (size_t k = t.columns; k-- > 0;)
        after[k] = after[k + 1] + t.column[k];
    w.after = after;
    w.log_factorial = log_factorial;
    const size_t size = (t.columns + 1) * w.states;
    w.total = rac_many(arena, double, size); /* after the last column: nothing left, weight 0 */
    w.most = rac_many(arena, double, size);
    w.least = rac_many(arena, double, size);
    prepare_completions(&w);
    w.limit = log1p(1e-7);
    for (size_t i = 0; i < t.rows * t.columns; i++)
        w.limit -= log_factorial[t.cells[i]];
    size_t start = 0;
    for (size_t i = 0; i + 1 < t.rows; i++)
        start += t.row[i] * w.stride[i];
    double all = w.total[start];
    follow(&w, 0, start, 0, &all);
    if (w.visits > MOST_VISITS)
        return too_large(err);
    *p_value = fmin(1, w.sum);
    return RAC_OK;
}
