/* pharma/sensitivity_scaling_inline.h: exact derivatives of a linear system by scaling and squaring, where
 * its modes are too close or there are none.  Included inside a kernel; what stands where is in
 * sensitivity.h.
 *
 * The series and the squarings of scaling_inline.h, each product with its derivative (Al-Mohy and Higham
 * 2009, doi:10.1137/080716426, section 3):
 *
 *     E = exp(M h):    d(F E) = dF E + F dE,     d(E E) = dE E + E dE,     M = [A U], dM = [dA 0]
 *                                                                             [0 0]       [0  0]
 *     x(h) = E x + G u,     dx(h) = E dx + dE x + G du + dG u
 */

/* Propagators kept at once: patterns of doses repeat, sampling times do not. */
enum { SLOPE_POWERS = 16 };
/* The derivative of the series converges a term or two later. */
enum { SLOPE_TERMS = SERIES_TERMS + 2 };

/* A matrix in rows of `width`, with its derivatives. */
typedef struct scaled_slopes {
    rac_sensitive *t;
    const rac_linear *shape;
    int n, width, blocks;
    int entry[RAC_COMPARTMENTS_MAX];
    bool pattern[WIDE * WIDE];
    rac_duals m, e, f, product; /* width x width */
    rac_duals power;            /* SLOPE_POWERS x n x width */
    int power_length[SLOPE_POWERS];
    rac_duals read;     /* outputs x n */
    rac_duals x, aside; /* n */
    rac_duals u, next;  /* n */
    double *out;
    rac_lanes *out_slopes;
} scaled_slopes;

/* ---- the exponential ---- */

LANE void add_product(const scaled_slopes *w, const rac_duals *left, int i, const rac_duals *right, int j,
                      double *sum, rac_lanes *slopes)
{
    const double a = left->value[i], c = right->value[j];
    *sum += a * c;
    for (int b = 0; b < w->blocks; b++)
        slopes[b] += left->slope[i * w->blocks + b] * c + a * right->slope[j * w->blocks + b];
}

static void scaled_multiply(const scaled_slopes *w, const rac_duals *left, const rac_duals *right,
                            const rac_duals *product)
{
    const int width = w->width, blocks = w->blocks;
    for (int i = 0; i < width; i++)
        for (int j = 0; j < width; j++) {
            double sum = 0;
            rac_lanes slopes[RAC_BLOCKS_MAX];
            for (int b = 0; b < blocks; b++)
                slopes[b] = all(0);
            for (int k = 0; w->pattern[i * WIDE + j] && k < width; k++)
                if (w->pattern[i * WIDE + k] && w->pattern[k * WIDE + j])
                    add_product(w, left, i * width + k, right, k * width + j, &sum, slopes);
            product->value[i * width + j] = sum;
            for (int b = 0; b < blocks; b++)
                product->slope[(i * width + j) * blocks + b] = slopes[b];
        }
}

/* The largest outflow q, and the largest sum of a column of |m + qI|. */
static double scaled_norm(const scaled_slopes *w, double *q)
{
    double norm = 0;
    *q = 0;
    for (int i = 0; i < w->width; i++)
        *q = fmax(*q, -w->m.value[i * w->width + i]);
    for (int j = 0; j < w->width; j++) {
        double column = 0;
        for (int i = 0; i < w->width; i++)
            column += fabs(w->m.value[i * w->width + j] + (i == j ? *q : 0));
        norm = fmax(norm, column);
    }
    return norm;
}

/* w->e = exp(m h).  The shift by q is a number like any other: it has no derivative. */
static void scaled_exponentiate(scaled_slopes *w, double h)
{
    const int size = w->width * w->width, blocks = w->blocks;
    double q;
    const double norm = scaled_norm(w, &q) * h;
    int squarings = 0;
    if (isfinite(norm))
        frexp(norm, &squarings);
    squarings = squarings > 0 ? squarings : 0;
    const double step = ldexp(h, -squarings);
    rac_lanes unused;
    const double decay = exponential(all(-q * step), &unused)[0];
    for (int i = 0; i < size; i++) {
        const bool diagonal = i / w->width == i % w->width;
        w->f.value[i] = (w->m.value[i] + (diagonal ? q : 0)) * step;
        w->e.value[i] = diagonal;
        for (int b = i * blocks; b < (i + 1) * blocks; b++) {
            w->f.slope[b] = w->m.slope[b] * step;
            w->e.slope[b] = all(0);
        }
    }
    for (int term = SLOPE_TERMS; term > 0; term--) { /* e = 1 + f/1 (1 + f/2 (1 + ...)) */
        const double share = 1.0 / term, last = term == 1 ? decay : 1;
        scaled_multiply(w, &w->f, &w->e, &w->product);
        for (int i = 0; i < size; i++) {
            w->e.value[i] = last * (w->product.value[i] * share + (i / w->width == i % w->width));
            for (int b = i * blocks; b < (i + 1) * blocks; b++)
                w->e.slope[b] = w->product.slope[b] * (last * share);
        }
    }
    for (int round = 0; round < squarings; round++) {
        const rac_duals square = w->product;
        scaled_multiply(w, &w->e, &w->e, &square);
        w->product = w->e;
        w->e = square;
    }
}

