/* pharma/modes_inline.h: a system as a sum of exponentials.  Included inside a kernel; method in linear.h.
 *
 * With A V = V diag(lambda) and W = V^-1 the state is x = V z, and each mode moves alone:
 *     z(t+h) = exp(lambda h) z(t) + (exp(lambda h) - 1) / lambda  W u
 */
typedef struct modes {
    rac_lanes *lambda; /* n */
    rac_lanes *v, *w;  /* n x n by position */
    rac_lanes nearest; /* smallest relative gap of eigenvalues that meet; of chains, the product of gaps */
    rac_lane_mask ill; /* lanes whose modes are too close, or whose exchange is not two-way after all */
} modes;

/* Two eigenvalues of different groups nearer than this (relative), or chains whose gaps multiply to it, lose
 * more than three digits: those subjects are solved by scaling. */
#define NEAREST_MODES 1e-3

#define AT(matrix, i, j) (matrix)[(i)*RAC_COMPARTMENTS_MAX + (j)]

/* The matrix, by position.  (Full rows of RAC_COMPARTMENTS_MAX, so that AT needs no n.) */
static void build_matrix(const rac_linear *s, const rac_lanes *flow_per_h, rac_lanes *a)
{
    for (int i = 0; i < s->n; i++)
        for (int j = 0; j < s->n; j++)
            AT(a, i, j) = all(0);
    for (int f = 0; f < s->flow_count; f++) {
        const int from = s->position[s->flows[f].from];
        if (s->flows[f].to != RAC_OUT)
            AT(a, s->position[s->flows[f].to], from) += flow_per_h[f];
        if (!s->flows[f].copies)
            AT(a, from, from) -= flow_per_h[f];
    }
}

/* One Jacobi rotation of rows and columns p, q of the symmetric s and of the vectors; identity where the
 * element is already negligible beside its diagonal (Demmel and Veselic's test).  True when any lane turned.
 */
static bool rotate(rac_lanes *s, rac_lanes *vectors, int first, int end, int p, int q)
{
    const rac_lanes off = AT(s, p, q), dp = AT(s, p, p), dq = AT(s, q, q);
    const rac_lane_mask turn = (off * off > absolute(dp * dq) * 0x1p-106) & (absolute(off) > 1e-290);
    if (!any(turn))
        return false;
    const rac_lanes theta = (dq - dp) / (2.0 * select(turn, off, all(1)));
    const rac_lanes size = 1.0 / (absolute(theta) + square_root(theta * theta + 1.0));
    const rac_lanes t = select(turn, select(theta < 0.0, -size, size), all(0));
    const rac_lanes c = 1.0 / square_root(t * t + 1.0), sine = t * c;
    AT(s, p, p) = dp - t * off;
    AT(s, q, q) = dq + t * off;
    AT(s, p, q) = AT(s, q, p) = select(turn, all(0), off);
    for (int r = first; r < end; r++) {
        if (r != p && r != q) {
            const rac_lanes rp = AT(s, r, p), rq = AT(s, r, q);
            AT(s, r, p) = AT(s, p, r) = c * rp - sine * rq;
            AT(s, r, q) = AT(s, q, r) = sine * rp + c * rq;
        }
        const rac_lanes vp = AT(vectors, r, p), vq = AT(vectors, r, q);
        AT(vectors, r, p) = c * vp - sine * vq;
        AT(vectors, r, q) = sine * vp + c * vq;
    }
    return true;
}

/* Modes of one group: scale to a symmetric matrix, rotate it to a diagonal. */
static void group_modes(const rac_linear *shape, const rac_lanes *a, int first, int end, rac_lanes *s,
                        modes *m)
{
    rac_lanes scale[RAC_COMPARTMENTS_MAX];
    for (int i = first; i < end; i++)
        for (int j = first; j < end; j++) {
            AT(s, i, j) = i == j ? AT(a, i, i) : all(0);
            AT(m->v, i, j) = all(i == j);
        }
    scale[first] = all(1);
    for (int i = first + 1; i < end; i++) {
        const int parent = shape->tree_parent[i];
        const rac_lanes down = AT(a, i, parent), up = AT(a, parent, i);
        const rac_lane_mask bad = ~((down > 0.0) & (up > 0.0));
        m->ill |= bad;
        scale[i] = scale[parent] * square_root(select(bad, all(1), down / up));
        AT(s, i, parent) = AT(s, parent, i) = square_root(select(bad, all(0), down * up));
    }
    bool turned = true;
    for (int sweep = 0; sweep < 30 && turned; sweep++) {
        turned = false;
        for (int p = first; p < end; p++)
            for (int q = p + 1; q < end; q++)
                turned |= rotate(s, m->v, first, end, p, q);
    }
    for (int k = first; k < end; k++) {
        m->lambda[k] = AT(s, k, k);
        for (int i = first; i < end; i++) {
            AT(m->w, k, i) = AT(m->v, i, k) / scale[i];
            AT(m->v, i, k) = AT(m->v, i, k) * scale[i];
        }
    }
}

