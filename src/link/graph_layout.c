/* Layers, orders, heights, widths: see graph_layout.h and graph_svg.h. */
#include "link/graph_layout.h"

#include <math.h>
#include <string.h>

enum {
    PORT = 19,          /* between arrows on one side of a box */
    ROOM = 20,          /* between boxes of a layer */
    SATELLITE = 46,     /* between a box and the one above or below it */
    BEND = 54,          /* where arrows change height */
    STUB = 16,          /* the straight end of an arrow without a label */
    LABEL_ROOM = 22,    /* beside a label, for the arrow's head and some air */
    VERTICAL_SHIFT = 8, /* of an arrow up or down from the middle of the box */
    SWEEPS = 12,
    ROW_WIDTH = 1500, /* a wider drawing goes on in a second row, where one arrow alone leads on */
    ROW_ROOM = 40
};

/* A layer's middle and width, and what the gap to its right is made of: straight ends and where arrows bend.
 */
typedef struct column {
    double x, width;
    double left_stub, bend, right_stub;
} column;

/* A node (not a satellite) or, where an arrow passes a layer, a point of it. */
typedef struct item {
    int node; /* -1: a point */
    int layer, order;
    double up, down, width; /* how far it reaches above and below its centre */
    double y;
} item;

/* A piece of an arrow between neighbouring layers. */
typedef struct segment {
    int edge;
    int left, right;              /* items */
    double left_port, right_port; /* heights above their centres, negative */
} segment;

typedef struct arrangement {
    rac_arena *arena;
    const rac_graph *graph;
    int *host;            /* by node: whose satellite it is, -1 */
    int (*satellites)[2]; /* by node: above and below, -1 */
    bool *backward;       /* by edge: drawn from right to left */
    int *layer;           /* by node */
    int layers;
    item *items;
    size_t item_count, item_capacity;
    int *item_of; /* by node */
    segment *segments;
    size_t segment_count, segment_capacity;
    int **chain;   /* by edge: its segments from left to right, ending with -1 */
    int *in_layer; /* items ordered by layer, then order */
    int *layer_first;
    rac_graph_place *places;
    column *columns; /* by layer */
    int fold;        /* the last layer of the first row; -1: there is one row */
} arrangement;

/* Advance widths of a sans-serif or monospaced letter are at most these parts of the size. */
double rac_graph_text_width(const char *text, int size, bool bold)
{
    size_t letters = 0;
    for (const char *c = text; *c; c++)
        letters += ((unsigned char)*c & 0xC0) != 0x80;
    return (double)letters * size * (bold ? 0.66 : 0.605);
}

static double label_width(const rac_graph_edge *edge)
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

static bool joins_satellite(const arrangement *a, const rac_graph_edge *e)
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
        if (e->from != node || joins_satellite(a, e))
            continue;
        if (state[e->to] == 1)
            a->backward[i] = true;
        else if (!state[e->to])
            visit(a, e->to, state, after, count); /* at most RAC_GRAPH_NODES_MAX deep */
    }
    state[node] = 2;
    after[(*count)++] = node;
}

static void find_layers(arrangement *a)
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
             once && !joins_satellite(a, &g->edges[e]); once = 0)           \
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
        if (joins_satellite(a, &g->edges[e]))
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
                    it->width = fmax(it->width, 2 * (VERTICAL_SHIFT + 6 + label_width(&a->graph->edges[e])));
        }
    }
}

/* ---- orders ---- */

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

static void find_orders(arrangement *a)
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

/* ---- heights ---- */

/* Whether segment s leaves (or reaches) its item above segment t. */
static bool above(const arrangement *a, size_t s, size_t t, bool on_right_of_item)
{
    const segment *p = &a->segments[s], *q = &a->segments[t];
    const int op = a->items[on_right_of_item ? p->right : p->left].order,
              oq = a->items[on_right_of_item ? q->right : q->left].order;
    if (op != oq)
        return op < oq;
    return a->backward[p->edge] != a->backward[q->edge] ? !a->backward[p->edge] : s < t;
}

static void find_ports(arrangement *a)
{
    for (size_t s = 0; s < a->segment_count; s++)
        for (int side = 0; side < 2; side++) {
            const bool right = side == 0; /* the right side of its left item */
            int before = 0, count = 0;
            for (size_t t = 0; t < a->segment_count; t++) {
                const bool same = right ? a->segments[t].left == a->segments[s].left
                                        : a->segments[t].right == a->segments[s].right;
                count += same;
                before += same && t != s && above(a, t, s, right);
            }
            const double port = (before - (count - 1) / 2.0) * PORT;
            *(right ? &a->segments[s].left_port : &a->segments[s].right_port) = port;
        }
}

