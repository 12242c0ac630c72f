/* The shape of a linear system: order, groups, and whether it has modes.  See graph.h. */
#include "pharma/graph.h"

#include <string.h>

static rac_status check_flow(int n, const rac_flow *flow, int at, rac_error *err)
{
    if (flow->from < 0 || flow->from >= n)
        return rac_fail(err, RAC_INVALID, "flow %d comes from compartment %d of %d", at, flow->from, n);
    if (flow->to != RAC_OUT && (flow->to < 0 || flow->to >= n))
        return rac_fail(err, RAC_INVALID, "flow %d goes to compartment %d of %d", at, flow->to, n);
    if (flow->to == RAC_OUT && flow->copies)
        return rac_fail(err, RAC_INVALID, "flow %d copies to nowhere", at);
    if (flow->to == flow->from && !flow->copies)
        return rac_fail(err, RAC_INVALID, "flow %d goes from compartment %d to itself", at, flow->from);
    return RAC_OK;
}

/* Warshall's closure over compartments: reach[i][j] when drug in j can come to i. */
static void close_over(int n, bool reach[][RAC_COMPARTMENTS_MAX])
{
    for (int k = 0; k < n; k++)
        for (int i = 0; i < n; i++)
            for (int j = 0; reach[i][k] && j < n; j++)
                reach[i][j] |= reach[k][j];
}

/* Walks a group from `root`, two-way links only: true when it spans the group without a cycle. */
static bool span_group(struct rac_linear *l, const bool link[][RAC_COMPARTMENTS_MAX],
                       const bool reach[][RAC_COMPARTMENTS_MAX], int root, int *at)
{
    const int first = *at;
    bool placed[RAC_COMPARTMENTS_MAX] = {false}, tree = true;
    int links = 0, members = 0;
    placed[root] = true;
    l->tree_parent[*at] = -1;
    l->compartment[(*at)++] = root;
    for (int next = first; next < *at; next++) {
        const int from = l->compartment[next];
        for (int to = 0; to < l->n; to++) {
            if (to == from || !reach[to][from] || !reach[from][to])
                continue;
            links += link[to][from];
            tree &= link[to][from] == link[from][to];
            if (link[to][from] && !placed[to]) {
                placed[to] = true;
                l->tree_parent[*at] = next;
                l->compartment[(*at)++] = to;
            }
        }
    }
    members = *at - first;
    return tree && links == 2 * (members - 1);
}

/* Repeatedly takes a group into which nothing flows from compartments not yet taken. */
static void order(struct rac_linear *l, const bool link[][RAC_COMPARTMENTS_MAX],
                  const bool reach[][RAC_COMPARTMENTS_MAX])
{
    bool taken[RAC_COMPARTMENTS_MAX] = {false};
    int at = 0;
    l->has_modes = true;
    while (at < l->n) {
        int root = -1;
        for (int i = 0; i < l->n && root < 0; i++) {
            bool free_of_others = !taken[i];
            for (int j = 0; j < l->n && free_of_others; j++)
                free_of_others = taken[j] || !reach[i][j] || reach[j][i];
            if (free_of_others)
                root = i;
        }
        l->group_first[l->groups++] = at;
        const int first = at;
        l->has_modes &= span_group(l, link, reach, root, &at);
        for (int p = first; p < at; p++)
            taken[l->compartment[p]] = true;
    }
    l->group_first[l->groups] = l->n;
    for (int p = 0; p < l->n; p++)
        l->position[l->compartment[p]] = p;
}

rac_status rac_linear_new(rac_arena *arena, int compartments, const rac_flow *flows, int flow_count,
                          rac_linear **linear, rac_error *err)
{
    if (compartments < 1 || compartments > RAC_COMPARTMENTS_MAX)
        return rac_fail(err, compartments < 1 ? RAC_INVALID : RAC_LIMIT, "%d compartments, allowed 1 to %d",
                        compartments, RAC_COMPARTMENTS_MAX);
    bool link[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX] = {{false}};
    for (int f = 0; f < flow_count; f++) {
        const rac_status status = check_flow(compartments, &flows[f], f + 1, err);
        if (status)
            return status;
        if (flows[f].to != RAC_OUT)
            link[flows[f].to][flows[f].from] = true;
    }
    struct rac_linear *l = rac_new(arena, struct rac_linear);
    l->n = compartments;
    l->flow_count = flow_count;
    l->flows = rac_many(arena, rac_flow, (size_t)flow_count);
    if (flow_count)
        memcpy(l->flows, flows, sizeof *flows * (size_t)flow_count);

    bool reach[RAC_COMPARTMENTS_MAX][RAC_COMPARTMENTS_MAX];
    memcpy(reach, link, sizeof reach);
    for (int i = 0; i < compartments; i++)
        reach[i][i] = true;
    close_over(compartments, reach);
    order(l, link, reach);
    for (int i = 0; i < l->n; i++)
        for (int j = 0; j < l->n; j++) {
            l->link[l->position[i]][l->position[j]] = link[i][j] || i == j;
            l->reach[l->position[i]][l->position[j]] = reach[i][j];
        }
    *linear = l;
    return RAC_OK;
}

int rac_linear_compartments(const rac_linear *linear)
{
    return linear->n;
}

int rac_linear_flows(const rac_linear *linear)
{
    return linear->flow_count;
}
