/* Counting values in bins of their bits.  See racemate/pharma/quantiles.h.
 *
 * The upper word of a positive double, shifted so that sign, exponent and seven bits of mantissa remain, is
 * the number of its bin, and grows with the value.  A row has one window of counts for what is above 0 and
 * one for what is below.  Nearly all values fall strictly between the lowest and the highest bin that are in
 * use: `hot` holds just that interior, so that counting is one comparison and one addition.  Whatever falls
 * on its borders or outside takes the slow way, which also keeps the exact extremes and widens windows.
 *
 * All rows together are larger than a near cache.  So bins of eight tiles wait, and are then counted row by
 * row: each row is fetched once for 64 subjects.  Interiors only grow, so what waits stays inside. */
#include "racemate/pharma/quantiles.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    MANTISSA_BITS = 7, /* 2^7 bins for a factor of two: RAC_QUANTILES_ACCURACY */
    SHIFT = 52 - MANTISSA_BITS,
    BINS_OF_TWO = 1 << MANTISSA_BITS,
    FIRST_ROOM = 4 * BINS_OF_TWO,
    BINS = 2047 * BINS_OF_TWO, /* of all finite numbers of one sign */
    BATCH = 64,                /* subjects that wait at most */
};

typedef struct hot {
    uint32_t *counts; /* of bins first .. first + room - 1 */
    uint32_t first, room;
} hot;

typedef struct window { /* of one sign, by magnitude */
    uint32_t *counts;   /* of bins first .. first + room - 1; NULL before the first */
    uint32_t first, room;
    uint32_t lowest, highest; /* bins that are in use */
} window;

typedef struct row {
    window above, below; /* 0 */
    uint32_t zeros;
    double least, most;
} row;

struct rac_quantiles {
    rac_arena *arena;
    size_t times, outputs, subjects;
    hot *interior;         /* times x outputs: of `above` */
    row *rows;             /* times x outputs */
    uint32_t *waiting;     /* times x outputs x BATCH: bins of the interior, or COUNTED */
    size_t *waiting_count; /* subjects that wait; apart, so that reading may count them */
};

/* What waits in the place of a value that took the slow way: a bin no row has. */
#define COUNTED UINT32_MAX

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint32_t bin_of(double value)
{
    return (uint32_t)(bits_of(value) >> SHIFT);
}