/* Heights of one layer nearest to `wanted` (least squares with weights) that keep the order and the room
 * between: isotonic regression by pooling neighbours that would overlap. */
static void place_layer(arrangement *a, int layer, const double *wanted, const double *weight)
{
    const int first = a->layer_first[layer], n = a->layer_first[layer + 1] - first;
    double shift[RAC_GRAPH_NODES_MAX + RAC_GRAPH_EDGES_MAX], mean[RAC_GRAPH_NODES_MAX + RAC_GRAPH_EDGES_MAX],
        total[RAC_GRAPH_NODES_MAX + RAC_GRAPH_EDGES_MAX];
    int size[RAC_GRAPH_NODES_MAX + RAC_GRAPH_EDGES_MAX], pools = 0;
    for (int k = 0; k < n; k++) {
        const item *it = &a->items[a->in_layer[first + k]];
        shift[k] = k ? shift[k - 1] + a->items[a->in_layer[first + k - 1]].down + it->up +
                           (it->node < 0 ? ROOM / 2 : ROOM)
                     : 0;
        mean[pools] = wanted[k] - shift[k];
        total[pools] = weight[k];
        size[pools++] = 1;
        for (; pools > 1 && mean[pools - 2] > mean[pools - 1]; pools--) {
            mean[pools - 2] = (mean[pools - 2] * total[pools - 2] + mean[pools - 1] * total[pools - 1]) /
                              (total[pools - 2] + total[pools - 1]);
            total[pools - 2] += total[pools - 1];
            size[pools - 2] += size[pools - 1];
        }
    }
    for (int pool = 0, k = 0; pool < pools; pool++)
        for (int i = 0; i < size[pool]; i++, k++)
            a->items[a->in_layer[first + k]].y = mean[pool] + shift[k];
}

/* Pulls every item of a layer towards where its arrows would be straight; sides: 1 left, 2 right, 3 both. */
static void pull_layer(arrangement *a, int layer, int sides)
{
    double wanted[RAC_GRAPH_NODES_MAX + RAC_GRAPH_EDGES_MAX],
        weight[RAC_GRAPH_NODES_MAX + RAC_GRAPH_EDGES_MAX];
    const int first = a->layer_first[layer];
    for (int k = first; k < a->layer_first[layer + 1]; k++) {
        const int i = a->in_layer[k];
        double sum = 0, total = 0;
        for (size_t s = 0; s < a->segment_count; s++) {
            const segment *p = &a->segments[s];
            const item *left = &a->items[p->left], *right = &a->items[p->right];
            const bool points = left->node < 0 || right->node < 0; /* long arrows are kept straight first */
            const double pull = points ? 4 : a->graph->edges[p->edge].dotted ? 0.3 : 1;
            if ((sides & 2) && p->left == i) {
                sum += pull * (right->y + p->right_port - p->left_port);
                total += pull;
            } else if ((sides & 1) && p->right == i) {
                sum += pull * (left->y + p->left_port - p->right_port);
                total += pull;
            }
        }
        wanted[k - first] = total > 0 ? sum / total : a->items[i].y;
        weight[k - first] = total > 0 ? total : 0.01;
    }
    place_layer(a, layer, wanted, weight);
}

static void find_heights(arrangement *a)
{
    for (size_t i = 0; i < a->item_count; i++)
        a->items[i].y = 60.0 * a->items[i].order;
    for (int round = 0; round < SWEEPS; round++) {
        for (int layer = 0; layer < a->layers; layer++)
            pull_layer(a, layer, round < 2 ? 1 : 3);
        for (int layer = a->layers - 1; layer >= 0; layer--)
            pull_layer(a, layer, round < 2 ? 2 : 3);
    }
    double top = INFINITY;
    for (size_t i = 0; i < a->item_count; i++)
        top = fmin(top, a->items[i].y - a->items[i].up);
    for (size_t i = 0; i < a->item_count; i++)
        a->items[i].y = floor(2 * (a->items[i].y - top) + 0.5) / 2; /* half units: no digits of chance */
}

/* ---- widths, and the answer ---- */

/* A label stands at the end of its arrow where fewer arrows meet; true: at the left end. */
static bool label_at_left(const arrangement *a, size_t edge)
{
    const int *chain = a->chain[edge];
    int last = 0, lefts = 0, rights = 0;
    while (chain[last + 1] >= 0)
        last++;
    for (size_t s = 0; s < a->segment_count; s++) {
        lefts += a->segments[s].left == a->segments[chain[0]].left;
        rights += a->segments[s].right == a->segments[chain[last]].right;
    }
    return lefts < rights;
}

