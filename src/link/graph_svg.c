/* Drawing a graph that graph_layout.c has arranged. */
#include "link/graph_svg.h"

#include <math.h>
#include <string.h>

#include "link/graph_layout.h"
#include "link/svg.h"

enum { TITLE_SIZE = 15, MARGIN = 14, TITLE_STEP = 30, NOTE_STEP = 16, LEGEND_STEP = 24 };

/* Colours of Okabe and Ito, as in figures; shape and dash tell the kinds apart without them. */
static const struct {
    const char *fill, *stroke, *dash;
} looks[] = {
    [RAC_GRAPH_BOX] = {"#eef4fb", "#0072b2", NULL},
    [RAC_GRAPH_DASHED] = {"#ffffff", "#555555", "5 3"},
    [RAC_GRAPH_ENTRY] = {"#e8f4ef", "#00795a", NULL},
    [RAC_GRAPH_EXIT] = {"none", "none", NULL},
};
static const char *const marked_colour = "#a34700";

typedef struct canvas {
    rac_markup *out;
    const char *id;
} canvas;

/* To a tenth, without the locale. */
static const char *number(const canvas *c, double value)
{
    const double rounded = floor(value * 10 + 0.5) / 10;
    return rac_number_format(c->out->arena, rounded == 0 ? 0 : rounded);
}
#define AT(value) number(c, (value))

static void text_at(const canvas *c, double x, double y, const char *anchor, const char *style,
                    const char *text)
{
    rac_markup_format(c->out, "<text x=\"%s\" y=\"%s\" text-anchor=\"%s\" %s>", AT(x), AT(y), anchor, style);
    rac_markup_text(c->out, text);
    rac_markup_raw(c->out, "</text>\n");
}

static const char *const expression_style =
    "font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"11\"";

static void draw_shape(const canvas *c, rac_graph_kind kind, const rac_graph_place *p)
{
    const double round = kind == RAC_GRAPH_ENTRY ? fmin(p->height / 2, 16) : 4;
    rac_markup_format(
        c->out, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"%s\" fill=\"%s\" stroke=\"%s\"",
        AT(p->x - p->width / 2), AT(p->y - p->height / 2), AT(p->width), AT(p->height), AT(round),
        looks[kind].fill, looks[kind].stroke);
    if (looks[kind].dash)
        rac_markup_format(c->out, " stroke-dasharray=\"%s\"", looks[kind].dash);
    rac_markup_raw(c->out, "/>\n");
}

static void draw_node(const canvas *c, const rac_graph_node *node, const rac_graph_place *p)
{
    if (node->kind == RAC_GRAPH_EXIT) {
        text_at(c, p->x - p->width / 2 + 4, p->y + 4, "start", "font-size=\"11\" fill=\"#555555\"",
                node->name);
        return;
    }
    draw_shape(c, node->kind, p);
    const double text = NAME_STEP + LINE_STEP * (double)node->line_count;
    double y = p->y - text / 2 + NAME_STEP - 5;
    text_at(c, p->x, y, "middle", "font-size=\"13\" font-weight=\"bold\"", node->name);
    for (size_t i = 0; i < node->line_count; i++) {
        y += LINE_STEP;
        const rac_graph_line *line = &node->lines[i];
        char *style = line->marked
                          ? rac_format(c->out->arena, "font-size=\"11\" font-weight=\"bold\" fill=\"%s\"",
                                       marked_colour)
                          : rac_format(c->out->arena, "%s fill=\"#333333\"", expression_style);
        text_at(c, p->x, y, "middle", style, line->text);
    }
}

static void draw_edge(const canvas *c, const rac_graph_edge *edge, const rac_graph_path *path)
{
    rac_markup_format(c->out, "<path d=\"M%s %s", AT(path->x[0]), AT(path->y[0]));
    for (size_t i = 1; i < path->count; i++) {
        const double x1 = path->x[i - 1], y1 = path->y[i - 1], x2 = path->x[i], y2 = path->y[i];
        if (path->vertical || fabs(y1 - y2) < 0.3)
            rac_markup_format(c->out, " L%s %s", AT(x2), AT(y2));
        else
            rac_markup_format(c->out, " C%s %s %s %s %s %s", AT((x1 + x2) / 2), AT(y1), AT((x1 + x2) / 2),
                              AT(y2), AT(x2), AT(y2));
    }
    rac_markup_format(c->out, "\" fill=\"none\" stroke=\"%s\"%s marker-end=\"url(#%s-%s)\"/>\n",
                      edge->dotted ? "#555555" : "#222222", edge->dotted ? " stroke-dasharray=\"1.5 3\"" : "",
                      c->id, edge->dotted ? "open" : "head");
    if (!edge->label || !edge->label[0])
        return;
    static const char *const anchors[] = {"end", "middle", "start"};
    text_at(c, path->label_x, path->label_y + (path->vertical ? 4 : -4), anchors[path->anchor + 1],
            expression_style, edge->label);
}

