/* pharma/sensitivity_inline.h: exact derivatives of a linear system in the coordinates of its modes. Included
 * inside a kernel; what stands where is in sensitivity.h.
 *
 * With A = V diag(l) W the state is z = W x, and q = W dx/dd obeys, in a basis that stays as it is,
 *
 *     z' = l z + w,       q' = l q + B z + dw,      B = W dA V,  w = W u,  dw = W du
 *
 * so over a length h (Najfeld and Havel 1995, doi:10.1006/aama.1995.1017)
 *
 *     q_i(h) = exp(l_i h) q_i + sum over j of B_ij (P_ij z_j + R_ij w_j) + S_i dw_i
 *     P_ij = h exp[l_i h, l_j h],   R_ij = h^2 exp[l_i h, l_j h, 0],   S_i = h exp[l_i h, 0]
 *
 * where exp[a, b, ...] are divided differences: a constant input is a further mode with eigenvalue 0.  They
 * hold, and are computed without cancellation, when eigenvalues are equal or 0.
 *
 * The subject's own numbers are plain doubles: there is one subject.  Tables are computed eight entries at a
 * time. */

typedef struct slopes_walk {
    rac_sensitive *t;
    const rac_linear *shape;
    int n, blocks, wide, pairs; /* wide: n, and pairs: entries of a symmetric table, in whole lanes */
    int entry[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX]; /* [i][j] of a symmetric table; -1: B is 0 there */
    double *lambda, *lambda_i, *lambda_j;                  /* wide, pairs, pairs */
    double *v, *w;                                         /* n x n */
    double *decay, *rise;                                  /* lengths x wide: exp(l h), S */
    double *once, *twice;                                  /* lengths x pairs: P, R */
    double *inflow;                                        /* rates x n: w */
    rac_lanes *inflow_slopes;                              /* rates x n x blocks: dw */
    rac_lanes *b, *da_v;                                   /* n x n x blocks: B, dA V */
    double *read;                                          /* outputs x n: readers in modes */
    rac_lanes *read_slopes;                                /* outputs x n x blocks */
    unsigned char *length_known, *rate_known;
    double z[RAC_COMPARTMENTS_MAX], z_aside[RAC_COMPARTMENTS_MAX];
    rac_lanes *q, *q_aside, *dx; /* n x blocks */
    rac_lanes *flows;            /* the rates, in all lanes */
    rac_lanes *a, *scratch;      /* matrices */
    modes m;
    double *out;
    rac_lanes *out_slopes;
} slopes_walk;

/* ---- divided differences of exp ---- */

/* exp[a, b] = exp(b) (exp(a - b) - 1) / (a - b), from the larger of the two. */
LANE rac_lanes divided_once(rac_lanes a, rac_lanes b)
{
    const rac_lanes top = larger(a, b), gap = smaller(a, b) - top;
    const rac_lane_mask same = gap == 0.0;
    rac_lanes fall, unused;
    exponential(gap, &fall);
    return exponential(top, &unused) * select(same, all(1), fall / select(same, all(1), gap));
}

/* Arguments nearer together than this lose by differences of differences; there the series is short: its
 * terms to the 15th leave 3e-17 of the sum. */
#define SERIES_SPREAD 0.5
enum { DIVIDED_TERMS = 15 };

/* exp[a, b, 0] = sum over k of h_k(a, b) / (k + 2)! with h_k = a^k + a^(k-1) b + ... + b^k. */
LANE rac_lanes divided_series(rac_lanes a, rac_lanes b)
{
    rac_lanes sum = all(0.5), h = all(1), power = all(1);
    double factor = 0.5;
    for (int k = 1; k <= DIVIDED_TERMS; k++) {
        power = power * b;
        h = h * a + power;
        factor /= k + 2;
        sum = sum + h * factor;
    }
    return sum;
}

LANE rac_lanes divided_twice(rac_lanes a, rac_lanes b)
{
    const rac_lanes zero = all(0), high = larger(larger(a, b), zero), low = smaller(smaller(a, b), zero);
    const rac_lanes middle = larger(smaller(a, b), smaller(larger(a, b), zero)), spread = high - low;
    const rac_lane_mask near = spread < SERIES_SPREAD;
    const rac_lanes apart =
        (divided_once(high, middle) - divided_once(middle, low)) / select(near, all(1), spread);
    return any(near) ? select(near, divided_series(a, b), apart) : apart;
}

