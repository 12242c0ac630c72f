/* link/graph_inside.h: what the files of the layout share: a graph while it is being arranged. */
#ifndef RACEMATE_LINK_GRAPH_INSIDE_H
#define RACEMATE_LINK_GRAPH_INSIDE_H

#include "link/graph_layout.h"

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

/* The width of an arrow's label; 0 without one. */
double graph_label_width(const rac_graph_edge *edge);
/* Whether an arrow joins a box to the one above or below it. */
bool graph_joins_satellite(const arrangement *a, const rac_graph_edge *e);

/* graph_layers.c: who stands above or below whom, in which layer, with which points between; and how large
 * all are. */
void graph_find_layers(arrangement *a);
/* graph_order.c: the order in each layer, so that few arrows cross. */
void graph_find_orders(arrangement *a);

#endif