/* How a mode of an earlier group shows in a later one: (A_cc - lambda) v_c = - sum of A_cb v_b over groups
 * before. */
static void couple(const rac_linear *shape, const rac_lanes *a, int k, int from, int first, int end, modes *m,
                   rac_lanes *loss)
{
    rac_lanes force[RAC_COMPARTMENTS_MAX];
    bool any_force = false;
    for (int i = first; i < end; i++) {
        force[i] = all(0);
        for (int j = from; j < first; j++)
            if (shape->link[i][j] && shape->reach[j][k]) {
                force[i] += AT(a, i, j) * AT(m->v, j, k);
                any_force = true;
            }
        AT(m->v, i, k) = all(0);
    }
    if (!any_force)
        return;
    rac_lanes worst = all(1);
    for (int mode = first; mode < end; mode++) {
        rac_lanes projected = all(0);
        for (int i = first; i < end; i++)
            projected += AT(m->w, mode, i) * force[i];
        const rac_lanes gap = m->lambda[k] - m->lambda[mode];
        const rac_lanes size = larger(absolute(m->lambda[k]), absolute(m->lambda[mode]));
        const rac_lanes relative = absolute(gap) / larger(size, all(1e-290));
        worst = smaller(worst, relative);
        const rac_lanes part = projected / select(gap == 0.0, all(1), gap);
        for (int i = first; i < end; i++)
            AT(m->v, i, k) += AT(m->v, i, mode) * part;
    }
    *loss *= worst;
}

/* W below the diagonal blocks: W_cb = - W_cc sum over b <= d < c of V_cd W_db. */
static void invert(const rac_linear *shape, int first, int end, modes *m)
{
    for (int j = 0; j < first; j++) {
        rac_lanes sum[RAC_COMPARTMENTS_MAX];
        for (int i = first; i < end; i++) {
            sum[i] = all(0);
            for (int d = 0; d < first; d++)
                if (shape->reach[i][d] && shape->reach[d][j])
                    sum[i] += AT(m->v, i, d) * AT(m->w, d, j);
        }
        for (int mode = first; mode < end; mode++) {
            rac_lanes entry = all(0);
            for (int i = first; i < end; i++)
                entry -= AT(m->w, mode, i) * sum[i];
            AT(m->w, mode, j) = entry;
        }
    }
}

/* Lanes with modes powers_of_two() has no place for: that grow, or are absurd. */
LANE rac_lane_mask unusual_modes(const rac_linear *shape, const modes *m)
{
    rac_lane_mask found = {0};
    for (int k = 0; k < shape->n; k++)
        found |= ~((m->lambda[k] <= 0.0) & (m->lambda[k] > -1e20));
    return found;
}

static void find_modes(const rac_linear *shape, const rac_lanes *a, rac_lanes *scratch, modes *m)
{
    m->ill = (rac_lane_mask){0};
    m->nearest = all(1);
    for (int i = 0; i < shape->n; i++)
        for (int j = 0; j < shape->n; j++)
            AT(m->v, i, j) = AT(m->w, i, j) = all(0);
    for (int g = 0; g < shape->groups; g++)
        group_modes(shape, a, shape->group_first[g], shape->group_first[g + 1], scratch, m);
    for (int g = 0; g < shape->groups; g++)
        for (int k = shape->group_first[g]; k < shape->group_first[g + 1]; k++) {
            rac_lanes loss = all(1);
            for (int c = g + 1; c < shape->groups; c++)
                couple(shape, a, k, shape->group_first[g], shape->group_first[c], shape->group_first[c + 1],
                       m, &loss);
            m->nearest = smaller(m->nearest, loss);
        }
    m->ill |= m->nearest < NEAREST_MODES;
    for (int g = 1; g < shape->groups; g++)
        invert(shape, shape->group_first[g], shape->group_first[g + 1], m);
}
