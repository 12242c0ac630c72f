/* pharma/program_inline.h: running bytecode.  Included inside a kernel; see program.h. */

LANE rac_lanes truth(rac_lane_mask mask)
{
    return select(mask, all(1), all(0));
}

LANE rac_lanes compute(rac_op op, double number, rac_lanes a, rac_lanes b, rac_lanes c)
{
    rac_lanes unused;
    switch (op) {
    case RAC_OP_NUMBER:
        return all(number);
    case RAC_OP_COPY:
        return a;
    case RAC_OP_ADD:
        return a + b;
    case RAC_OP_SUBTRACT:
        return a - b;
    case RAC_OP_MULTIPLY:
        return a * b;
    case RAC_OP_DIVIDE:
        return a / b;
    case RAC_OP_POWER:
        return power(a, b);
    case RAC_OP_NEGATE:
        return -a;
    case RAC_OP_MIN:
        return select((a < b) | (a != a), a, b);
    case RAC_OP_MAX:
        return select((a > b) | (a != a), a, b);
    case RAC_OP_EXP:
        return select(a == a, exponential(a, &unused), a);
    case RAC_OP_LOG:
        return logarithm(a);
    case RAC_OP_SQRT:
        return square_root(a);
    case RAC_OP_ABS:
        return absolute(a);
    case RAC_OP_LESS:
        return truth(a < b);
    case RAC_OP_LESS_EQUAL:
        return truth(a <= b);
    case RAC_OP_EQUAL:
        return truth(a == b);
    case RAC_OP_NOT:
        return truth(a == 0.0);
    case RAC_OP_AND:
        return truth((a != 0.0) & (b != 0.0));
    case RAC_OP_OR:
        return truth((a != 0.0) | (b != 0.0));
    case RAC_OP_SELECT:
        return select(a != 0.0, b, c);
    case RAC_OP_LOGIT:
        return logarithm(a / (1.0 - a));
    case RAC_OP_EXPIT:
        return select(a == a, 1.0 / (1.0 + exponential(-a, &unused)), a);
    }
    return all(NAN);
}

/* The derivative of an instruction's value `y` from those of its operands: da, db, dc. */
LANE rac_lanes derive(const rac_instruction *at, rac_lanes y, rac_lanes a, rac_lanes b, rac_lanes da,
                      rac_lanes db, rac_lanes dc)
{
    switch (at->op) {
    case RAC_OP_COPY:
        return da;
    case RAC_OP_ADD:
        return da + db;
    case RAC_OP_SUBTRACT:
        return da - db;
    case RAC_OP_MULTIPLY:
        return da * b + a * db;
    case RAC_OP_DIVIDE:
        return (da - y * db) / b;
    case RAC_OP_POWER: /* d(a^b) = b a^(b-1) da + a^b log(a) db; the second only where b moves */
        return (any(da != 0.0) ? select(da != 0.0, b * power_less_one(a, b, y) * da, all(0)) : all(0)) +
               (any(db != 0.0) ? select(db != 0.0, y * logarithm(a) * db, all(0)) : all(0));
    case RAC_OP_NEGATE:
        return -da;
    case RAC_OP_MIN:
        return select((a < b) | (a != a), da, db);
    case RAC_OP_MAX:
        return select((a > b) | (a != a), da, db);
    case RAC_OP_EXP:
        return y * da;
    case RAC_OP_LOG:
        return da / a;
    case RAC_OP_SQRT:
        return da / (2.0 * y);
    case RAC_OP_ABS:
        return select(a < 0.0, -da, da);
    case RAC_OP_SELECT:
        return select(a != 0.0, db, dc);
    case RAC_OP_LOGIT:
        return da / (a * (1.0 - a));
    case RAC_OP_EXPIT:
        return y * (1.0 - y) * da;
    default:
        return all(0);
    }
}

/* Every operation, so that each gets a loop of its own. */
#define EACH_OP(X)       \
    X(RAC_OP_NUMBER)     \
    X(RAC_OP_COPY)       \
    X(RAC_OP_ADD)        \
    X(RAC_OP_SUBTRACT)   \
    X(RAC_OP_MULTIPLY)   \
    X(RAC_OP_DIVIDE)     \
    X(RAC_OP_POWER)      \
    X(RAC_OP_NEGATE)     \
    X(RAC_OP_MIN)        \
    X(RAC_OP_MAX)        \
    X(RAC_OP_EXP)        \
    X(RAC_OP_LOG)        \
    X(RAC_OP_SQRT)       \
    X(RAC_OP_ABS)        \
    X(RAC_OP_LESS)       \
    X(RAC_OP_LESS_EQUAL) \
    X(RAC_OP_EQUAL)      \
    X(RAC_OP_NOT)        \
    X(RAC_OP_AND)        \
    X(RAC_OP_OR)         \
    X(RAC_OP_SELECT)     \
    X(RAC_OP_LOGIT)      \
    X(RAC_OP_EXPIT)

/* A program at `nodes` times at once: register r at node j is frame[r * stride + j].  An instruction is read
 * once for all nodes, and they keep the processor busy while one waits for its own result. */
static void run_nodes(const rac_program *program, rac_lanes *frame, int stride, int nodes)
{
    for (size_t i = 0; i < program->count; i++) {
        const rac_instruction *at = &program->items[i];
        const rac_lanes *a = &frame[at->a * stride], *b = &frame[at->b * stride], *c = &frame[at->c * stride];
        rac_lanes *to = &frame[at->to * stride];
        int done = 0;
        for (; at->op == RAC_OP_POWER && done + GROUP <= nodes; done += GROUP)
            power_group(&a[done], &b[done], &to[done]);
        switch (at->op) {
#define LOOP(op)                                               \
    case op:                                                   \
        for (int j = done; j < nodes; j++)                     \
            to[j] = compute(op, at->number, a[j], b[j], c[j]); \
        break;
            EACH_OP(LOOP)
#undef LOOP
        }
    }
}

static void run_program(const rac_program *program, rac_lanes *frame)
{
    run_nodes(program, frame, 1, 1);
}

/* Directions first .. directions - 1 of one node. */
static void run_forward_node(const rac_program *program, rac_lanes *frame, int stride, rac_lanes *slopes,
                             int first, int directions)
{
    for (size_t i = 0; i < program->count; i++) {
        const rac_instruction *at = &program->items[i];
        const rac_lanes a = frame[at->a * stride], b = frame[at->b * stride], c = frame[at->c * stride];
        const rac_lanes y = compute(at->op, at->number, a, b, c);
        for (int d = first; d < directions; d++)
            slopes[at->to * directions + d] =
                derive(at, y, a, b, slopes[at->a * directions + d], slopes[at->b * directions + d],
                       slopes[at->c * directions + d]);
        frame[at->to * stride] = y;
    }
}

static void run_program_forward(const rac_program *program, rac_lanes *frame, rac_lanes *slopes,
                                int directions)
{
    run_forward_node(program, frame, 1, slopes, 0, directions);
}
