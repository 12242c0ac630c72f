/* pharma/program_inline.h: running bytecode.  Included inside a kernel; see program.h. */

LANE rac_lanes truth(rac_lane_mask mask)
{
    return select(mask, all(1), all(0));
}

static rac_lanes each_log(rac_lanes x)
{
    rac_lanes y;
    for (int i = 0; i < RAC_LANES; i++)
        y[i] = log(x[i]);
    return y;
}

static rac_lanes each_pow(rac_lanes x, rac_lanes power)
{
    rac_lanes y;
    for (int i = 0; i < RAC_LANES; i++)
        y[i] = i && x[i] == x[i - 1] && power[i] == power[i - 1] ? y[i - 1] : pow(x[i], power[i]);
    return y;
}

LANE rac_lanes compute(const rac_instruction *at, rac_lanes a, rac_lanes b, rac_lanes c)
{
    rac_lanes unused;
    switch (at->op) {
    case RAC_OP_NUMBER:
        return all(at->number);
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
        return each_pow(a, b);
    case RAC_OP_NEGATE:
        return -a;
    case RAC_OP_MIN:
        return select((a < b) | (a != a), a, b);
    case RAC_OP_MAX:
        return select((a > b) | (a != a), a, b);
    case RAC_OP_EXP:
        return select(a == a, exponential(a, &unused), a);
    case RAC_OP_LOG:
        return each_log(a);
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
        return each_log(a / (1.0 - a));
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
        return select(da != 0.0, b * each_pow(a, b - 1.0) * da, all(0)) +
               select(db != 0.0, y * each_log(a) * db, all(0));
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

static void run_program(const rac_program *program, rac_lanes *frame)
{
    for (size_t i = 0; i < program->count; i++) {
        const rac_instruction *at = &program->items[i];
        frame[at->to] = compute(at, frame[at->a], frame[at->b], frame[at->c]);
    }
}

static void run_program_forward(const rac_program *program, rac_lanes *frame, rac_lanes *slopes,
                                int directions)
{
    for (size_t i = 0; i < program->count; i++) {
        const rac_instruction *at = &program->items[i];
        const rac_lanes a = frame[at->a], b = frame[at->b], y = compute(at, a, b, frame[at->c]);
        for (int d = 0; d < directions; d++)
            slopes[at->to * directions + d] =
                derive(at, y, a, b, slopes[at->a * directions + d], slopes[at->b * directions + d],
                       slopes[at->c * directions + d]);
        frame[at->to] = y;
    }
}