/* First entry of the kept propagator of a length: n rows of `width`. */
static int scaled_length(scaled_slopes *w, int length)
{
    const int at = length % SLOPE_POWERS, first = at * w->n * w->width;
    if (w->power_length[at] == length)
        return first;
    w->power_length[at] = length;
    scaled_exponentiate(w, w->t->schedule->lengths_h[length]);
    const size_t size = (size_t)(w->n * w->width);
    memcpy(&w->power.value[first], w->e.value, sizeof(double) * size);
    memcpy(&w->power.slope[first * w->blocks], w->e.slope, sizeof(rac_lanes) * size * (size_t)w->blocks);
    return first;
}

/* ---- steps ---- */

static void scaled_clear(const scaled_slopes *w, const rac_duals *x)
{
    memset(x->value, 0, sizeof(double) * (size_t)w->n);
    memset(x->slope, 0, sizeof(rac_lanes) * (size_t)(w->n * w->blocks));
}

static void scaled_copy(const scaled_slopes *w, const rac_duals *to, const rac_duals *from)
{
    memcpy(to->value, from->value, sizeof(double) * (size_t)w->n);
    memcpy(to->slope, from->slope, sizeof(rac_lanes) * (size_t)(w->n * w->blocks));
}

/* As slopes_add_channel. */
static void scaled_add_channel(const scaled_slopes *w, int channel, double value, double stretched,
                               const rac_duals *x)
{
    const rac_sensitive *t = w->t;
    const int compartment = t->channel_compartment[channel];
    const double gain = t->gains.value[channel];
    if (compartment >= w->n) /* a state */
        return;
    const int at = w->shape->position[compartment];
    x->value[at] += value * gain;
    for (int b = 0; b < w->blocks; b++)
        x->slope[at * w->blocks + b] += value * t->gains.slope[channel * w->blocks + b] -
                                        stretched * gain * t->length_slopes[channel / 2 * w->blocks + b];
}

/* A bolus whose time moves: dx falls by A b dT. */
static void scaled_bolus(const scaled_slopes *w, const rac_step *step)
{
    const rac_sensitive *t = w->t;
    const rac_lanes *late = &t->lag_slopes[step->channel / 2 * w->blocks];
    const int compartment = t->channel_compartment[step->channel];
    scaled_add_channel(w, step->channel, step->amount, 0, &w->x);
    if (compartment >= w->n)
        return;
    const int at = w->shape->position[compartment];
    const double amount = step->amount * t->gains.value[step->channel];
    for (int i = 0; i < w->n; i++)
        for (int b = 0; b < w->blocks; b++)
            w->x.slope[i * w->blocks + b] -= w->m.value[i * w->width + at] * amount * late[b];
}

/* An input that changes by c at a time that moves: dx falls by c dT. */
static void scaled_shift(const scaled_slopes *w, const rac_step *step)
{
    const rac_sensitive *t = w->t;
    const int compartment = t->channel_compartment[step->channel], part = step->channel / 2 * w->blocks;
    const double change = step->amount * t->gains.value[step->channel];
    for (int b = 0; compartment < w->n && b < w->blocks; b++)
        w->x.slope[w->shape->position[compartment] * w->blocks + b] -=
            change * (t->lag_slopes[part + b] + step->length_h * t->length_slopes[part + b]);
}

static void scaled_inflow(const scaled_slopes *w, int rate)
{
    const rac_rates *rates = &w->t->schedule->rates[rate];
    scaled_clear(w, &w->u);
    for (int i = 0; i < rates->count; i++)
        scaled_add_channel(w, rates->channels[i], rates->values[i], rates->stretched[i], &w->u);
}