/* Straight ends as long as the labels they carry; room to bend by how far arrows go up or down. */
static void measure_gap(const arrangement *a, int layer, column *c)
{
    double most = 0;
    for (size_t e = 0; e < a->graph->edge_count; e++) {
        const int *chain = a->chain[e];
        if (!chain)
            continue;
        const double label = label_width(&a->graph->edges[e]), needed = label > 0 ? label + LABEL_ROOM : STUB;
        const bool at_left = label_at_left(a, e);
        for (int k = 0; chain[k] >= 0; k++) {
            const segment *p = &a->segments[chain[k]];
            const item *left = &a->items[p->left], *right = &a->items[p->right];
            if (left->layer != layer)
                continue;
            c->left_stub = fmax(c->left_stub, at_left && k == 0 ? needed : STUB);
            c->right_stub = fmax(c->right_stub, !at_left && chain[k + 1] < 0 ? needed : STUB);
            most = fmax(most, fabs(left->y + p->left_port - right->y - p->right_port));
        }
    }
    c->bend = most < 0.3 ? 0 : fmin(BEND, 20 + 0.5 * most);
}

/* ---- a second row ---- */

static bool one_arrow_leads_on(const arrangement *a, int layer)
{
    int count = 0;
    for (size_t s = 0; s < a->segment_count; s++)
        count += a->items[a->segments[s].left].layer == layer;
    return count == 1;
}

static double left_of(const column *c)
{
    return c->x - c->width / 2;
}

/* Where the longer of two rows is shortest; -1 when the drawing is narrow, or no single arrow leads on. */
static int find_fold(const arrangement *a, double width)
{
    int best = -1;
    double shortest = width;
    for (int k = 0; width > ROW_WIDTH && k + 1 < a->layers; k++) {
        const double longer = fmax(left_of(&a->columns[k + 1]), width - left_of(&a->columns[k + 1]));
        if (one_arrow_leads_on(a, k) && longer < shortest) {
            best = k;
            shortest = longer;
        }
    }
    return best;
}

/* Moves what lies behind the fold below what lies before it. */
static void fold_rows(arrangement *a)
{
    double bottom = 0, top = INFINITY;
    for (size_t i = 0; i < a->item_count; i++)
        if (a->items[i].layer <= a->fold)
            bottom = fmax(bottom, a->items[i].y + a->items[i].down);
        else
            top = fmin(top, a->items[i].y - a->items[i].up);
    const double right = left_of(&a->columns[a->fold + 1]) - a->columns[a->fold].right_stub - STUB;
    for (size_t i = 0; i < a->item_count; i++)
        if (a->items[i].layer > a->fold)
            a->items[i].y += bottom + ROW_ROOM - top;
    for (int k = a->fold + 1; k < a->layers; k++)
        a->columns[k].x -= right;
}

static void place_nodes(arrangement *a)
{
    for (size_t n = 0; n < a->graph->node_count; n++) {
        rac_graph_place *place = &a->places[n];
        const int host = a->host[n];
        const item *it = &a->items[a->item_of[host < 0 ? (int)n : host]];
        place->x = a->columns[it->layer].x;
        place->y = it->y;
        if (host >= 0)
            place->y += (a->satellites[host][0] == (int)n ? -1 : 1) *
                        (a->places[host].height / 2 + SATELLITE + place->height / 2);
    }
}

static double half_width(const arrangement *a, const item *it)
{
    return it->node < 0 ? 0 : a->places[it->node].width / 2;
}

static void add_point(rac_graph_path *path, double x, double y)
{
    path->x[path->count] = x;
    path->y[path->count++] = y;
}

/* From one layer to the next; over the fold, out to the right, between the rows, and in from the left. */
static void add_piece(const arrangement *a, const segment *p, rac_graph_path *path)
{
    const item *left = &a->items[p->left], *right = &a->items[p->right];
    const column *from = &a->columns[left->layer], *to = &a->columns[right->layer];
    const double y1 = left->y + p->left_port, y2 = right->y + p->right_port;
    const double bend = from->x + from->width / 2 + from->left_stub;
    add_point(path, from->x + half_width(a, left), y1);
    add_point(path, bend, y1);
    if (left->layer == a->fold) {
        double top = INFINITY;
        for (size_t i = 0; i < a->item_count; i++)
            if (a->items[i].layer > a->fold)
                top = fmin(top, a->items[i].y - a->items[i].up);
        const double between = top - ROW_ROOM / 2.0, margin = left_of(to) - from->right_stub;
        add_point(path, bend, between);
        add_point(path, margin, between);
        add_point(path, margin, y2);
    } else {
        add_point(path, bend + from->bend, y2);
    }
    add_point(path, to->x - half_width(a, right), y2);
}

