/* The order of each layer: barycentres swept to and fro, then exchanges of neighbours (Sugiyama 1981,
 * doi:10.1109/TSMC.1981.4308636). */
#include "link/graph_inside.h"

static void sort_layers(arrangement *a)
{
    int at = 0;
    for (int layer = 0; layer < a->layers; layer++) {
        a->layer_first[layer] = at;
        for (int i = 0; i < (int)a->item_count; i++) {
            if (a->items[i].layer != layer)
                continue;
            int to = at++;
            for (; to > a->layer_first[layer] && a->items[a->in_layer[to - 1]].order > a->items[i].order;
                 to--)
                a->in_layer[to] = a->in_layer[to - 1];
            a->in_layer[to] = i;
        }
    }
    a->layer_first[a->layers] = at;
}

static void renumber(arrangement *a)
{
    for (int layer = 0; layer < a->layers; layer++)
        for (int k = a->layer_first[layer]; k < a->layer_first[layer + 1]; k++)
            a->items[a->in_layer[k]].order = k - a->layer_first[layer];
}

static int crossings(const arrangement *a)
{
    int count = 0;
    for (size_t s = 0; s < a->segment_count; s++)
        for (size_t t = 0; t < s; t++) {
            const item *l1 = &a->items[a->segments[s].left], *r1 = &a->items[a->segments[s].right],
                       *l2 = &a->items[a->segments[t].left], *r2 = &a->items[a->segments[t].right];
            count += l1->layer == l2->layer && (l1->order - l2->order) * (r1->order - r2->order) < 0;
        }
    return count;
}

/* Mean order of what an item is joined to on one side; its own order when it is joined to nothing. */
static double barycentre(const arrangement *a, int item_index, bool to_left)
{
    double sum = 0;
    int count = 0;
    for (size_t s = 0; s < a->segment_count; s++)
        if ((to_left ? a->segments[s].right : a->segments[s].left) == item_index) {
            sum += a->items[to_left ? a->segments[s].left : a->segments[s].right].order;
            count++;
        }
    return count ? sum / count : a->items[item_index].order;
}

static void sweep_layer(arrangement *a, int layer, bool to_left)
{
    const int first = a->layer_first[layer], end = a->layer_first[layer + 1];
    double centre[RAC_GRAPH_NODES_MAX + RAC_GRAPH_EDGES_MAX];
    for (int k = first; k < end; k++)
        centre[k - first] = barycentre(a, a->in_layer[k], to_left);
    for (int k = first + 1; k < end; k++) { /* a stable insertion */
        const int moved = a->in_layer[k];
        const double at = centre[k - first];
        int to = k;
        for (; to > first && centre[to - 1 - first] > at; to--) {
            a->in_layer[to] = a->in_layer[to - 1];
            centre[to - first] = centre[to - 1 - first];
        }
        a->in_layer[to] = moved;
        centre[to - first] = at;
    }
    renumber(a);
}

static void exchange_neighbours(arrangement *a)
{
    /* Its cost grows with the cube of the arrows; a graph this dense has no good order anyway. */
    const int rounds = a->segment_count > 300 ? 0 : SWEEPS;
    for (int round = 0; round < rounds; round++) {
        bool better = false;
        for (int layer = 0; layer < a->layers; layer++)
            for (int k = a->layer_first[layer]; k + 1 < a->layer_first[layer + 1]; k++) {
                const int before = crossings(a), upper = a->in_layer[k], lower = a->in_layer[k + 1];
                a->items[upper].order++;
                a->items[lower].order--;
                if (crossings(a) < before) {
                    a->in_layer[k] = lower;
                    a->in_layer[k + 1] = upper;
                    better = true;
                } else {
                    a->items[upper].order--;
                    a->items[lower].order++;
                }
            }
        if (!better)
            return;
    }
}

void graph_find_orders(arrangement *a)
{
    int *best = rac_many(a->arena, int, a->item_count);
    for (size_t i = 0; i < a->item_count; i++)
        a->items[i].order = (int)i;
    sort_layers(a);
    renumber(a);
    int fewest = -1;
    for (int round = 0; round < SWEEPS; round++) {
        for (int k = 0; k < a->layers; k++)
            if (round)
                sweep_layer(a, round % 2 ? k : a->layers - 1 - k, round % 2);
        exchange_neighbours(a);
        const int count = crossings(a);
        if (fewest >= 0 && count >= fewest)
            continue;
        fewest = count;
        for (size_t i = 0; i < a->item_count; i++)
            best[i] = a->items[i].order;
    }
    for (size_t i = 0; i < a->item_count; i++)
        a->items[i].order = best[i];
    sort_layers(a);
    renumber(a);
}
