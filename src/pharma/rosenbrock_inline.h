/* pharma/rosenbrock_inline.h: Rosenbrock steps for any equations.  Included inside a kernel; see states.h.
 *
 * Rodas5P, eight stages, order 5 with an embedded order 4, stiffly accurate, dense output of order 4
 * (Steinebach 2023, doi:10.1007/s10543-023-00967-x), in the form without products of the Jacobian (Hairer and
 * Wanner 1996, Solving Ordinary Differential Equations II, IV.7):
 *
 *     (1 / (h gamma) - J) k_i = f(t + c_i h, y + sum a_ij k_j) + sum c_ij k_j / h + d_i h df/dt
 *     y(t + h) = y + sum of a_8j k_j + k_8,   error k_8
 *
 * J = df/dy and df/dt come from the programs by forward-mode differentiation.
 */
enum { STAGES = 8, STEP_NODES = 6 };

static const double GAMMA = 0.21193756319429014;

/* Times of the nodes, and the node of each stage: the last three stand at the end. */
static const double NODE[STEP_NODES] = {
    0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1};
static const int STAGE_NODE[STAGES] = {0, 1, 2, 3, 4, 5, 5, 5};

/* The last two rows repeat the row before with a 1 more. */
static const double STAGE_A[STAGES][STAGES - 1] = {
    {0},
    {3.0},
    {2.849394379747939, 0.45842242204463923},
    {-6.954028509809101, 2.489845061869568, -10.358996098473584},
    {2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641},
    {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946},
    {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946,
     1},
    {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946,
     1, 1}};
static const double STAGE_C[STAGES][STAGES - 1] = {
    {0},
    {-14.155112264123755},
    {-17.97296035885952, -2.859693295451294},
    {147.12150275711716, -1.41221402718213, 71.68940251302358},
    {165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306},
    {24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471},
    {30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
     -28.087943162872662},
    {37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
     -54.66780262877968, -9.48861652309627}};
static const double STAGE_D[STAGES] = {0.21193756319429014,
                                       -0.42387512638858027,
                                       -0.3384627126235924,
                                       1.8046452872882734,
                                       2.325825639765069,
                                       0,
                                       0,
                                       0};
/* y(t + x h) = (1 - x) y0 + x (y1 + (1 - x) (K0 + x (K1 + x K2))),  K = DENSE k */
static const double DENSE[3][STAGES] = {
    {25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
     1.1241088310450404, 0.4272876194431874, -0.17202221070155493},
    {-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796, 20.176138334709044,
     15.98066361424651, -6.789040303419874, -6.710236069923372},
    {11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654,
     -59.78993625266729, -0.15582684282751913, 4.883087185713722}};

typedef struct rosenbrock {
    states_walk *w;
    rac_lanes rate[RAC_COMPARTMENTS_MAX],
        moves[RAC_COMPARTMENTS_MAX]; /* f and df/dt at the beginning of a step */
    rac_lanes jacobian[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX];
    rac_lanes matrix[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX];      /* factors; the diagonal inverted */
    rac_lane_mask swapped[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX]; /* rows exchanged for column, row */
    bool swaps;
    rac_lanes k[STAGES][RAC_COMPARTMENTS_MAX];
    rac_lanes after[RAC_COMPARTMENTS_MAX];
} rosenbrock;

static void set_states(const states_walk *w, const rac_lanes *y, rac_lanes *frame, int stride)
{
    for (int i = 0; i < w->count; i++)
        frame[(w->state + i) * stride] = y[i];
}

/* f, J and df/dt at the time t of each lane.  A derivative that is not finite (the root of an amount that is
 * 0) is left out: it costs a shorter step, which the error decides. */
static void linearise(rosenbrock *r, rac_lanes t)
{
    states_walk *w = r->w;
    const rac_equations *e = w->e;
    const int m = w->count, directions = m + 1;
    rac_lanes slopes[RAC_COMPARTMENTS_MAX], amounts[RAC_COMPARTMENTS_MAX];
    forcing_moves(&w->f, t, amounts, slopes);
    for (int d = 0; d < e->driver_count; d++) {
        w->frame[(w->amount + e->drivers[d]) * STEP_NODES] = amounts[d];
        w->slopes[(w->amount + e->drivers[d]) * directions + m] = slopes[d];
    }
    set_states(w, w->y, w->frame, STEP_NODES);
    run_forward_node(&e->steps[RAC_LEVEL_DRIVEN], w->frame, STEP_NODES, w->slopes, m, directions);
    run_forward_node(&e->steps[RAC_LEVEL_STATES], w->frame, STEP_NODES, w->slopes, 0, directions);
    for (int i = 0; i < m; i++) {
        r->rate[i] = w->frame[e->rate[i] * STEP_NODES] + w->input[i];
        for (int j = 0; j < directions; j++) {
            const rac_lanes slope = w->slopes[e->rate[i] * directions + j];
            *(j < m ? &r->jacobian[i][j] : &r->moves[i]) =
                select(absolute(slope) < all(INFINITY), slope, all(0));
        }
    }
}

