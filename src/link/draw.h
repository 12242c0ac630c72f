/* link/draw.h: where everything in a figure stands, told to a pen.
 *
 * The layout of a figure is decided once, here; a pen puts it on an SVG image (svg.c) or on a sheet of paper
 * (pdf_figure.c), so that both show the same.  One unit is one millimetre, from the upper left corner. */
#ifndef RACEMATE_LINK_DRAW_H
#define RACEMATE_LINK_DRAW_H

#include "base/figure.h"

/* How something is inked.  Colours as "#rrggbb". */
typedef struct rac_ink {
    const char *fill;   /* NULL: not filled */
    double opacity;     /* of the fill, 0 .. 1 */
    const char *stroke; /* NULL: no outline */
    double width;
    const char *dash; /* lengths of dashes and gaps, "2.4 1"; NULL: unbroken */
    bool round;       /* ends and joins */
} rac_ink;

typedef struct rac_pen_point {
    bool begin; /* a new piece of the path begins here */
    double x, y;
} rac_pen_point;

typedef enum rac_anchor { RAC_ANCHOR_START, RAC_ANCHOR_MIDDLE, RAC_ANCHOR_END } rac_anchor;

typedef struct rac_lettering {
    double mm; /* height of the letters */
    bool bold;
    const char *colour;
} rac_lettering;

typedef struct rac_pen {
    void *context;
    void (*line)(void *context, double x1, double y1, double x2, double y2, const rac_ink *ink);
    void (*path)(void *context, const rac_pen_point *points, size_t count, bool closed, const rac_ink *ink);
    void (*rectangle)(void *context, double x, double y, double width, double height, const rac_ink *ink);
    void (*circle)(void *context, double x, double y, double radius, const rac_ink *ink);
    /* One line of text, its baseline at y; upright: turned by 90 degrees to read upwards. */
    void (*text)(void *context, double x, double y, rac_anchor anchor, bool upright, const rac_lettering *how,
                 const char *text);
} rac_pen;

/* A finished figure. */
void rac_figure_draw(rac_arena *arena, const rac_figure *figure, const rac_pen *pen);

#endif
