/* stats/mixed_sums.c: one pass over the patients, after which none is looked at again.
 *
 * Patients are put in order of their pattern; each pattern's rows z = (u, y seen) are gathered in blocks and
 * z z' is summed.  Then columns that the others explain are found, from the left, as R does. */
#include "stats/mixed_engine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- patterns ------------------------------------------------------------------------------------ */

static uint64_t visits_seen(const double *outcome, size_t visits)
{
    uint64_t mask = 0;
    for (size_t v = 0; v < visits; v++)
        mask |= (uint64_t)!isnan(outcome[v]) << v;
    return mask;
}

typedef struct pattern_key {
    uint64_t mask;
    size_t group;
    size_t patients;
    uint32_t found; /* its number in order of discovery */
} pattern_key;

typedef struct pattern_table {
    pattern_key *key;
    size_t count, capacity;
    uint32_t *slot; /* index of key + 1, 0 empty; a power of two of them */
    size_t slots;
} pattern_table;

static uint32_t find_pattern(rac_arena *arena, pattern_table *t, uint64_t mask, size_t group)
{
    size_t at =
        (size_t)((mask ^ (uint64_t)group << 57) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (t->slots - 1);
    for (; t->slot[at] != 0; at = (at + 1) & (t->slots - 1)) {
        const pattern_key *const k = &t->key[t->slot[at] - 1];
        if (k->mask == mask && k->group == group)
            return t->slot[at] - 1;
    }
    rac_push(arena, t->key, t->count, t->capacity, ((pattern_key){mask, group, 0, 0}));
    t->slot[at] = (uint32_t)t->count;
    return (uint32_t)t->count - 1;
}

/* Canonical order, so that results do not depend on who comes first: by group, then by mask. */
static int compare_keys(const void *a, const void *b)
{
    const pattern_key *const x = a, *const y = b;
    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->mask < y->mask ? -1 : x->mask > y->mask;
}

/* Sorts the keys; place[old] is the new number. */
static void canonical_order(pattern_table *t, uint32_t *place)
{
    for (uint32_t k = 0; k < t->count; k++)
        t->key[k].found = k;
    qsort(t->key, t->count, sizeof *t->key, compare_keys);
    for (uint32_t k = 0; k < t->count; k++)
        place[t->key[k].found] = k;
}

/* Fills sums->pattern (group, patients, seen, visit, time) and pattern_of. */
static void find_patterns(rac_arena *arena, mixed_sums *s, bool own_times)
{
    const rac_mixed_design *const d = s->design;
    pattern_table t = {.slots = 64};
    while (t.slots < 2 * d->patients)
        t.slots *= 2;
    t.slot = rac_many(arena, uint32_t, t.slots);
    for (size_t i = 0; i < d->patients; i++) {
        const uint64_t mask = visits_seen(d->outcome + i * d->visits, d->visits);
        const size_t group = d->group ? (size_t)d->group[i] : 0;
        s->pattern_of[i] = UINT32_MAX;
        if (mask == 0)
            continue;
        if (own_times) {
            s->pattern_of[i] = (uint32_t)t.count;
            rac_push(arena, t.key, t.count, t.capacity, ((pattern_key){mask, group, 1, 0}));
        } else {
            const uint32_t k = find_pattern(arena, &t, mask, group);
            t.key[k].patients++;
            s->pattern_of[i] = k;
        }
    }
    uint32_t *const place = rac_many(arena, uint32_t, t.count);
    for (uint32_t k = 0; k < t.count; k++)
        place[k] = k;
    if (!own_times)
        canonical_order(&t, place);
    s->patterns = t.count;
    s->pattern = rac_many(arena, mixed_pattern, t.count);
    for (uint32_t k = 0; k < t.count; k++) {
        mixed_pattern *const pattern = &s->pattern[k];
        uint8_t *const visit = rac_many(arena, uint8_t, s->visits);
        for (size_t v = 0; v < s->visits; v++)
            if (t.key[k].mask >> v & 1)
                visit[pattern->seen++] = (uint8_t)v;
        pattern->visit = visit;
        pattern->group = t.key[k].group;
        pattern->patients = t.key[k].patients;
        pattern->square = s->square_total;
        pattern->wide = s->wide_total;
        s->square_total += pattern->seen * pattern->seen;
        s->wide_total += pattern->seen * s->factors;
        s->patients += pattern->patients;
        s->observations += pattern->patients * pattern->seen;
    }
    for (size_t i = 0; i < d->patients; i++) {
        if (s->pattern_of[i] == UINT32_MAX)
            continue;
        s->pattern_of[i] = place[s->pattern_of[i]];
        if (own_times) {
            mixed_pattern *const pattern = &s->pattern[s->pattern_of[i]];
            double *const time = rac_many(arena, double, pattern->seen);
            for (size_t j = 0; j < pattern->seen; j++)
                time[j] =
                    d->time ? d->time[i * d->visits + pattern->visit[j]] : d->visit_time[pattern->visit[j]];
            pattern->time = time;
        }
    }
}

/* ---- sums ---------------------------------------------------------------------------------------- */

static void find_centres(mixed_sums *s, rac_arena *arena)
{
    const rac_mixed_design *const d = s->design;
    size_t *const count = rac_many(arena, size_t, d->visits);
    for (size_t i = 0; i < d->patients; i++) {
        if (s->pattern_of[i] == UINT32_MAX)
            continue;
        for (size_t f = 1; f < d->factors; f++)
            s->factor_mean[f] += d->factor[i * d->factors + f];
        for (size_t v = 0; v < d->visits; v++)
            if (!isnan(d->outcome[i * d->visits + v])) {
                s->outcome_mean[v] += d->outcome[i * d->visits + v];
                count[v]++;
            }
    }
    for (size_t f = 1; f < d->factors; f++)
        s->factor_mean[f] /= (double)s->patients;
    for (size_t v = 0; v < d->visits; v++)
        s->outcome_mean[v] /= (double)(count[v] > 0 ? count[v] : 1);
}

/* Patients in order of pattern: `who` from start[k] to start[k + 1]. */
static uint32_t *order_patients(rac_arena *arena, const mixed_sums *s, size_t *start)
{
    for (size_t k = 0; k < s->patterns; k++)
        start[k + 1] = start[k] + s->pattern[k].patients;
    size_t *const next = rac_many(arena, size_t, s->patterns);
    memcpy(next, start, s->patterns * sizeof *next);
    uint32_t *const who = rac_many(arena, uint32_t, s->patients);
    for (size_t i = 0; i < s->design->patients; i++)
        if (s->pattern_of[i] != UINT32_MAX)
            who[next[s->pattern_of[i]]++] = (uint32_t)i;
    return who;
}

/* Rows z = (u, y seen), centred. */
static void gather(const mixed_sums *s, const mixed_pattern *pattern, const uint32_t *who, size_t n,
                   double *z)
{
    const rac_mixed_design *const d = s->design;
    const size_t q = s->factors, width = q + pattern->seen;
    for (size_t b = 0; b < n; b++) {
        const double *const u = d->factor + who[b] * q, *const y = d->outcome + who[b] * d->visits;
        double *const row = z + b * width;
        for (size_t f = 0; f < q; f++)
            row[f] = u[f] - s->factor_mean[f];
        for (size_t j = 0; j < pattern->seen; j++)
            row[q + j] = y[pattern->visit[j]] - s->outcome_mean[pattern->visit[j]];
    }
}

/* Splits the lower triangle of sum z z' into its blocks. */
static void split(rac_arena *arena, const double *zz, size_t q, mixed_pattern *pattern)
{
    const size_t seen = pattern->seen, width = q + seen;
    double *const store = rac_many(arena, double, q *q + q * seen + seen * seen);
    double *const uu = store, *const uy = store + q * q, *const yy = uy + q * seen;
    for (size_t a = 0; a < q; a++)
        for (size_t b = 0; b <= a; b++)
            uu[a * q + b] = uu[b * q + a] = zz[a * width + b];
    for (size_t j = 0; j < seen; j++) {
        for (size_t a = 0; a < q; a++)
            uy[a * seen + j] = zz[(q + j) * width + a];
        for (size_t l = 0; l <= j; l++)
            yy[j * seen + l] = yy[l * seen + j] = zz[(q + j) * width + q + l];
    }
    pattern->uu = uu;
    pattern->uy = uy;
    pattern->yy = yy;
}

#define BLOCK 256 /* patients gathered at a time: stays in the nearest cache */

static void sum_patterns(rac_arena *arena, mixed_sums *s)
{
    const size_t q = s->factors, widest = q + s->visits;
    size_t *const start = rac_many(arena, size_t, s->patterns + 1);
    const uint32_t *const who = order_patients(arena, s, start);
    double *const z = rac_many(arena, double, BLOCK *widest);
    double *const zz = rac_many(arena, double, widest *widest);
    for (size_t k = 0; k < s->patterns; k++) {
        mixed_pattern *const pattern = &s->pattern[k];
        const size_t width = q + pattern->seen;
        memset(zz, 0, width * width * sizeof *zz);
        for (size_t from = start[k]; from < start[k + 1]; from += BLOCK) {
            const size_t n = start[k + 1] - from < BLOCK ? start[k + 1] - from : BLOCK;
            gather(s, pattern, who + from, n, z);
            mixed_add_product(&(mixed_product){width, width, n, z, 1, width, z, width, zz, width, true});
        }
        split(arena, zz, q, pattern);
    }
}

/* ---- terms --------------------------------------------------------------------------------------- */

/* The terms of B_j over the columns given (`place[c]` is the new number, SIZE_MAX dropped), with the centre
 * of each factor moved to factor 0. */
static void make_terms(rac_arena *arena, mixed_sums *s, const size_t *place)
{
    const rac_mixed_design *const d = s->design;
    mixed_term *term = NULL;
    size_t count = 0, capacity = 0;
    for (size_t j = 0; j < s->visits; j++) {
        s->term_start[j] = count;
        for (size_t c = 0; c < s->columns; c++) {
            if (place[c] == SIZE_MAX)
                continue;
            const double *const map = d->map + (j * s->columns + c) * s->factors;
            double constant = map[0];
            for (size_t f = 1; f < s->factors; f++) {
                if (map[f] == 0)
                    continue;
                constant += map[f] * s->factor_mean[f];
                rac_push(arena, term, count, capacity,
                         ((mixed_term){(uint32_t)place[c], (uint32_t)f, map[f]}));
            }
            if (constant != 0)
                rac_push(arena, term, count, capacity, ((mixed_term){(uint32_t)place[c], 0, constant}));
        }
    }
    s->term_start[s->visits] = count;
    s->term = term;
}

void mixed_expand(const mixed_sums *s, const double *tensor, double *out)
{
    const size_t r = s->rank;
    memset(out, 0, r * r * sizeof *out);
    for (size_t j = 0; j < s->visits; j++)
        for (size_t l = 0; l <= j; l++) {
            const double *const m = tensor + mixed_packed(j, l) * s->factor_pairs;
            for (size_t a = s->term_start[j]; a < s->term_start[j + 1]; a++)
                for (size_t b = s->term_start[l]; b < s->term_start[l + 1]; b++) {
                    const mixed_term *const x = &s->term[a], *const y = &s->term[b];
                    out[x->column * r + y->column] +=
                        x->weight * y->weight * m[mixed_packed(x->factor, y->factor)];
                }
        }
    /* What was summed is the part j >= l; the other part is its transpose, the diagonal being common. */
    for (size_t j = 0; j < s->visits; j++) {
        const double *const m = tensor + mixed_packed(j, j) * s->factor_pairs;
        for (size_t a = s->term_start[j]; a < s->term_start[j + 1]; a++)
            for (size_t b = s->term_start[j]; b < s->term_start[j + 1]; b++) {
                const mixed_term *const x = &s->term[a], *const y = &s->term[b];
                out[x->column * r + y->column] -=
                    0.5 * x->weight * y->weight * m[mixed_packed(x->factor, y->factor)];
            }
    }
    for (size_t a = 0; a < r; a++)
        for (size_t b = 0; b <= a; b++) {
            const double sum = out[a * r + b] + out[b * r + a];
            out[a * r + b] = out[b * r + a] = sum;
        }
}

void mixed_expand_vector(const mixed_sums *s, const double *v, double *out)
{
    memset(out, 0, s->rank * sizeof *out);
    for (size_t j = 0; j < s->visits; j++)
        for (size_t a = s->term_start[j]; a < s->term_start[j + 1]; a++)
            out[s->term[a].column] += s->term[a].weight * v[j * s->factors + s->term[a].factor];
}

void mixed_accumulate(const mixed_sums *s, const mixed_pattern *pattern, const double *omega, double *tensor)
{
    const size_t q = s->factors, seen = pattern->seen;
    for (size_t j = 0; j < seen; j++)
        for (size_t l = 0; l <= j; l++) {
            double *const out = tensor + mixed_packed(pattern->visit[j], pattern->visit[l]) * s->factor_pairs;
            const double weight = omega[j * seen + l];
            for (size_t f = 0, at = 0; f < q; f++)
                for (size_t g = 0; g <= f; g++, at++)
                    out[at] += weight * pattern->uu[f * q + g];
        }
}

/* ---- columns that others explain ----------------------------------------------------------------- */

/* A column is aliased when what the columns to its left leave of it is below 3e-7 of its length (R's lm
 * drops below 1e-7), or below the rounding of what cancels in it.  Lengths are those of a column's terms: a
 * column that is 0 in every row seen (an arm absent from a visit) is a centre minus itself. */
#define ALIAS_TOLERANCE 1e-13
#define ALIAS_ROUNDING 1e-15

/* tensor: sum of U over the patients seen at each visit, at the diagonal pairs. */
static void sum_by_visit(rac_arena *arena, const mixed_sums *s, double *tensor)
{
    double *const identity = rac_many(arena, double, s->visits * s->visits);
    for (size_t k = 0; k < s->patterns; k++) {
        const size_t seen = s->pattern[k].seen;
        memset(identity, 0, seen * seen * sizeof *identity);
        for (size_t j = 0; j < seen; j++)
            identity[j * seen + j] = 1;
        mixed_accumulate(s, &s->pattern[k], identity, tensor);
    }
}

/* Squared length of column `c` minus the combination of kept ones, from its own rows: sum h_j' U_j h_j with
 * h_j = B_j' (1, -combination).  A difference of sums of squares would keep half the digits and, among
 * columns close to each other, none. */
static double length_left(const mixed_sums *s, const double *tensor, size_t c, const double *combination,
                          size_t rank, double *weight, double *h)
{
    memset(weight, 0, s->columns * sizeof *weight);
    weight[c] = 1;
    for (size_t a = 0; a < rank; a++)
        weight[s->kept[a]] -= combination[a];
    double sum = 0;
    for (size_t j = 0; j < s->visits; j++) {
        const double *const u = tensor + mixed_packed(j, j) * s->factor_pairs;
        memset(h, 0, s->factors * sizeof *h);
        for (size_t t = s->term_start[j]; t < s->term_start[j + 1]; t++)
            h[s->term[t].factor] += s->term[t].weight * weight[s->term[t].column];
        for (size_t f = 0, at = 0; f < s->factors; f++)
            for (size_t g = 0; g <= f; g++, at++)
                sum += (f == g ? 1 : 2) * h[f] * h[g] * u[at];
    }
    return sum;
}

/* Per column, the squared length of its terms before they cancel. */
static double *lengths_of_terms(rac_arena *arena, const mixed_sums *s, const double *tensor)
{
    double *const length = rac_many(arena, double, s->columns);
    for (size_t j = 0; j < s->visits; j++)
        for (size_t t = s->term_start[j]; t < s->term_start[j + 1]; t++) {
            const mixed_term *const x = &s->term[t];
            length[x->column] +=
                x->weight * x->weight *
                tensor[mixed_packed(j, j) * s->factor_pairs + mixed_packed(x->factor, x->factor)];
        }
    return length;
}

static void find_aliases(rac_arena *arena, mixed_sums *s)
{
    const size_t p = s->columns;
    double *const tensor = rac_many(arena, double, s->pairs * s->factor_pairs);
    double *const xx = rac_many(arena, double, p *p);
    double *const weight = rac_many(arena, double, p), *const h = rac_many(arena, double, s->factors);
    sum_by_visit(arena, s, tensor);
    mixed_expand(s, tensor, xx);
    const double *const length = lengths_of_terms(arena, s, tensor);

    double *const l = rac_many(arena, double, p *p); /* Cholesky factor of the kept columns */
    size_t rank = 0;
    for (size_t c = 0; c < p; c++) {
        double *const row = l + rank * p, *const combination = s->alias + c * p;
        double cancelling = 0;
        for (size_t a = 0; a < rank; a++) {
            double sum = xx[c * p + s->kept[a]];
            for (size_t b = 0; b < a; b++)
                sum -= row[b] * l[a * p + b];
            row[a] = sum / l[a * p + a];
        }
        memcpy(combination, row, rank * sizeof *row);
        for (size_t a = rank; a-- > 0;) { /* back substitution with the factor so far */
            for (size_t b = a + 1; b < rank; b++)
                combination[a] -= l[b * p + a] * combination[b];
            combination[a] /= l[a * p + a];
            cancelling += combination[a] * combination[a] * length[s->kept[a]];
        }
        const double rest = length_left(s, tensor, c, combination, rank, weight, h);
        if (rest > fmax(ALIAS_TOLERANCE * length[c], ALIAS_ROUNDING * cancelling)) {
            row[rank] = sqrt(rest);
            s->kept[rank++] = c;
        } else {
            s->aliased[c] = true;
            memset(row, 0, p * sizeof *row);
        }
    }
    s->rank = rank;
}

mixed_sums *mixed_sums_make(rac_arena *arena, const rac_mixed_design *design, bool own_times)
{
    mixed_sums *const s = rac_new(arena, mixed_sums);
    s->design = design;
    s->visits = design->visits;
    s->factors = design->factors;
    s->columns = s->rank = design->columns;
    s->groups = design->groups;
    s->pairs = s->visits * (s->visits + 1) / 2;
    s->factor_pairs = s->factors * (s->factors + 1) / 2;
    s->factor_mean = rac_many(arena, double, s->factors);
    s->outcome_mean = rac_many(arena, double, s->visits);
    s->pattern_of = rac_many(arena, uint32_t, design->patients);
    s->term_start = rac_many(arena, size_t, s->visits + 1);
    s->aliased = rac_many(arena, bool, s->columns);
    s->kept = rac_many(arena, size_t, s->columns);
    s->alias = rac_many(arena, double, s->columns * s->columns);
    find_patterns(arena, s, own_times);
    if (s->patients == 0)
        return s;
    find_centres(s, arena);
    sum_patterns(arena, s);
    size_t *const place = rac_many(arena, size_t, s->columns);
    for (size_t c = 0; c < s->columns; c++)
        place[c] = c;
    make_terms(arena, s, place);
    find_aliases(arena, s);
    for (size_t c = 0; c < s->columns; c++)
        place[c] = SIZE_MAX;
    for (size_t a = 0; a < s->rank; a++)
        place[s->kept[a]] = a;
    make_terms(arena, s, place);
    return s;
}