static void scaled_write(scaled_slopes *w)
{
    for (int o = 0; o < w->t->outputs; o++) {
        double sum = 0;
        for (int b = 0; b < w->blocks; b++)
            w->out_slopes[b] = all(0);
        for (int i = 0; i < w->n; i++)
            add_product(w, &w->read, o * w->n + i, &w->x, i, &sum, w->out_slopes);
        *w->out++ = sum < w->t->floor ? w->t->floor : sum;
        w->out_slopes += w->blocks;
    }
}

/* next = row by row  E x + G u;  without u where `input` is false. */
static void scaled_move(scaled_slopes *w, int power, bool input)
{
    for (int i = 0; i < w->n; i++) {
        double sum = 0;
        rac_lanes *slopes = &w->next.slope[i * w->blocks];
        const int row = power + i * w->width;
        for (int b = 0; b < w->blocks; b++)
            slopes[b] = all(0);
        for (int j = 0; j < w->n; j++) {
            if (!w->shape->reach[i][j])
                continue;
            add_product(w, &w->power, row + j, &w->x, j, &sum, slopes);
            if (input && w->entry[j] >= 0)
                add_product(w, &w->power, row + w->entry[j], &w->u, j, &sum, slopes);
        }
        w->next.value[i] = sum;
    }
    const rac_duals before = w->x;
    w->x = w->next;
    w->next = before;
}

static void scaled_advance(scaled_slopes *w, const rac_step *step)
{
    const int power = scaled_length(w, step->length);
    if (step->pair >= 0)
        scaled_inflow(w, w->t->schedule->pairs[step->pair].rate);
    for (int count = 0; count < step->count; count++) {
        scaled_move(w, power, step->pair >= 0);
        if (step->write)
            scaled_write(w);
    }
}

/* Solves (1 - E) y = b, or -A y = b. */
static void scaled_solve(const scaled_slopes *w, int power, bool plateau, double *b)
{
    double m[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX];
    for (int i = 0; i < w->n; i++)
        for (int j = 0; j < w->n; j++)
            m[i][j] =
                plateau ? -w->m.value[i * w->width + j] : (i == j) - w->power.value[power + i * w->width + j];
    eliminate(w->n, m, b);
}

/* (1 - E) y = x  and then  (1 - E) dy = dx + dE y;   -A y = u  and then  -A dy = du + dA y. */
static void scaled_steady(scaled_slopes *w, const rac_step *step)
{
    const int n = w->n, blocks = w->blocks;
    const bool plateau = step->kind == RAC_STEP_PLATEAU;
    const int power = plateau ? 0 : scaled_length(w, step->length);
    if (plateau)
        scaled_inflow(w, step->pair);
    const rac_duals *part = plateau ? &w->u : &w->x, *before = plateau ? &w->x : &w->aside;
    const rac_lanes *moved = plateau ? w->m.slope : &w->power.slope[power * blocks];
    double y[RAC_COMPARTMENTS_MAX], dy[RAC_COMPARTMENTS_MAX];
    memcpy(y, part->value, sizeof *y * (size_t)n);
    scaled_solve(w, power, plateau, y);
    for (int lane = 0; lane < blocks * RAC_LANES; lane++) {
        const int block = lane / RAC_LANES, l = lane % RAC_LANES;
        for (int i = 0; i < n; i++) {
            dy[i] = part->slope[i * blocks + block][l];
            for (int j = 0; j < n; j++)
                dy[i] += moved[(i * w->width + j) * blocks + block][l] * y[j];
        }
        scaled_solve(w, power, plateau, dy);
        for (int i = 0; i < n; i++)
            w->next.slope[i * blocks + block][l] =
                dy[i] + (step->add ? before->slope[i * blocks + block][l] : 0);
    }
    for (int i = 0; i < n; i++)
        w->next.value[i] = y[i] + (step->add ? before->value[i] : 0);
    scaled_copy(w, &w->x, &w->next);
}

static void scaled_begin(scaled_slopes *w, int epoch)
{
    const rac_duals *starts = &w->t->starts;
    for (int i = 0; i < w->n; i++) {
        const int at = epoch * w->t->start_stride + w->shape->compartment[i];
        w->x.value[i] = starts->value[at];
        memcpy(&w->x.slope[i * w->blocks], &starts->slope[at * w->blocks],
               sizeof(rac_lanes) * (size_t)w->blocks);
    }
}

