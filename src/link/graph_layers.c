/* Satellites, layers, chains and sizes: see graph_inside.h. */
#include <math.h>

#include "link/graph_inside.h"

/* Advance widths of a sans-serif or monospaced letter are at most these parts of the size. */
double rac_graph_text_width(const char *text, int size, bool bold)
{
    size_t letters = 0;
    for (const char *c = text; *c; c++)
        letters += ((unsigned char)*c & 0xC0) != 0x80;
    return (double)letters * size * (bold ? 0.66 : 0.605);
}

double graph_label_width(const rac_graph_edge *edge)
{
    return edge->label && edge->label[0] ? rac_graph_text_width(edge->label, LINE_SIZE, false) : 0;
}

/* ---- who stands above or below whom ---- */

/* The one node this one exchanges with, when it does nothing else; -1 otherwise. */
static int only_partner(const rac_graph *g, int node)
{
    int partner = -1;
    bool comes = false, goes = false;
    for (size_t i = 0; i < g->edge_count; i++) {
        const rac_graph_edge *e = &g->edges[i];
        if (e->from != node && e->to != node)
            continue;
        const int other = e->from == node ? e->to : e->from;
        if (e->dotted || (partner >= 0 && partner != other) || (e->from == node ? goes : comes))
            return -1;
        partner = other;
        *(e->from == node ? &goes : &comes) = true;
    }
    return comes && goes && g->nodes[node].kind == RAC_GRAPH_BOX ? partner : -1;
}

static void find_satellites(arrangement *a)
{
    const int n = (int)a->graph->node_count;
    for (int i = 0; i < n; i++)
        a->host[i] = a->satellites[i][0] = a->satellites[i][1] = -1;
    for (int i = 0; i < n; i++) {
        const int partner = only_partner(a->graph, i);
        if (partner < 0 || a->host[partner] >= 0 || a->satellites[i][0] >= 0)
            continue;
        int *places = a->satellites[partner];
        if (places[0] >= 0 && places[1] >= 0)
            continue;
        places[places[0] >= 0] = i;
        a->host[i] = partner;
    }
}

bool graph_joins_satellite(const arrangement *a, const rac_graph_edge *e)
{
    return a->host[e->from] == e->to || a->host[e->to] == e->from;
}

/* ---- layers ---- */

/* Depth first from the entries; an arrow to a node still being visited would close a circle and is drawn
 * backward. `after` lists nodes so that each stands after all it leads to. */
static void visit(arrangement *a, int node, int *state, int *after, int *count)
{
    state[node] = 1;
    for (size_t i = 0; i < a->graph->edge_count; i++) {
        const rac_graph_edge *e = &a->graph->edges[i];
        if (e->from != node || graph_joins_satellite(a, e))
            continue;
        if (state[e->to] == 1)
            a->backward[i] = true;
        else if (!state[e->to])
            visit(a, e->to, state, after, count); /* at most RAC_GRAPH_NODES_MAX deep */
    }
    state[node] = 2;
    after[(*count)++] = node;
}

static void number_layers(arrangement *a)
{
    const rac_graph *g = a->graph;
    const int n = (int)g->node_count;
    int *state = rac_many(a->arena, int, n), *after = rac_many(a->arena, int, n), count = 0;
    for (int entries = 1; entries >= 0; entries--)
        for (int i = 0; i < n; i++)
            if (!state[i] && a->host[i] < 0 && (g->nodes[i].kind == RAC_GRAPH_ENTRY || !entries))
                visit(a, i, state, after, &count);
#define FOR_ARROWS(e, left, right)                                          \
    for (size_t e = 0; e < g->edge_count; e++)                              \
        for (int left = g->edges[e].from, right = g->edges[e].to, once = 1; \
             once && !graph_joins_satellite(a, &g->edges[e]); once = 0)     \
            if (!a->backward[e])
    for (int k = count - 1; k >= 0; k--) /* longest paths */
        FOR_ARROWS(e, left, right)
    if (left == after[k] && a->layer[right] < a->layer[left] + 1)
        a->layer[right] = a->layer[left] + 1;
    for (int k = 0; k < count; k++) { /* as far right as costs nothing */
        int comes = 0, goes = 0, first = n;
        FOR_ARROWS(e, left, right)
        {
            comes += right == after[k];
            if (left == after[k]) {
                goes++;
                first = a->layer[right] < first ? a->layer[right] : first;
            }
        }
        if (goes && comes <= goes)
            a->layer[after[k]] = first - 1;
    }
#undef FOR_ARROWS
    for (int i = 0; i < n; i++)
        if (a->host[i] < 0 && a->layer[i] + 1 > a->layers)
            a->layers = a->layer[i] + 1;
}