LANE rac_lanes load(const double *from)
{
    rac_lanes lanes;
    memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

LANE void store(double *to, rac_lanes lanes)
{
    memcpy(to, &lanes, sizeof lanes);
}

static void slopes_length(slopes_walk *w, int length)
{
    const double h = w->t->schedule->lengths_h[length];
    if (w->length_known[length])
        return;
    w->length_known[length] = 1;
    rac_lanes unused;
    for (int k = 0; k < w->wide; k += RAC_LANES) {
        const rac_lanes at = load(&w->lambda[k]) * h;
        store(&w->decay[length * w->wide + k], exponential(at, &unused));
        store(&w->rise[length * w->wide + k], h * divided_once(at, all(0)));
    }
    for (int p = 0; p < w->pairs; p += RAC_LANES) {
        const rac_lanes i = load(&w->lambda_i[p]) * h, j = load(&w->lambda_j[p]) * h;
        store(&w->once[length * w->pairs + p], h * divided_once(i, j));
        store(&w->twice[length * w->pairs + p], h * h * divided_twice(i, j));
    }
}

/* ---- inputs ---- */

/* z += W_at amount, q += W_at its slopes. */
static void slopes_add(const slopes_walk *w, int at, double amount, const rac_lanes *slopes, double *z,
                       rac_lanes *q)
{
    for (int k = 0; k < w->n; k++) {
        if (!w->shape->reach[k][at])
            continue;
        z[k] += w->w[k * w->n + at] * amount;
        for (int b = 0; b < w->blocks; b++)
            q[k * w->blocks + b] += w->w[k * w->n + at] * slopes[b];
    }
}

/* `value` of a channel, times its gain; `stretched` of it falls where its length grows. */
static void slopes_add_channel(const slopes_walk *w, int channel, double value, double stretched, double *z,
                               rac_lanes *q)
{
    const rac_sensitive *t = w->t;
    const int compartment = t->channel_compartment[channel];
    const double gain = t->gains.value[channel];
    rac_lanes slopes[RAC_BLOCKS_MAX];
    if (compartment >= w->n) /* a state */
        return;
    for (int b = 0; b < w->blocks; b++)
        slopes[b] = value * t->gains.slope[channel * w->blocks + b] -
                    stretched * gain * t->length_slopes[channel / 2 * w->blocks + b];
    slopes_add(w, w->shape->position[compartment], value * gain, slopes, z, q);
}

static void slopes_rate(slopes_walk *w, int rate)
{
    const rac_rates *rates = &w->t->schedule->rates[rate];
    const size_t n = (size_t)w->n;
    double *z = &w->inflow[rate * w->n];
    rac_lanes *q = &w->inflow_slopes[rate * w->n * w->blocks];
    if (w->rate_known[rate])
        return;
    w->rate_known[rate] = 1;
    memset(z, 0, sizeof *z * n);
    memset(q, 0, sizeof *q * n * (size_t)w->blocks);
    for (int i = 0; i < rates->count; i++)
        slopes_add_channel(w, rates->channels[i], rates->values[i], rates->stretched[i], z, q);
}

/* ---- steps ---- */

static void slopes_write(slopes_walk *w)
{
    const int n = w->n, blocks = w->blocks;
    for (int o = 0; o < w->t->outputs; o++) {
        const double *read = &w->read[o * n];
        const rac_lanes *moved = &w->read_slopes[o * n * blocks];
        double sum = 0;
        for (int k = 0; k < n; k++)
            sum += read[k] * w->z[k];
        *w->out++ = sum < w->t->floor ? w->t->floor : sum;
        for (int b = 0; b < blocks; b++) {
            rac_lanes slope = all(0);
            for (int k = 0; k < n; k++)
                slope += read[k] * w->q[k * blocks + b] + w->z[k] * moved[k * blocks + b];
            *w->out_slopes++ = slope;
        }
    }
}

/* The sum over j of B_ij c_ij, c = P z + R w, where `twice` and `inflow` may be NULL. */
static void slopes_mix(const slopes_walk *w, int i, const double *once, const double *z, const double *twice,
                       const double *inflow, rac_lanes *sum)
{
    for (int b = 0; b < w->blocks; b++)
        sum[b] = all(0);
    for (int j = 0; j < w->n; j++) {
        const int entry = w->entry[i][j];
        if (entry < 0)
            continue;
        const double c = once[entry] * z[j] + (inflow ? twice[entry] * inflow[j] : 0);
        for (int b = 0; b < w->blocks; b++)
            sum[b] += w->b[(i * w->n + j) * w->blocks + b] * c;
    }
}

static void slopes_advance(slopes_walk *w, const rac_step *step)
{
    const int n = w->n, blocks = w->blocks;
    const int rate = step->pair < 0 ? -1 : w->t->schedule->pairs[step->pair].rate;
    slopes_length(w, step->length);
    if (rate >= 0)
        slopes_rate(w, rate);
    const double *decay = &w->decay[step->length * w->wide], *rise = &w->rise[step->length * w->wide],
                 *once = &w->once[step->length * w->pairs], *twice = &w->twice[step->length * w->pairs];
    const double *in = rate < 0 ? NULL : &w->inflow[rate * n];
    const rac_lanes *in_slopes = rate < 0 ? NULL : &w->inflow_slopes[rate * n * blocks];
    for (int count = 0; count < step->count; count++) {
        for (int i = 0; i < n; i++) {
            rac_lanes sum[RAC_BLOCKS_MAX];
            slopes_mix(w, i, once, w->z, twice, in, sum);
            for (int b = 0; b < blocks; b++) {
                rac_lanes *q = &w->q[i * blocks + b];
                *q = decay[i] * *q + sum[b];
                if (in)
                    *q += rise[i] * in_slopes[i * blocks + b];
            }
        }
        for (int i = 0; i < n; i++)
            w->z[i] = decay[i] * w->z[i] + (in ? rise[i] * in[i] : 0);
        if (step->write)
            slopes_write(w);
    }
}

static double slopes_fastest(const slopes_walk *w)
{
    double fastest = 0;
    for (int k = 0; k < w->n; k++)
        fastest = fmax(fastest, fabs(w->lambda[k]));
    return fastest;
}

/* part / divisor, where a mode that never decays has room for nothing only. */
LANE double settle(double part, double divisor, bool endless)
{
    return part == 0 ? 0 : endless ? INFINITY : part / divisor;
}

/* The state x with x = E x + y, or 0 = A x + u:  (1 - exp(l h)) z = y, then (1 - exp(l h)) q = dy + (B o P)
 * z; -l z = w,          then  -l q = dw + B z. */
static void slopes_steady(slopes_walk *w, const rac_step *step)
{
    const int n = w->n, blocks = w->blocks;
    const bool plateau = step->kind == RAC_STEP_PLATEAU;
    const double fastest = slopes_fastest(w);
    double ones[RAC_COMPARTMENTS_MAX * RAC_COMPARTMENTS_MAX], divisor[RAC_COMPARTMENTS_MAX],
        z[RAC_COMPARTMENTS_MAX];
    const double *part = w->z, *once = ones;
    const rac_lanes *part_slopes = w->q;
    if (plateau) {
        slopes_rate(w, step->pair);
        part = &w->inflow[step->pair * n];
        part_slopes = &w->inflow_slopes[step->pair * n * blocks];
        for (int p = 0; p < w->pairs; p++)
            ones[p] = 1;
    } else {
        slopes_length(w, step->length);
        once = &w->once[step->length * w->pairs];
    }
    for (int k = 0; k < n; k++) {
        divisor[k] = -w->lambda[k];
        if (!plateau)
            divisor[k] *= w->rise[step->length * w->wide + k]; /* 1 - exp(l h) */
        z[k] = settle(part[k], divisor[k], fabs(w->lambda[k]) <= fastest * 1e-14);
    }
    for (int i = 0; i < n; i++) {
        rac_lanes sum[RAC_BLOCKS_MAX];
        slopes_mix(w, i, once, z, NULL, NULL, sum);
        for (int b = 0; b < blocks; b++) {
            const rac_lanes before = plateau ? w->q[i * blocks + b] : w->q_aside[i * blocks + b];
            const rac_lanes moved = part_slopes[i * blocks + b] + sum[b];
            const rac_lanes q = select(moved == 0.0, all(0), moved / divisor[i]);
            w->q[i * blocks + b] = step->add ? before + q : q;
        }
    }
    for (int k = 0; k < n; k++)
        w->z[k] = z[k] + (!step->add ? 0 : plateau ? w->z[k] : w->z_aside[k]);
}

/* A bolus whose time moves: q falls by l W b dT. */
static void slopes_bolus(slopes_walk *w, const rac_step *step)
{
    const rac_sensitive *t = w->t;
    const rac_lanes *late = &t->lag_slopes[step->channel / 2 * w->blocks];
    const int compartment = t->channel_compartment[step->channel];
    slopes_add_channel(w, step->channel, step->amount, 0, w->z, w->q);
    if (compartment >= w->n)
        return;
    const int at = w->shape->position[compartment];
    const double amount = step->amount * t->gains.value[step->channel];
    for (int k = 0; k < w->n; k++)
        for (int b = 0; w->shape->reach[k][at] && b < w->blocks; b++)
            w->q[k * w->blocks + b] -= w->lambda[k] * w->w[k * w->n + at] * amount * late[b];
}

/* An input that changes by c at a time that moves: q falls by W c dT. */
static void slopes_shift(slopes_walk *w, const rac_step *step)
{
    const rac_sensitive *t = w->t;
    const int compartment = t->channel_compartment[step->channel], part = step->channel / 2 * w->blocks;
    const double change = step->amount * t->gains.value[step->channel];
    rac_lanes slopes[RAC_BLOCKS_MAX];
    if (compartment >= w->n)
        return;
    for (int b = 0; b < w->blocks; b++)
        slopes[b] = -change * (t->lag_slopes[part + b] + step->length_h * t->length_slopes[part + b]);
    slopes_add(w, w->shape->position[compartment], 0, slopes, w->z, w->q);
}

/* z and q from what amounts begin with in this epoch. */
static void slopes_begin(slopes_walk *w, int epoch)
{
    const rac_duals *starts = &w->t->starts;
    memset(w->z, 0, sizeof w->z);
    memset(w->q, 0, sizeof *w->q * (size_t)(w->n * w->blocks));
    for (int i = 0; i < w->n; i++) {
        const int at = epoch * w->t->start_stride + w->shape->compartment[i];
        slopes_add(w, i, starts->value[at], &starts->slope[at * w->blocks], w->z, w->q);
    }
}

static void slopes_step(slopes_walk *w, int epoch, const rac_step *step)
{
    const size_t size = sizeof *w->q * (size_t)(w->n * w->blocks);
    switch (step->kind) {
    case RAC_STEP_ADVANCE:
        slopes_advance(w, step);
        break;
    case RAC_STEP_BOLUS:
        slopes_bolus(w, step);
        break;
    case RAC_STEP_SHIFT:
        slopes_shift(w, step);
        break;
    case RAC_STEP_RESET:
        slopes_begin(w, epoch);
        break;
    case RAC_STEP_WRITE:
        slopes_write(w);
        break;
    case RAC_STEP_STEADY_BEGIN:
        memcpy(w->z_aside, w->z, sizeof w->z);
        memcpy(w->q_aside, w->q, size);
        memset(w->z, 0, sizeof w->z);
        memset(w->q, 0, size);
        break;
    default:
        slopes_steady(w, step);
    }
}

/* ---- an epoch ---- */

/* B = W dA V.  dA is the sum over flows of their slope x (1 in row `to`, -1 in row `from`) in column `from`.
 */
static void slopes_of_matrix(slopes_walk *w, const rac_lanes *flow_slopes)
{
    const int n = w->n, blocks = w->blocks;
    memset(w->da_v, 0, sizeof *w->da_v * (size_t)(n * n * blocks));
    memset(w->b, 0, sizeof *w->b * (size_t)(n * n * blocks));
    for (int f = 0; f < w->shape->flow_count; f++) {
        const rac_flow *flow = &w->shape->flows[f];
        const int from = w->shape->position[flow->from];
        const int to = flow->to == RAC_OUT ? -1 : w->shape->position[flow->to];
        for (int b = 0; b < blocks; b++) {
            const rac_lanes slope = flow_slopes[f * blocks + b];
            for (int j = 0; any(slope != 0.0) && j < n; j++) {
                const rac_lanes part = slope * w->v[from * n + j];
                if (to >= 0)
                    w->da_v[(to * n + j) * blocks + b] += part;
                if (!flow->copies)
                    w->da_v[(from * n + j) * blocks + b] -= part;
            }
        }
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int r = 0; w->entry[i][j] >= 0 && r < n; r++)
                if (w->shape->reach[i][r] && w->shape->reach[r][j])
                    for (int b = 0; b < blocks; b++)
                        w->b[(i * n + j) * blocks + b] += w->w[i * n + r] * w->da_v[(r * n + j) * blocks + b];
}

static void slopes_of_readers(slopes_walk *w, int epoch)
{
    const int n = w->n, blocks = w->blocks;
    const size_t outputs = (size_t)w->t->outputs;
    memset(w->read, 0, sizeof *w->read * outputs * (size_t)n);
    memset(w->read_slopes, 0, sizeof *w->read_slopes * outputs * (size_t)(n * blocks));
    for (int o = 0; o < w->t->outputs; o++)
        for (int i = 0; i < n; i++) {
            const int from = (epoch * w->t->outputs + o) * n + w->shape->compartment[i];
            for (int k = 0; k < n; k++) {
                if (!w->shape->reach[i][k])
                    continue;
                w->read[o * n + k] += w->t->readers.value[from] * w->v[i * n + k];
                for (int b = 0; b < blocks; b++)
                    w->read_slopes[(o * n + k) * blocks + b] +=
                        w->t->readers.slope[from * blocks + b] * w->v[i * n + k];
            }
        }
}

/* Modes of the epoch, as plain numbers, padded to whole lanes. */
static void slopes_find_modes(slopes_walk *w, int epoch)
{
    const int n = w->n, flows = w->shape->flow_count;
    for (int f = 0; f < flows; f++)
        w->flows[f] = all(w->t->flow_per_h.value[epoch * flows + f]);
    build_matrix(w->shape, w->flows, w->a);
    find_modes(w->shape, w->a, w->scratch, &w->m);
    w->t->nearest = fmin(w->t->nearest, w->m.ill[0] ? 0 : w->m.nearest[0]);
    for (int i = 0; i < n; i++) {
        w->lambda[i] = w->m.lambda[i][0];
        for (int j = 0; j < n; j++) {
            w->v[i * n + j] = AT(w->m.v, i, j)[0];
            w->w[i * n + j] = AT(w->m.w, i, j)[0];
        }
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (w->entry[i][j] >= 0) {
                w->lambda_i[w->entry[i][j]] = w->lambda[i];
                w->lambda_j[w->entry[i][j]] = w->lambda[j];
            }
}

static void slopes_epoch(slopes_walk *w, int epoch)
{
    const rac_schedule *schedule = w->t->schedule;
    memset(w->length_known, 0, (size_t)schedule->lengths);
    memset(w->rate_known, 0, (size_t)schedule->rate_count);
    slopes_find_modes(w, epoch);
    slopes_of_matrix(w, &w->t->flow_per_h.slope[epoch * w->shape->flow_count * w->blocks]);
    slopes_of_readers(w, epoch);
}

/* Amounts and their slopes by position, and back in the modes of the next epoch. */
static void slopes_to_amounts(const slopes_walk *w, double *x)
{
    const int n = w->n, blocks = w->blocks;
    memset(x, 0, sizeof *x * (size_t)n);
    memset(w->dx, 0, sizeof *w->dx * (size_t)(n * blocks));
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++) {
            x[i] += w->v[i * n + k] * w->z[k];
            for (int b = 0; b < blocks; b++)
                w->dx[i * blocks + b] += w->v[i * n + k] * w->q[k * blocks + b];
        }
}

static void slopes_to_modes(slopes_walk *w, const double *x)
{
    memset(w->z, 0, sizeof w->z);
    memset(w->q, 0, sizeof *w->q * (size_t)(w->n * w->blocks));
    for (int i = 0; i < w->n; i++)
        slopes_add(w, i, x[i], &w->dx[i * w->blocks], w->z, w->q);
}

/* ---- the whole walk ---- */

/* Modes i and j meet in B where j reaches i; within a group both ways, with the same table entry. */
static int number_entries(slopes_walk *w)
{
    int entries = 0;
    for (int i = 0; i < w->n; i++)
        for (int j = 0; j <= i; j++) {
            const int entry = w->shape->reach[i][j] ? entries++ : -1;
            w->entry[i][j] = entry;
            w->entry[j][i] = w->shape->reach[j][i] ? entry : -1;
        }
    return entries;
}

/* Work handed out in a row; without any it is only counted. */
typedef struct carver {
    rac_lanes *work;
    size_t used;
} carver;

static rac_lanes *carve_lanes(carver *c, size_t count)
{
    rac_lanes *taken = c->work ? c->work + c->used : NULL;
    c->used += count;
    return taken;
}

static double *carve_doubles(carver *c, size_t count)
{
    return (double *)carve_lanes(c, (count + RAC_LANES - 1) / RAC_LANES);
}

static unsigned char *carve_flags(carver *c, size_t count)
{
    return (unsigned char *)carve_lanes(c, count / sizeof(rac_lanes) + 1);
}

/* Returns how many lanes of work there are. */
static size_t slopes_carve(slopes_walk *w, rac_sensitive *t)
{
    const rac_schedule *s = t->schedule;
    const size_t n = (size_t)t->shape->n, blocks = (size_t)t->blocks, outputs = (size_t)t->outputs,
                 lengths = (size_t)s->lengths, rates = (size_t)s->rate_count;
    *w = (slopes_walk){.t = t, .shape = t->shape, .n = t->shape->n, .blocks = t->blocks};
    w->wide = (int)(n + RAC_LANES - 1) / RAC_LANES * RAC_LANES;
    w->pairs = (number_entries(w) + RAC_LANES - 1) / RAC_LANES * RAC_LANES;
    const size_t wide = (size_t)w->wide, pairs = (size_t)w->pairs;
    carver at = {.work = t->work};
    w->a = carve_lanes(&at, MATRIX);
    w->scratch = carve_lanes(&at, MATRIX);
    w->m.v = carve_lanes(&at, MATRIX);
    w->m.w = carve_lanes(&at, MATRIX);
    w->m.lambda = carve_lanes(&at, RAC_COMPARTMENTS_MAX);
    w->flows = carve_lanes(&at, (size_t)t->shape->flow_count);
    w->q = carve_lanes(&at, n * blocks);
    w->q_aside = carve_lanes(&at, n * blocks);
    w->dx = carve_lanes(&at, n * blocks);
    w->b = carve_lanes(&at, n * n * blocks);
    w->da_v = carve_lanes(&at, n * n * blocks);
    w->read_slopes = carve_lanes(&at, outputs * n * blocks);
    w->inflow_slopes = carve_lanes(&at, rates * n * blocks);
    w->lambda = carve_doubles(&at, wide);
    w->lambda_i = carve_doubles(&at, pairs);
    w->lambda_j = carve_doubles(&at, pairs);
    w->v = carve_doubles(&at, n * n);
    w->w = carve_doubles(&at, n * n);
    w->read = carve_doubles(&at, outputs * n);
    w->decay = carve_doubles(&at, lengths * wide);
    w->rise = carve_doubles(&at, lengths * wide);
    w->once = carve_doubles(&at, lengths * pairs);
    w->twice = carve_doubles(&at, lengths * pairs);
    w->inflow = carve_doubles(&at, rates * n);
    w->length_known = carve_flags(&at, lengths);
    w->rate_known = carve_flags(&at, rates);
    w->out = t->out.value;
    w->out_slopes = t->out.slope;
    return at.used;
}

static void solve_slopes(rac_sensitive *t)
{
    slopes_walk w;
    double x[RAC_COMPARTMENTS_MAX];
    slopes_carve(&w, t);
    t->nearest = 1;
    for (int e = 0; e < t->schedule->epochs; e++) {
        slopes_epoch(&w, e);
        if (e)
            slopes_to_modes(&w, x);
        else
            slopes_begin(&w, e);
        for (size_t i = t->schedule->epoch_first[e]; i < t->schedule->epoch_first[e + 1]; i++)
            slopes_step(&w, e, &t->schedule->steps[i]);
        slopes_to_amounts(&w, x);
    }
}