static void find_path(const arrangement *a, size_t e, rac_graph_path *path)
{
    const int *chain = a->chain[e];
    int pieces = 0;
    while (chain[pieces] >= 0)
        pieces++;
    path->x = rac_many(a->arena, double, 4 * (size_t)pieces + 2);
    path->y = rac_many(a->arena, double, 4 * (size_t)pieces + 2);
    for (int k = 0; k < pieces; k++)
        add_piece(a, &a->segments[chain[k]], path);
    const size_t at = label_at_left(a, e) ? 0 : path->count - 2;
    const double head = 7 * (a->backward[e] ? (at ? 0 : 1) : (at ? -1 : 0)); /* off the arrow's head */
    path->label_x = at ? path->x[path->count - 1] - 4 - label_width(&a->graph->edges[e]) / 2 + head
                       : path->x[0] + 4 + label_width(&a->graph->edges[e]) / 2 + head;
    path->label_y = path->y[at];
    for (size_t i = 0, last = path->count - 1; a->backward[e] && i < path->count / 2; i++) {
        const double x = path->x[i], y = path->y[i];
        path->x[i] = path->x[last - i];
        path->y[i] = path->y[last - i];
        path->x[last - i] = x;
        path->y[last - i] = y;
    }
}

/* The two arrows between a box and the one above or below it: left up, right down. */
static void find_vertical(const arrangement *a, size_t e, rac_graph_path *path)
{
    const rac_graph_place *from = &a->places[a->graph->edges[e].from],
                          *to = &a->places[a->graph->edges[e].to];
    const bool up = to->y < from->y;
    const double x = from->x + (up ? -VERTICAL_SHIFT : VERTICAL_SHIFT);
    path->x = rac_many(a->arena, double, 2);
    path->y = rac_many(a->arena, double, 2);
    path->count = 2;
    path->vertical = true;
    path->x[0] = path->x[1] = x;
    path->y[0] = from->y + (up ? -1 : 1) * from->height / 2;
    path->y[1] = to->y + (up ? 1 : -1) * to->height / 2;
    path->anchor = up ? -1 : 1;
    path->label_x = x + 5 * path->anchor;
    path->label_y = (path->y[0] + path->y[1]) / 2;
}

static void find_columns(arrangement *a, rac_graph_layout *layout)
{
    double at = 0;
    a->columns = rac_many(a->arena, column, a->layers + 1);
    for (size_t i = 0; i < a->item_count; i++) {
        column *c = &a->columns[a->items[i].layer];
        c->width = fmax(c->width, a->items[i].width);
    }
    for (int k = 0; k < a->layers; k++) {
        column *c = &a->columns[k];
        if (k + 1 < a->layers)
            measure_gap(a, k, c);
        c->x = at + c->width / 2;
        at += c->width + c->left_stub + c->bend + c->right_stub;
    }
    a->fold = find_fold(a, at);
    if (a->fold >= 0)
        fold_rows(a);
    for (int k = 0; k < a->layers; k++) {
        const column *c = &a->columns[k];
        const double turn = k == a->fold ? c->left_stub + 1 : 0;
        layout->width = fmax(layout->width, c->x + c->width / 2 + turn);
    }
    for (size_t i = 0; i < a->item_count; i++)
        layout->height = fmax(layout->height, a->items[i].y + a->items[i].down);
}

void rac_graph_arrange(rac_arena *arena, const rac_graph *graph, rac_graph_layout *layout)
{
    const size_t n = graph->node_count, edges = graph->edge_count;
    arrangement arrangement_ = {.arena = arena, .graph = graph}, *a = &arrangement_;
    a->host = rac_many(arena, int, n);
    a->satellites = rac_arena_alloc(arena, (n + 1) * sizeof *a->satellites);
    a->backward = rac_many(arena, bool, edges);
    a->layer = rac_many(arena, int, n);
    a->item_of = rac_many(arena, int, n);
    a->places = rac_many(arena, rac_graph_place, n);
    a->chain = rac_many(arena, int *, edges);
    find_satellites(a);
    find_layers(a);
    for (int i = 0; i < (int)n; i++) {
        measure_node(a, i, &a->places[i]);
        a->item_of[i] = a->host[i] < 0 ? add_item(a, i, a->layer[i]) : -1;
    }
    add_chains(a);
    measure_items(a);
    a->in_layer = rac_many(arena, int, a->item_count);
    a->layer_first = rac_many(arena, int, a->layers + 1);
    find_orders(a);
    find_ports(a);
    find_heights(a);
    find_columns(a, layout);
    place_nodes(a);
    layout->places = a->places;
    layout->paths = rac_many(arena, rac_graph_path, edges);
    for (size_t e = 0; e < edges; e++)
        if (a->chain[e])
            find_path(a, e, &layout->paths[e]);
        else
            find_vertical(a, e, &layout->paths[e]);
}