/* What the marks mean, for those that are there. */
static void draw_legend(const canvas *c, const rac_graph *graph, double y)
{
    bool kinds[4] = {false}, dotted = false, marked = false;
    for (size_t i = 0; i < graph->node_count; i++) {
        kinds[graph->nodes[i].kind] = true;
        for (size_t k = 0; k < graph->nodes[i].line_count; k++)
            marked |= graph->nodes[i].lines[k].marked;
    }
    for (size_t i = 0; i < graph->edge_count; i++)
        dotted |= graph->edges[i].dotted;
    double x = MARGIN;
    static const char *const words[] = {"compartment", "follows others", "route of a dose"};
    for (int k = 0; k < 3; k++) {
        if (!kinds[k])
            continue;
        draw_shape(c, (rac_graph_kind)k, &(rac_graph_place){x + 10, y - 4, 20, 12});
        text_at(c, x + 25, y, "start", "font-size=\"11\" fill=\"#555555\"", words[k]);
        x += 40 + rac_graph_text_width(words[k], LINE_SIZE, false);
    }
    if (dotted) {
        rac_markup_format(
            c->out,
            "<path d=\"M%s %s L%s %s\" fill=\"none\" stroke=\"#555555\" stroke-dasharray=\"1.5 3\" "
            "marker-end=\"url(#%s-open)\"/>\n",
            AT(x), AT(y - 4), AT(x + 24), AT(y - 4), c->id);
        text_at(c, x + 29, y, "start", "font-size=\"11\" fill=\"#555555\"", "drives; nothing moves");
        x += 44 + rac_graph_text_width("drives; nothing moves", LINE_SIZE, false);
    }
    if (marked)
        text_at(c, x, y, "start",
                rac_format(c->out->arena, "font-size=\"11\" font-weight=\"bold\" fill=\"%s\"", marked_colour),
                "\xE2\x97\x8F output");
}

static rac_status check(const rac_graph *graph, const char *id, rac_error *err)
{
    static const char *const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    if (!id || !id[0] || strspn(id, allowed) != strlen(id))
        return rac_fail(err, RAC_INVALID, "'%.60s' is no plain id of a picture", id ? id : "");
    if (graph->node_count > RAC_GRAPH_NODES_MAX || graph->edge_count > RAC_GRAPH_EDGES_MAX)
        return rac_fail(err, RAC_LIMIT, "%zu boxes and %zu arrows are more than a picture takes (%d and %d)",
                        graph->node_count, graph->edge_count, RAC_GRAPH_NODES_MAX, RAC_GRAPH_EDGES_MAX);
    for (size_t i = 0; i < graph->edge_count; i++) {
        const rac_graph_edge *e = &graph->edges[i];
        const int n = (int)graph->node_count;
        if (e->from < 0 || e->from >= n || e->to < 0 || e->to >= n || e->from == e->to)
            return rac_fail(err, RAC_INVALID, "arrow %zu goes from box %d to box %d of %d", i, e->from, e->to,
                            n);
    }
    return RAC_OK;
}

static void open_drawing(const canvas *c, const rac_graph *graph, double width, double height)
{
    rac_markup_format(
        c->out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 %s %s\" width=\"%s\" "
        "height=\"%s\" aria-labelledby=\"%s-title %s-desc\">\n<title id=\"%s-title\">",
        AT(width), AT(height), AT(width), AT(height), c->id, c->id, c->id);
    rac_markup_text(c->out, graph->title);
    rac_markup_format(c->out, "</title>\n<desc id=\"%s-desc\">", c->id);
    rac_markup_text(c->out, graph->description);
    rac_markup_format(
        c->out,
        "</desc>\n<defs>\n<marker id=\"%s-head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
        "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 1 L8 4 L0 7 z\" "
        "fill=\"#222222\"/></marker>\n<marker id=\"%s-open\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" "
        "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M1 1 L8 4 L1 7\" fill=\"none\" "
        "stroke=\"#555555\"/></marker>\n</defs>\n<rect width=\"%s\" height=\"%s\" fill=\"#ffffff\"/>\n"
        "<g font-family=\"Helvetica, Arial, sans-serif\" fill=\"#222222\">\n",
        c->id, c->id, AT(width), AT(height));
}

rac_status rac_graph_svg(rac_arena *arena, const rac_graph *graph, const char *id, rac_text *svg,
                         rac_error *err)
{
    const rac_status status = check(graph, id, err);
    if (status)
        return status;
    rac_markup out = {.arena = arena};
    const canvas canvas_ = {.out = &out, .id = id}, *c = &canvas_;
    rac_graph_layout layout = {0};
    rac_graph_arrange(arena, graph, &layout);
    double width = fmax(layout.width, rac_graph_text_width(graph->title, TITLE_SIZE, true));
    for (size_t i = 0; i < graph->note_count; i++)
        width = fmax(width, rac_graph_text_width(graph->notes[i], LINE_SIZE, false));
    const double top = MARGIN + TITLE_STEP, below = top + layout.height + 14;
    open_drawing(c, graph, width + 2 * MARGIN,
                 below + LEGEND_STEP + NOTE_STEP * (double)graph->note_count + MARGIN - 6);
    text_at(c, MARGIN, MARGIN + 13, "start", "font-size=\"15\" font-weight=\"bold\"", graph->title);
    rac_markup_format(&out, "<g transform=\"translate(%s %s)\">\n", AT(MARGIN + (width - layout.width) / 2),
                      AT(top));
    for (size_t i = 0; i < graph->edge_count; i++)
        draw_edge(c, &graph->edges[i], &layout.paths[i]);
    for (size_t i = 0; i < graph->node_count; i++)
        draw_node(c, &graph->nodes[i], &layout.places[i]);
    rac_markup_raw(&out, "</g>\n");
    draw_legend(c, graph, below + 12);
    for (size_t i = 0; i < graph->note_count; i++)
        text_at(c, MARGIN, below + LEGEND_STEP + NOTE_STEP * (double)i + 10, "start", expression_style,
                graph->notes[i]);
    rac_markup_raw(&out, "</g>\n</svg>\n");
    *svg = (rac_text){out.data, out.size};
    return RAC_OK;
}
