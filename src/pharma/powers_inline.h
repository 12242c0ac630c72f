/* pharma/powers_inline.h: own times of subjects whose modes are too close.  Included inside a kernel.
 *
 * With h0 a power of two for which the scaled norm is at most 1, exp(A h0 2^j) for j = 0, 1, ... come from
 * one series and squarings.  A time s after its stretch began is m h0 + rest: the state goes through the
 * matrices of the bits of m, and through the series, applied to a vector, for the rest.  Accuracy is that of
 * scaling and squaring (scaling_inline.h); a time costs some thirty products of the matrix and a vector.
 */
enum { TIME_POWERS = 24 };

typedef struct powers {
    int width, count;
    int row[WIDE + 1],
        column[WIDE * WIDE]; /* entries that can be other than 0: row i has row[i] .. row[i+1] - 1 */
    const rac_lanes *wide;   /* the matrix */
    rac_lanes q, h0;         /* the shift, and what the first power advances, h */
    rac_lanes *power;        /* TIME_POWERS x width x width */
} powers;

/* to = matrix x from, where `wanted`; elsewhere to = from. */
LANE void apply(const powers *p, const rac_lanes *matrix, rac_lane_mask wanted, rac_lanes *vector)
{
    const int width = p->width;
    rac_lanes product[WIDE];
    for (int i = 0; i < width; i++) {
        rac_lanes sum = all(0);
        for (int at = p->row[i]; at < p->row[i + 1]; at++)
            sum += WIDE_AT(matrix, i, p->column[at]) * vector[p->column[at]];
        product[i] = sum;
    }
    for (int i = 0; i < width; i++)
        vector[i] = select(wanted, product[i], vector[i]);
}

/* vector = exp(wide rest) vector for 0 <= rest <= h0: exp(-q rest) times a series of (wide + qI) rest. */
static void apply_rest(const powers *p, rac_lanes rest, rac_lanes *vector)
{
    const int width = p->width;
    rac_lanes term[WIDE], next[WIDE], unused;
    memcpy(term, vector, sizeof *term * (size_t)width);
    for (int order = 1; order <= SERIES_TERMS; order++) {
        const rac_lanes scale = rest * (1.0 / order);
        for (int i = 0; i < width; i++) {
            rac_lanes sum = p->q * term[i];
            for (int at = p->row[i]; at < p->row[i + 1]; at++)
                sum += WIDE_AT(p->wide, i, p->column[at]) * term[p->column[at]];
            next[i] = sum;
        }
        for (int i = 0; i < width; i++) {
            term[i] = next[i] * scale;
            vector[i] += term[i];
        }
    }
    const rac_lanes decay = exponential(-p->q * rest, &unused);
    for (int i = 0; i < width; i++)
        vector[i] *= decay;
}

/* The matrices of an epoch, for spans of up to `longest` h. */
static void find_powers(walk *w, double longest_h, powers *p)
{
    const int width = p->width = w->shape->n + w->entries, size = width * width;
    int entries = 0;
    for (int i = 0; i < width; i++) {
        p->row[i] = entries;
        for (int j = 0; j < width; j++)
            if (w->wide_shape[i * WIDE + j])
                p->column[entries++] = j;
    }
    p->row[width] = entries;
    p->wide = w->wide;
    p->q = largest_outflow(width, w->wide);
    const rac_lane_mask s = squarings(shifted_norm(width, w->wide_shape, p->wide, p->q));
    for (int lane = 0; lane < RAC_LANES; lane++)
        p->h0[lane] = ldexp(1, -(int)s[lane]);
    memset(p->power, 0, sizeof *p->power * (size_t)size);
    exponentiate(width, w->wide_shape, p->wide, p->h0, p->power, w->wide_f, w->wide_t);
    p->count = 1;
    while (p->count < TIME_POWERS && longest_h >= ldexp(p->h0[0], p->count)) {
        rac_lanes *last = p->power + (p->count - 1) * size, *next = last + size;
        memset(next, 0, sizeof *next * (size_t)size);
        multiply(width, w->wide_shape, last, last, next);
        p->count++;
    }
}

static void advance_by(const powers *p, rac_lanes span, rac_lanes *vector)
{
    rac_lane_mask m;
    for (int lane = 0; lane < RAC_LANES; lane++)
        m[lane] = (int64_t)(span[lane] / p->h0[lane]);
    rac_lanes rest;
    for (int lane = 0; lane < RAC_LANES; lane++)
        rest[lane] = span[lane] - (double)m[lane] * p->h0[lane];
    apply_rest(p, rest, vector);
    for (int bit = 0; bit < p->count; bit++) {
        const rac_lane_mask wanted = (m >> bit & 1) != 0;
        if (any(wanted))
            apply(p, p->power + bit * p->width * p->width, wanted, vector);
    }
}

