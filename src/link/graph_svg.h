/* link/graph_svg.h: a graph of boxes and arrows as one standalone SVG image, as a model of compartments is
 * drawn.
 *
 * Boxes stand in layers from left to right, in the order in which things move; a box that only exchanges with
 * one other stands above or below it.  Labels lie on straight ends of arrows that nothing else crosses, so
 * that no text covers another whatever the graph.  The layout is Sugiyama's (1981,
 * doi:10.1109/TSMC.1981.4308636) for small graphs: layers by longest path, orders by barycentres and
 * exchanges, heights by isotonic regression (graph_layout.c).
 *
 * What holds of the bytes is what holds of figures (svg.h): the same graph gives the same bytes, nothing is
 * loaded from elsewhere, title and description say all that is drawn. */
#ifndef RACEMATE_LINK_GRAPH_SVG_H
#define RACEMATE_LINK_GRAPH_SVG_H

#include "racemate/base.h"

enum { RAC_GRAPH_NODES_MAX = 64, RAC_GRAPH_EDGES_MAX = 200 };

typedef enum rac_graph_kind {
    RAC_GRAPH_BOX,    /* holds an amount */
    RAC_GRAPH_DASHED, /* follows others, holds nothing */
    RAC_GRAPH_ENTRY,  /* where something comes in: rounded */
    RAC_GRAPH_EXIT    /* where it leaves: the name alone */
} rac_graph_kind;

typedef struct rac_graph_line {
    const char *text;
    bool marked; /* stands out: what is measured here */
} rac_graph_line;

typedef struct rac_graph_node {
    rac_graph_kind kind;
    const char *name;
    const rac_graph_line *lines;
    size_t line_count;
} rac_graph_node;

typedef struct rac_graph_edge {
    int from, to;      /* nodes; different */
    const char *label; /* "" or NULL: none */
    bool dotted;       /* an influence; nothing moves */
} rac_graph_edge;

typedef struct rac_graph {
    const char *title, *description;
    const rac_graph_node *nodes;
    size_t node_count;
    const rac_graph_edge *edges;
    size_t edge_count;
    const char *const *notes; /* lines below the drawing */
    size_t note_count;
} rac_graph;

/* *svg lives in the arena, ends in NUL.  `id`: letters, digits, '-'.  RAC_LIMIT for a graph that is larger
 * than the limits above, RAC_INVALID for an edge to nowhere or to itself, and for other characters in the id.
 */
rac_status rac_graph_svg(rac_arena *arena, const rac_graph *graph, const char *id, rac_text *svg,
                         rac_error *err);

#endif
