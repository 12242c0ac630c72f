/* link/graph_layout.h: where the boxes and arrows of a graph stand.  Lengths are in the units of the drawing.
 */
#ifndef RACEMATE_LINK_GRAPH_LAYOUT_H
#define RACEMATE_LINK_GRAPH_LAYOUT_H

#include "link/graph_svg.h"

/* Letter sizes the layout reckons with, and the drawing uses. */
enum { NAME_SIZE = 13, LINE_SIZE = 11, NAME_STEP = 18, LINE_STEP = 15, BOX_MARGIN = 9 };
double rac_graph_text_width(const char *text, int size, bool bold);

typedef struct rac_graph_place {
    double x, y, width, height; /* centre and size of a node */
} rac_graph_place;

/* One straight or curved piece after another: x[i], y[i]; from a point to the next the line is horizontal
 * where y is the same, and a curve otherwise.  The label stands on the horizontal piece it is given, centred
 * at label_x above label_y; or beside a vertical arrow (anchor -1: ends there, 1: begins there). */
typedef struct rac_graph_path {
    double *x, *y;
    size_t count;
    bool vertical;
    double label_x, label_y;
    int anchor;
} rac_graph_path;

typedef struct rac_graph_layout {
    rac_graph_place *places; /* by node */
    rac_graph_path *paths;   /* by edge, from its start to its end */
    double width, height;
} rac_graph_layout;

void rac_graph_arrange(rac_arena *arena, const rac_graph *graph, rac_graph_layout *layout);

#endif