/* The smallest number of a bin. */
static double floor_of(uint32_t bin)
{
    const uint64_t bits = (uint64_t)bin << SHIFT;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- counting ---- */

rac_quantiles *rac_quantiles_new(rac_arena *arena)
{
    rac_quantiles *q = rac_new(arena, rac_quantiles);
    q->arena = arena;
    return q;
}

static void take_shape(rac_quantiles *q, size_t times, size_t outputs)
{
    q->times = times;
    q->outputs = outputs;
    q->interior = rac_many(q->arena, hot, times * outputs);
    q->rows = rac_many(q->arena, row, times * outputs);
    q->waiting = rac_many(q->arena, uint32_t, times * outputs * BATCH);
    q->waiting_count = rac_new(q->arena, size_t);
    for (size_t i = 0; i < times * outputs; i++)
        q->rows[i] = (row){.least = INFINITY, .most = -INFINITY};
}

/* Makes room for bins lowest .. highest, at least doubling, most of it where it was needed. */
static void widen(rac_arena *arena, window *w, uint32_t lowest, uint32_t highest)
{
    if (w->counts && lowest >= w->first && highest - w->first < w->room)
        return;
    const uint32_t low = w->counts && w->first < lowest ? w->first : lowest;
    const uint32_t end = w->counts && w->first + w->room > highest ? w->first + w->room : highest + 1;
    uint32_t room = 2 * w->room > FIRST_ROOM ? 2 * w->room : FIRST_ROOM;
    room = end - low > room ? end - low : room;
    const uint32_t spare = room - (end - low);
    const uint32_t before = !w->counts ? spare / 2 : low < w->first ? spare : 0;
    const uint32_t first = low > before ? low - before : 0;
    uint32_t *counts = rac_many(arena, uint32_t, room);
    if (w->counts)
        memcpy(counts + (w->first - first), w->counts, sizeof *counts * w->room);
    else
        w->lowest = BINS, w->highest = 0;
    w->counts = counts;
    w->first = first;
    w->room = room;
}

static void count_bin(rac_arena *arena, window *w, uint32_t bin, uint32_t times)
{
    widen(arena, w, bin, bin);
    w->counts[bin - w->first] += times;
    w->lowest = bin < w->lowest ? bin : w->lowest;
    w->highest = bin > w->highest ? bin : w->highest;
}

static void find_interior(const row *r, hot *interior)
{
    const window *w = &r->above;
    *interior = (hot){0};
    if (w->counts && w->highest > w->lowest + 1)
        *interior = (hot){.counts = w->counts + (w->lowest + 1 - w->first),
                          .first = w->lowest + 1,
                          .room = w->highest - w->lowest - 1};
}

static void extend(row *r, double least, double most)
{
    r->least = least < r->least ? least : r->least;
    r->most = most > r->most ? most : r->most;
}

static __attribute__((noinline)) void count_slowly(rac_quantiles *q, size_t at, double value)
{
    row *r = &q->rows[at];
    const double size = fabs(value);
    if (size < RAC_QUANTILES_TINY) {
        r->zeros++;
        extend(r, 0, 0);
        return;
    }
    window *w = value > 0 ? &r->above : &r->below;
    const uint32_t lowest = w->lowest, highest = w->highest;
    const uint32_t *counts = w->counts;
    count_bin(q->arena, w, bin_of(size), 1);
    extend(r, value, value);
    if (w->counts != counts || w->lowest != lowest || w->highest != highest)
        find_interior(r, &q->interior[at]);
}

static void count_value(rac_quantiles *q, size_t at, double value)
{
    const hot h = q->interior[at];
    const uint32_t place = bin_of(value) - h.first; /* a sign makes it large */
    if (place < h.room)
        h.counts[place]++;
    else
        count_slowly(q, at, value);
}

static void count_waiting(const rac_quantiles *q)
{
    const size_t rows = q->times * q->outputs, count = q->rows ? *q->waiting_count : 0;
    for (size_t at = 0; at < rows && count; at++) {
        const hot h = q->interior[at];
        const uint32_t *bins = q->waiting + at * BATCH;
        for (size_t i = 0; i < count; i++) {
            const uint32_t place = bins[i] - h.first;
            if (place < h.room)
                h.counts[place]++;
        }
    }
    if (count)
        *q->waiting_count = 0;
}

/* Eight values of a row. */
static void let_wait(rac_quantiles *q, size_t at, const double *values, uint32_t *bins)
{
    const hot h = q->interior[at];
    uint32_t outside = 0;
    for (size_t lane = 0; lane < RAC_TILE; lane++) {
        bins[lane] = bin_of(values[lane]);
        outside |= bins[lane] - h.first >= h.room;
    }
    for (size_t lane = 0; lane < RAC_TILE && outside; lane++)
        if (bins[lane] - h.first >= h.room) {
            count_slowly(q, at, values[lane]);
            bins[lane] = COUNTED;
        }
}

void rac_quantiles_add(rac_quantiles *q, const rac_population_tile *tile)
{
    if (!q->rows)
        take_shape(q, tile->times, tile->outputs);
    assert(q->times == tile->times && q->outputs == tile->outputs);
    assert(q->subjects <= UINT32_MAX - RAC_TILE);
    const size_t rows = q->times * q->outputs;
    if (tile->subjects == RAC_TILE && !tile->failed) {
        for (size_t at = 0; at < rows; at++)
            let_wait(q, at, &tile->values[at * RAC_TILE], &q->waiting[at * BATCH + *q->waiting_count]);
        q->subjects += RAC_TILE;
        *q->waiting_count += RAC_TILE;
        if (*q->waiting_count == BATCH)
            count_waiting(q);
        return;
    }
    for (size_t lane = 0; lane < (size_t)tile->subjects; lane++) {
        if (tile->failed >> lane & 1)
            continue;
        for (size_t at = 0; at < rows; at++)
            count_value(q, at, tile->values[at * RAC_TILE + lane]);
        q->subjects++;
    }
}

void rac_quantiles_sink(void *quantiles, const rac_population_tile *tile)
{
    rac_quantiles_add(quantiles, tile);
}

static void merge_window(rac_arena *arena, window *into, const window *from)
{
    if (!from->counts)
        return;
    widen(arena, into, from->lowest, from->highest);
    for (uint32_t bin = from->lowest; bin <= from->highest; bin++)
        into->counts[bin - into->first] += from->counts[bin - from->first];
    into->lowest = from->lowest < into->lowest ? from->lowest : into->lowest;
    into->highest = from->highest > into->highest ? from->highest : into->highest;
}

rac_status rac_quantiles_merge(rac_quantiles *into, const rac_quantiles *from, rac_error *err)
{
    if (!from->rows)
        return RAC_OK;
    if (!into->rows)
        take_shape(into, from->times, from->outputs);
    if (into->times != from->times || into->outputs != from->outputs)
        return rac_fail(err, RAC_INVALID, "quantiles of %zu times x %zu outputs and of %zu x %zu",
                        into->times, into->outputs, from->times, from->outputs);
    if (into->subjects + from->subjects > UINT32_MAX)
        return rac_fail(err, RAC_LIMIT, "%zu subjects are more than can be counted",
                        into->subjects + from->subjects);
    count_waiting(into);
    count_waiting(from);
    for (size_t i = 0; i < into->times * into->outputs; i++) {
        row *r = &into->rows[i];
        merge_window(into->arena, &r->above, &from->rows[i].above);
        merge_window(into->arena, &r->below, &from->rows[i].below);
        r->zeros += from->rows[i].zeros;
        extend(r, from->rows[i].least, from->rows[i].most);
        find_interior(r, &into->interior[i]);
    }
    into->subjects += from->subjects;
    return RAC_OK;
}

/* ---- as bytes: words of 64 bits ---- */

typedef struct words {
    uint64_t *items;
    size_t count, capacity;
    rac_arena *arena;
} words;

static void put(words *w, uint64_t value)
{
    rac_push(w->arena, w->items, w->count, w->capacity, value);
}

static void put_window(words *w, const window *from)
{
    put(w, from->counts ? from->highest - from->lowest + 1 : 0);
    put(w, from->counts ? from->lowest : 0);
    for (uint32_t bin = from->lowest; from->counts && bin <= from->highest; bin++)
        put(w, from->counts[bin - from->first]);
}

void *rac_quantiles_pack(rac_arena *arena, const rac_quantiles *q, size_t *size)
{
    words w = {.arena = arena};
    count_waiting(q);
    put(&w, q->times);
    put(&w, q->outputs);
    put(&w, q->subjects);
    for (size_t i = 0; i < q->times * q->outputs; i++) {
        const row *r = &q->rows[i];
        put(&w, r->zeros);
        put(&w, bits_of(r->least));
        put(&w, bits_of(r->most));
        put_window(&w, &r->above);
        put_window(&w, &r->below);
    }
    *size = w.count * sizeof *w.items;
    return w.items;
}

typedef struct reader {
    const unsigned char *bytes;
    size_t left; /* words */
    bool short_of;
} reader;

static uint64_t take(reader *r)
{
    uint64_t value = 0;
    r->short_of |= r->left == 0;
    if (r->short_of)
        return 0;
    memcpy(&value, r->bytes, sizeof value);
    r->bytes += sizeof value;
    r->left--;
    return value;
}

static double take_number(reader *r)
{
    const uint64_t bits = take(r);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Gives back how many subjects it counts; what is impossible makes the reader short. */
static uint64_t take_window(rac_arena *arena, reader *r, window *to)
{
    const uint64_t bins = take(r), lowest = take(r);
    uint64_t total = 0;
    r->short_of |= bins > r->left || lowest >= BINS || bins > BINS - lowest;
    if (r->short_of || !bins)
        return 0;
    for (uint64_t i = 0; i < bins; i++) {
        const uint64_t count = take(r);
        r->short_of |= count > UINT32_MAX || (!count && (i == 0 || i + 1 == bins));
        if (count && !r->short_of)
            count_bin(arena, to, (uint32_t)(lowest + i), (uint32_t)count);
        total += count;
    }
    return total;
}

rac_status rac_quantiles_unpack(rac_arena *arena, const void *bytes, size_t size, rac_quantiles **quantiles,
                                rac_error *err)
{
    reader r = {.bytes = bytes, .left = size / sizeof(uint64_t), .short_of = size % sizeof(uint64_t) != 0};
    rac_quantiles *q = rac_quantiles_new(arena);
    const uint64_t times = take(&r), outputs = take(&r), subjects = take(&r);
    r.short_of |= subjects > UINT32_MAX || (outputs && times > r.left / outputs);
    if (!r.short_of && subjects)
        take_shape(q, times, outputs);
    q->subjects = subjects;
    for (size_t i = 0; i < q->times * q->outputs && !r.short_of; i++) {
        row *to = &q->rows[i];
        const uint64_t zeros = take(&r);
        to->zeros = (uint32_t)zeros;
        to->least = take_number(&r);
        to->most = take_number(&r);
        uint64_t total = zeros + take_window(arena, &r, &to->above);
        total += take_window(arena, &r, &to->below);
        r.short_of |= zeros > UINT32_MAX || total != subjects || !(to->least <= to->most);
        find_interior(to, &q->interior[i]);
    }
    if (r.short_of || r.left)
        return rac_fail(err, RAC_CORRUPT, "these %zu bytes are no counted quantiles", size);
    *quantiles = q;
    return RAC_OK;
}

/* ---- reading ---- */

size_t rac_quantiles_subjects(const rac_quantiles *q)
{
    return q->subjects;
}

size_t rac_quantiles_times(const rac_quantiles *q)
{
    return q->times;
}

size_t rac_quantiles_outputs(const rac_quantiles *q)
{
    return q->outputs;
}

/* The i-th of `count` values that lie somewhere in a bin, spread evenly. */
static double inside(uint32_t bin, double i, uint32_t count)
{
    const double low = floor_of(bin), high = floor_of(bin + 1);
    return low + (high - low) * ((i + 0.5) / count);
}

/* The k-th smallest, from 0: what is below 0 by falling magnitude, zeros, what is above. */
static double find(const row *r, uint64_t k)
{
    const window *below = &r->below, *above = &r->above;
    for (uint32_t i = 0; below->counts && i <= below->highest - below->lowest; i++) {
        const uint32_t bin = below->highest - i, count = below->counts[bin - below->first];
        if (k < count)
            return -inside(bin, (double)(count - 1 - k), count);
        k -= count;
    }
    if (k < r->zeros)
        return 0;
    k -= r->zeros;
    for (uint32_t bin = above->lowest; above->counts && bin <= above->highest; bin++) {
        const uint32_t count = above->counts[bin - above->first];
        if (k < count)
            return inside(bin, (double)k, count);
        k -= count;
    }
    return r->most;
}

static double order_statistic(const row *r, uint64_t k, uint64_t subjects)
{
    if (k == 0)
        return r->least;
    if (k + 1 >= subjects)
        return r->most;
    const double found = find(r, k);
    return found < r->least ? r->least : found > r->most ? r->most : found;
}

double rac_quantiles_at(const rac_quantiles *q, size_t time, size_t output, double quantile)
{
    assert(q->subjects && time < q->times && output < q->outputs && quantile >= 0 && quantile <= 1);
    count_waiting(q);
    const row *r = &q->rows[time * q->outputs + output];
    const double place = quantile * (double)(q->subjects - 1), below = floor(place);
    const double lower = order_statistic(r, (uint64_t)below, q->subjects);
    if (place <= below)
        return lower;
    return lower + (place - below) * (order_statistic(r, (uint64_t)below + 1, q->subjects) - lower);
}

/* How many of the `count` values spread in a bin are x or less. */
static uint64_t in_bin_up_to(uint32_t bin, uint32_t count, double x)
{
    const double low = floor_of(bin), high = floor_of(bin + 1);
    const double below = floor((x - low) / (high - low) * count + 0.5);
    return below <= 0 ? 0 : below >= count ? count : (uint64_t)below;
}

/* How many values as `find` gives them are x or less. */
static uint64_t count_up_to(const row *r, double x)
{
    const window *below = &r->below, *above = &r->above;
    uint64_t k = x >= 0 ? r->zeros : 0;
    for (uint32_t bin = below->lowest; below->counts && bin <= below->highest; bin++) {
        const uint32_t count = below->counts[bin - below->first]; /* -x or more: not those less than -x */
        k += x >= 0 ? count : count - in_bin_up_to(bin, count, nextafter(-x, 0));
    }
    for (uint32_t bin = above->lowest; x > 0 && above->counts && bin <= above->highest; bin++) {
        if (floor_of(bin) > x)
            break;
        k += in_bin_up_to(bin, above->counts[bin - above->first], x);
    }
    return k;
}

double rac_quantiles_share(const rac_quantiles *q, size_t time, size_t output, double x)
{
    assert(q->subjects && time < q->times && output < q->outputs);
    count_waiting(q);
    const row *r = &q->rows[time * q->outputs + output];
    if (x < r->least || x >= r->most)
        return x < r->least ? 0 : 1;
    /* the least and the greatest are known exactly and stand in the place of what their bins say */
    uint64_t k = count_up_to(r, x);
    k = k < 1 ? 1 : k > q->subjects - 1 ? q->subjects - 1 : k;
    double lower = order_statistic(r, k - 1, q->subjects), upper = order_statistic(r, k, q->subjects);
    while (lower > x && k > 1) { /* rounding at the border of a bin */
        upper = lower;
        lower = order_statistic(r, --k - 1, q->subjects);
    }
    while (upper <= x && k < q->subjects - 1) {
        lower = upper;
        upper = order_statistic(r, ++k, q->subjects);
    }
    const double inside_step = upper > lower ? fmin(fmax((x - lower) / (upper - lower), 0), 1) : 1;
    return ((double)(k - 1) + inside_step) / (double)(q->subjects - 1);
}

rac_status rac_quantiles_table(rac_arena *arena, const rac_quantiles *q, const double *wanted,
                               size_t wanted_count, double **values, rac_error *err)
{
    for (size_t i = 0; i < wanted_count; i++)
        if (!(wanted[i] >= 0 && wanted[i] <= 1))
            return rac_fail(err, RAC_INVALID, "quantile %g is not between 0 and 1", wanted[i]);
    if (!q->subjects)
        return rac_fail(err, RAC_NOT_CONVERGED, "no subject has an answer");
    double *out = rac_many(arena, double, q->outputs *wanted_count * q->times);
    for (size_t o = 0; o < q->outputs; o++)
        for (size_t i = 0; i < wanted_count; i++)
            for (size_t t = 0; t < q->times; t++)
                out[(o * wanted_count + i) * q->times + t] = rac_quantiles_at(q, t, o, wanted[i]);
    *values = out;
    return RAC_OK;
}

/* ---- a population ---- */

rac_status rac_quantiles_run(rac_arena *arena, const rac_population *population, int threads,
                             const rac_population_watch *watch, rac_quantiles **quantiles, size_t *failed,
                             rac_error *err)
{
    *failed = 0;
    if (population->subjects > UINT32_MAX)
        return rac_fail(err, RAC_LIMIT, "%zu subjects are more than can be counted", population->subjects);
    void *counted[RAC_THREADS_MAX];
    rac_arena *arenas[RAC_THREADS_MAX];
    const int workers = threads < 1 ? 0 : threads > RAC_THREADS_MAX ? RAC_THREADS_MAX : threads;
    for (int i = 0; i < workers; i++) {
        arenas[i] = rac_arena_new();
        counted[i] = rac_quantiles_new(arenas[i]);
    }
    rac_arena *scratch = rac_arena_new();
    rac_status status = rac_population_run_threads(scratch, population, threads, rac_quantiles_sink, counted,
                                                   watch, failed, err);
    rac_quantiles *whole = rac_quantiles_new(arena);
    for (int i = 0; i < workers; i++) {
        if (!status)
            status = rac_quantiles_merge(whole, counted[i], err);
        rac_arena_free(arenas[i]);
    }
    rac_arena_free(scratch);
    if (!status)
        *quantiles = whole;
    return status;
}