/* Elimination with row exchanges, each lane its own (the largest of a column moves up step by step). */
static void factorise(rosenbrock *r, rac_lanes h)
{
    const int m = r->w->count;
    const rac_lanes diagonal = 1.0 / (GAMMA * h);
    rac_lanes(*a)[RAC_COMPARTMENTS_MAX] = r->matrix;
    r->swaps = false;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            a[i][j] = (i == j ? diagonal : all(0)) - r->jacobian[i][j];
    for (int k = 0; k < m; k++) {
        for (int i = k + 1; i < m; i++) {
            const rac_lane_mask swap = absolute(a[i][k]) > absolute(a[k][k]);
            r->swapped[k][i] = swap;
            if (!any(swap))
                continue;
            r->swaps = true;
            for (int j = 0; j < m; j++) {
                const rac_lanes upper_row = a[k][j];
                a[k][j] = select(swap, a[i][j], upper_row);
                a[i][j] = select(swap, upper_row, a[i][j]);
            }
        }
        a[k][k] = 1.0 / a[k][k];
        for (int i = k + 1; i < m; i++) {
            a[i][k] = a[i][k] * a[k][k];
            for (int j = k + 1; j < m; j++)
                a[i][j] -= a[i][k] * a[k][j];
        }
    }
}

static void solve_system(const rosenbrock *r, rac_lanes *x)
{
    const int m = r->w->count;
    for (int k = 0; k < m && r->swaps; k++)
        for (int i = k + 1; i < m; i++) {
            const rac_lanes above = x[k];
            x[k] = select(r->swapped[k][i], x[i], above);
            x[i] = select(r->swapped[k][i], above, x[i]);
        }
    for (int i = 0; i < m; i++)
        for (int j = 0; j < i; j++)
            x[i] -= r->matrix[i][j] * x[j];
    for (int i = m - 1; i >= 0; i--) {
        for (int j = i + 1; j < m; j++)
            x[i] -= r->matrix[i][j] * x[j];
        x[i] = x[i] * r->matrix[i][i];
    }
}

/* What every stage needs of the drivers, for all of them at once. */
static void prepare_nodes(rosenbrock *r, rac_lanes t, rac_lanes h)
{
    states_walk *w = r->w;
    rac_lanes times[STEP_NODES - 1];
    rac_lanes amounts[RAC_COMPARTMENTS_MAX * (STEP_NODES - 1)];
    if (!w->e->driver_count) {
        return;
    }
    for (int j = 0; j < STEP_NODES - 1; j++)
        times[j] = t + NODE[j + 1] * h;
    forcing_at(&w->f, times, STEP_NODES - 1, amounts, STEP_NODES - 1);
    for (int d = 0; d < w->e->driver_count; d++)
        memcpy(&w->frame[(w->amount + w->e->drivers[d]) * STEP_NODES + 1], &amounts[d * (STEP_NODES - 1)],
               sizeof *amounts * (STEP_NODES - 1));
    run_nodes(&w->e->steps[RAC_LEVEL_DRIVEN], w->frame + 1, STEP_NODES, STEP_NODES - 1);
}

static void stage(rosenbrock *r, int s, rac_lanes h, rac_lanes per_h)
{
    states_walk *w = r->w;
    const rac_equations *e = w->e;
    rac_lanes *frame = w->frame + STAGE_NODE[s];
    for (int i = 0; i < w->count && s; i++) {
        rac_lanes y = w->y[i];
        for (int j = 0; j < s; j++)
            y += STAGE_A[s][j] * r->k[j][i];
        frame[(w->state + i) * STEP_NODES] = y;
    }
    if (s)
        run_nodes(&e->steps[RAC_LEVEL_STATES], frame, STEP_NODES, 1);
    for (int i = 0; i < w->count; i++) {
        rac_lanes right = s ? frame[e->rate[i] * STEP_NODES] + w->input[i] : r->rate[i];
        rac_lanes sum = all(0);
        for (int j = 0; j < s; j++)
            sum += STAGE_C[s][j] * r->k[j][i];
        right += sum * per_h;
        if (STAGE_D[s] != 0)
            right += (STAGE_D[s] * h) * r->moves[i];
        r->k[s][i] = right;
    }
    solve_system(r, r->k[s]);
}

static rac_lanes bend(const rosenbrock *r, int row, int i)
{
    rac_lanes sum = all(0);
    for (int s = 0; s < STAGES; s++)
        sum += DENSE[row][s] * r->k[s][i];
    return sum;
}