/* The matrix of one subject in all lanes, which then hold eight of its times. */
static void spread_subject(walk *w, int lane)
{
    const int width = w->shape->n + w->entries;
    for (int i = 0; i < width * width; i++)
        w->wide[i] = all(w->wide[i][lane]);
}

/* Amounts and what flows in where the stretches of up to eight times of a subject begin, and the time since.
 */
static rac_lanes enter_stretches(const sampler *s, int lane, const size_t *at, const double *since_h,
                                 rac_lanes *vector)
{
    const walk *w = &s->w;
    rac_lanes span_h;
    for (int t = 0; t < RAC_LANES; t++) {
        const stretch *from = &s->stretches[at[t]];
        span_h[t] = since_h[t];
        for (int i = 0; i < w->shape->n; i++) {
            vector[i][t] = from->state[i][lane];
            if (w->entry[i] >= 0)
                vector[w->entry[i]][t] = from->driven ? from->push[i][lane] : 0;
        }
    }
    return span_h;
}

static void write_powers(const walk *w, const rac_lanes *vector, int lane, size_t first, int count)
{
    const rac_tile *tile = w->tile;
    const int n = w->shape->n;
    for (int o = 0; o < tile->outputs; o++) {
        rac_lanes sum = all(0);
        for (int k = 0; k < n; k++)
            sum += w->read[o * n + k][lane] * vector[k];
        sum = at_least(sum, all(tile->floor[lane]));
        for (int t = 0; t < count; t++)
            tile->out[(first + (size_t)t) * (size_t)tile->outputs + (size_t)o][lane] = sum[t];
    }
}

/* Times first .. of a lane that lie in one epoch, eight at a time; gives back the first that does not. */
static size_t read_powers(sampler *s, const powers *p, int lane, int epoch, size_t first, size_t *stretch_now)
{
    const rac_tile *tile = s->w.tile;
    while (first < tile->own_times) {
        rac_lanes vector[WIDE];
        size_t at[RAC_LANES];
        double since_h[RAC_LANES];
        int count = 0;
        for (int t = 0; t < RAC_LANES; t++) {
            const size_t i = first + (size_t)count < tile->own_times ? first + (size_t)count : first;
            const double time_h = tile->own_h[lane][i];
            const size_t found = stretch_at(s->stretches, s->count, *stretch_now, time_h);
            const bool fresh = t == count && i == first + (size_t)count && s->stretches[found].epoch == epoch;
            if (fresh)
                *stretch_now = found, count++;
            at[t] = *stretch_now; /* places that are left over repeat the last, and are not written */
            since_h[t] = fresh && found ? time_h - s->stretches[found].start_h : 0;
        }
        if (!count)
            break;
        advance_by(p, enter_stretches(s, lane, at, since_h, vector), vector);
        write_powers(&s->w, vector, lane, first, count);
        first += (size_t)count;
    }
    return first;
}

/* One lane of tile->out.  False when its times are too long for its rates. */
static bool sample_lane(sampler *s, int lane, powers *p)
{
    walk *w = &s->w;
    const rac_tile *tile = w->tile;
    if (!tile->own_times)
        return true;
    const double longest_h = tile->own_h[lane][tile->own_times - 1] - s->stretches[1].start_h;
    size_t first = 0, stretch_now = 0;
    for (int e = 0; e < tile->schedule->epochs; e++) {
        set_epoch(w, e);
        scaling_epoch(w);
        spread_subject(w, lane);
        find_powers(w, longest_h, p);
        if (!(longest_h < ldexp(p->h0[0], TIME_POWERS)))
            return false;
        first = read_powers(s, p, lane, e, first, &stretch_now);
    }
    return true;
}

/* Lanes `wanted` of tile->out; gives back those it could not do. */
static rac_lane_mask sample_by_powers(sampler *s, rac_lane_mask wanted)
{
    walk *w = &s->w;
    const int n = w->shape->n;
    powers p = {.power = take_lanes(s, TIME_POWERS * 4 * n * n)};
    scaling_prepare(w);
    find_stretches(s);
    for (int lane = 0; lane < RAC_LANES; lane++)
        if (wanted[lane] && sample_lane(s, lane, &p))
            wanted[lane] = 0;
    return wanted;
}