/* ---- items and segments ---- */

static void measure_node(const arrangement *a, int node, rac_graph_place *place)
{
    const rac_graph_node *it = &a->graph->nodes[node];
    if (it->kind == RAC_GRAPH_EXIT) {
        *place =
            (rac_graph_place){.width = rac_graph_text_width(it->name, LINE_SIZE, false) + 8, .height = 16};
        return;
    }
    place->width = rac_graph_text_width(it->name, NAME_SIZE, true);
    for (size_t i = 0; i < it->line_count; i++)
        place->width =
            fmax(place->width, rac_graph_text_width(it->lines[i].text, LINE_SIZE, it->lines[i].marked));
    place->width = fmax(place->width + 2 * BOX_MARGIN, 74);
    place->height = 2 * BOX_MARGIN - 2 + NAME_STEP + LINE_STEP * (double)it->line_count;
}

static int add_item(arrangement *a, int node, int layer)
{
    const item one = {.node = node, .layer = layer, .up = 6, .down = 6};
    rac_push(a->arena, a->items, a->item_count, a->item_capacity, one);
    return (int)a->item_count - 1;
}

static void add_chains(arrangement *a)
{
    const rac_graph *g = a->graph;
    for (size_t e = 0; e < g->edge_count; e++) {
        if (graph_joins_satellite(a, &g->edges[e]))
            continue;
        const bool turned = a->layer[g->edges[e].from] > a->layer[g->edges[e].to];
        const int left = turned ? g->edges[e].to : g->edges[e].from,
                  right = turned ? g->edges[e].from : g->edges[e].to;
        a->backward[e] = turned;
        a->chain[e] = rac_many(a->arena, int, a->layers + 1);
        int from = a->item_of[left], k = 0;
        for (int layer = a->layer[left] + 1; layer <= a->layer[right]; layer++) {
            const int to = layer == a->layer[right] ? a->item_of[right] : add_item(a, -1, layer);
            a->chain[e][k++] = (int)a->segment_count;
            const segment piece = {.edge = (int)e, .left = from, .right = to};
            rac_push(a->arena, a->segments, a->segment_count, a->segment_capacity, piece);
            from = to;
        }
        a->chain[e][k] = -1;
    }
}

/* Sizes of items, once it is known how many arrows come and go. */
static void measure_items(arrangement *a)
{
    for (size_t i = 0; i < a->item_count; i++) {
        item *it = &a->items[i];
        if (it->node < 0)
            continue;
        int lefts = 0, rights = 0;
        for (size_t s = 0; s < a->segment_count; s++) {
            rights += a->segments[s].left == (int)i;
            lefts += a->segments[s].right == (int)i;
        }
        rac_graph_place *place = &a->places[it->node];
        place->height = fmax(place->height, PORT * (double)(lefts > rights ? lefts : rights) + 8);
        it->up = it->down = fmax(place->height / 2, 14); /* a label stands that high above an arrow */
        it->width = place->width;
        for (int k = 0; k < 2; k++) {
            const int satellite = a->satellites[it->node][k];
            if (satellite < 0)
                continue;
            *(k ? &it->down : &it->up) += SATELLITE + a->places[satellite].height;
            it->width = fmax(it->width, a->places[satellite].width);
            for (size_t e = 0; e < a->graph->edge_count; e++)
                if (a->graph->edges[e].from == satellite || a->graph->edges[e].to == satellite)
                    it->width =
                        fmax(it->width, 2 * (VERTICAL_SHIFT + 6 + graph_label_width(&a->graph->edges[e])));
        }
    }
}

void graph_find_layers(arrangement *a)
{
    find_satellites(a);
    number_layers(a);
    for (int i = 0; i < (int)a->graph->node_count; i++) {
        measure_node(a, i, &a->places[i]);
        a->item_of[i] = a->host[i] < 0 ? add_item(a, i, a->layer[i]) : -1;
    }
    add_chains(a);
    measure_items(a);
}