/* One step of length h from t; the answer is its largest error over what is allowed.  Two errors count: the
 * method's own, and the dense output's, told by its slope at the beginning, which ought to be f: a cubic that
 * has this slope there and none at the end is 4/27 of it at most. */
static rac_lanes try_step(rosenbrock *r, rac_lanes t, rac_lanes h)
{
    states_walk *w = r->w;
    const rac_lanes per_h = 1.0 / h;
    factorise(r, h);
    prepare_nodes(r, t, h);
    for (int s = 0; s < STAGES; s++)
        stage(r, s, h, per_h);
    rac_lanes error = all(0);
    for (int i = 0; i < w->count; i++) {
        const rac_lanes own = r->k[STAGES - 1][i];
        r->after[i] = w->frame[(w->state + i) * STEP_NODES + STEP_NODES - 1] + own;
        const rac_lanes slope = (r->after[i] - w->y[i]) + bend(r, 0, i);
        const rac_lanes between = absolute(slope - h * r->rate[i]) * (4.0 / 27);
        const rac_lanes part = larger(absolute(own), between) / allowance(w, i, w->y[i], r->after[i]);
        error = select((part > error) | (part != part), part, error);
    }
    return error;
}

static void dense_of_step(rosenbrock *r)
{
    states_walk *w = r->w;
    for (int i = 0; i < w->count; i++) {
        const rac_lanes bends[3] = {bend(r, 0, i), bend(r, 1, i), bend(r, 2, i)};
        w->dense[i][0] = w->y[i];
        w->dense[i][1] = (r->after[i] - w->y[i]) + bends[0];
        w->dense[i][2] = bends[1] - bends[0];
        w->dense[i][3] = bends[2] - bends[1];
        w->dense[i][4] = -bends[2];
    }
}

/* A first step, from the sizes of y' and y'' beside what is allowed (Hairer, Norsett and Wanner 1993, Solving
 * Ordinary Differential Equations I, II.4), and not longer than the drivers' fastest time. */
static rac_lanes first_step(const rosenbrock *r, double length)
{
    const states_walk *w = r->w;
    rac_lanes speed = all(0), turn = all(0), unused;
    for (int i = 0; i < w->count; i++) {
        rac_lanes second = r->moves[i];
        for (int j = 0; j < w->count; j++)
            second += r->jacobian[i][j] * r->rate[j];
        const rac_lanes size = allowance(w, i, w->y[i], w->y[i]);
        speed = larger(speed, absolute(r->rate[i]) / size);
        turn = larger(turn, absolute(second) / size);
    }
    /* (1/100) of what the first derivative allows to the power 1/6; a second derivative likewise */
    const rac_lanes by_turn = exponential(logarithm(larger(turn, all(1e-250)) * 100.0) * (-1.0 / 6), &unused);
    const rac_lanes by_speed =
        exponential(logarithm(larger(speed, all(1e-250)) * 100.0) * (-1.0 / 6), &unused);
    rac_lanes h = smaller(larger(by_turn, all(0)), by_speed);
    h = select(h == h, h, all(length));
    return larger(smaller(smaller(h, forcing_pace(&w->f)), all(length)), all(length * 1e-9));
}

static void rosenbrock_span(states_walk *w, double length)
{
    rosenbrock r;
    r.w = w;
    rac_lanes t = all(0), h = all(length);
    rac_lane_mask active = w->alive, rejected = {0};
    for (int attempt = 0; any(active); attempt++) {
        linearise(&r, t);
        if (!attempt)
            h = first_step(&r, length);
        const rac_lanes left = length - t;
        const rac_lane_mask last = h * (1 + 1e-6) >= left;
        h = select(active, select(last, left, select(h * 2.0 > left, left * 0.5, h)), all(length));
        const rac_lanes error = try_step(&r, t, h);
        const rac_lane_mask good = accepted(w, active, error, h, length);
        const rac_lanes until = select(last, all(length), t + h);
        if (any(waiting(w, good, until))) {
            dense_of_step(&r);
            write_times(w, good, until, t, 1.0 / h, 4);
        }
        take_step(w, good, r.after);
        for (int i = 0; i < RAC_LANES; i++)
            w->s->steps += active[i] ? 1 : 0;
        h = h * next_length(error, 5, 5, rejected | (active & ~good));
        rejected = active & ~good;
        t = select(good, until, t);
        const rac_lane_mask stuck = rejected & (h < all(length * 0x1p-50));
        w->alive &= ~stuck;
        active &= ~stuck & ~(good & last);
        if (attempt + 1 == RAC_ATTEMPTS_MAX) {
            w->alive &= ~active;
            break;
        }
    }
}
