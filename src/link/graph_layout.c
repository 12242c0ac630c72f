/* Heights, widths, rows and the paths of arrows: see graph_layout.h and graph_svg.h. */
#include "link/graph_inside.h"

#include <math.h>

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
        const double label = graph_label_width(&a->graph->edges[e]),
                     needed = label > 0 ? label + LABEL_ROOM : STUB;
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
    path->label_x = at ? path->x[path->count - 1] - 4 - graph_label_width(&a->graph->edges[e]) / 2 + head
                       : path->x[0] + 4 + graph_label_width(&a->graph->edges[e]) / 2 + head;
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
    graph_find_layers(a);
    a->in_layer = rac_many(arena, int, a->item_count);
    a->layer_first = rac_many(arena, int, a->layers + 1);
    graph_find_orders(a);
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