static void scaled_step(scaled_slopes *w, int epoch, const rac_step *step)
{
    switch (step->kind) {
    case RAC_STEP_ADVANCE:
        scaled_advance(w, step);
        break;
    case RAC_STEP_BOLUS:
        scaled_bolus(w, step);
        break;
    case RAC_STEP_SHIFT:
        scaled_shift(w, step);
        break;
    case RAC_STEP_RESET:
        scaled_begin(w, epoch);
        break;
    case RAC_STEP_WRITE:
        scaled_write(w);
        break;
    case RAC_STEP_STEADY_BEGIN:
        scaled_copy(w, &w->aside, &w->x);
        scaled_clear(w, &w->x);
        break;
    default:
        scaled_steady(w, step);
    }
}

/* ---- the whole walk ---- */

static void scaled_add_flow(const scaled_slopes *w, int to, int from, double sign, double rate,
                            const rac_lanes *slopes)
{
    const int at = to * w->width + from;
    w->m.value[at] += sign * rate;
    for (int b = 0; b < w->blocks; b++)
        w->m.slope[at * w->blocks + b] += sign * slopes[b];
}

static void scaled_epoch(scaled_slopes *w, int epoch)
{
    const int n = w->n, blocks = w->blocks, flows = w->shape->flow_count;
    const size_t size = (size_t)(w->width * w->width);
    for (int i = 0; i < SLOPE_POWERS; i++)
        w->power_length[i] = -1;
    memset(w->m.value, 0, sizeof(double) * size);
    memset(w->m.slope, 0, sizeof(rac_lanes) * size * (size_t)blocks);
    for (int f = 0; f < flows; f++) {
        const rac_flow *flow = &w->shape->flows[f];
        const int from = w->shape->position[flow->from];
        const double rate = w->t->flow_per_h.value[epoch * flows + f];
        const rac_lanes *slopes = &w->t->flow_per_h.slope[(epoch * flows + f) * blocks];
        if (flow->to != RAC_OUT)
            scaled_add_flow(w, w->shape->position[flow->to], from, 1, rate, slopes);
        if (!flow->copies)
            scaled_add_flow(w, from, from, -1, rate, slopes);
    }
    for (int j = 0; j < n; j++)
        if (w->entry[j] >= 0)
            w->m.value[j * w->width + w->entry[j]] = 1;
    for (int o = 0; o < w->t->outputs; o++)
        for (int i = 0; i < n; i++) {
            const int from = (epoch * w->t->outputs + o) * n + w->shape->compartment[i];
            w->read.value[o * n + i] = w->t->readers.value[from];
            memcpy(&w->read.slope[(o * n + i) * blocks], &w->t->readers.slope[from * blocks],
                   sizeof(rac_lanes) * (size_t)blocks);
        }
}

static rac_duals carve_duals(carver *c, size_t count, int blocks)
{
    return (rac_duals){carve_doubles(c, count), carve_lanes(c, count * (size_t)blocks)};
}

/* Returns how many lanes of work there are. */
static size_t scaled_carve(scaled_slopes *w, rac_sensitive *t)
{
    *w = (scaled_slopes){.t = t, .shape = t->shape, .n = t->shape->n, .blocks = t->blocks};
    w->width = w->n + widen(t->shape, t->schedule, t->channel_compartment, w->entry, w->pattern);
    const size_t n = (size_t)w->n, size = (size_t)(w->width * w->width);
    carver at = {.work = t->work};
    rac_duals *const matrices[] = {&w->m, &w->e, &w->f, &w->product}, *const vectors[] = {&w->x, &w->aside,
                                                                                          &w->u, &w->next};
    for (int i = 0; i < 4; i++) {
        *matrices[i] = carve_duals(&at, size, w->blocks);
        *vectors[i] = carve_duals(&at, n, w->blocks);
    }
    w->power = carve_duals(&at, SLOPE_POWERS * n * (size_t)w->width, w->blocks);
    w->read = carve_duals(&at, (size_t)t->outputs * n, w->blocks);
    w->out = t->out.value;
    w->out_slopes = t->out.slope;
    return at.used;
}

static void scale_slopes(rac_sensitive *t)
{
    scaled_slopes w;
    scaled_carve(&w, t);
    for (int e = 0; e < t->schedule->epochs; e++) {
        scaled_epoch(&w, e);
        if (!e)
            scaled_begin(&w, e);
        for (size_t i = t->schedule->epoch_first[e]; i < t->schedule->epoch_first[e + 1]; i++)
            scaled_step(&w, e, &t->schedule->steps[i]);
    }
}
