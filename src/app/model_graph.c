/* A model as a picture: its shape becomes boxes and arrows. */
#include <string.h>

#include "app/internal.h"
#include "link/graph_svg.h"
#include "racemate/pharma.h"

enum { LINE_MAX = 42, LABEL_MAX = 40 };

/* Nodes are compartments in their order, then routes, then one exit for each flow that leaves the body. */
typedef struct drawing {
    rac_arena *arena;
    const rac_model *model;
    const rac_model_shape *shape;
    rac_graph_node *nodes;
    rac_graph_edge *edges;
    size_t node_count, edge_count;
    char *words; /* all of it, for whoever cannot see it */
} drawing;

static char *shortened(rac_arena *arena, const char *text, size_t most)
{
    const rac_text whole = rac_text_of(text), part = rac_text_shorten(whole, most);
    return rac_format(arena, "%.*s%s", RAC_TEXT(part), part.size < whole.size ? "\xE2\x80\xA6" : "");
}

/* Lines of at most LINE_MAX letters, broken at spaces; a longer word stays whole. */
static size_t wrap(rac_arena *arena, const char *text, bool marked, rac_graph_line *lines)
{
    size_t count = 0;
    for (const char *from = text; *from;) {
        size_t end = strlen(from);
        if (end > LINE_MAX) {
            size_t space = 0;
            for (size_t i = 0; i < end && (i <= LINE_MAX || !space); i++)
                space = from[i] == ' ' ? i : space;
            end = space ? space : end;
        }
        lines[count++] = (rac_graph_line){rac_format(arena, "%.*s", (int)end, from), marked};
        from += end + (from[end] == ' ');
    }
    return count;
}

static void say(drawing *d, const char *format, ...) RAC_PRINTF(2, 3);
static void say(drawing *d, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    d->words = rac_format(d->arena, "%s%s. ", d->words, rac_format_list(d->arena, format, arguments));
    va_end(arguments);
}

static void add_edge(drawing *d, int from, int to, const char *label, bool dotted)
{
    d->edges[d->edge_count++] = (rac_graph_edge){from, to, label, dotted};
}

static void draw_compartment(drawing *d, size_t c)
{
    const rac_model_shape *shape = d->shape;
    const char *equation = shape->equations[c], *start = shape->starts[c], *volume = shape->volumes[c];
    rac_graph_line *lines = rac_many(d->arena, rac_graph_line,
                                     2 + rac_model_outputs(d->model) + (equation ? strlen(equation) : 0) +
                                         (start ? strlen(start) : 0));
    size_t count = 0;
    lines[count++].text = volume ? rac_format(d->arena, "%s in %s", shape->units[c], volume)
                          : strcmp(shape->units[c], "1") == 0 ? "no unit"
                                                              : shape->units[c];
    if (equation)
        count += wrap(d->arena, rac_format(d->arena, "d/dt = %s", equation), false, lines + count);
    if (start)
        count += wrap(d->arena, rac_format(d->arena, "begins at %s", start), false, lines + count);
    for (size_t o = 0; o < rac_model_outputs(d->model); o++)
        if (rac_model_output_mentions(d->model, o, c))
            lines[count++] = (rac_graph_line){
                rac_format(d->arena, "\xE2\x97\x8F %s", rac_model_output_name(d->model, o)), true};
    const char *name = rac_model_compartment_name(d->model, c);
    d->nodes[c] = (rac_graph_node){equation ? RAC_GRAPH_DASHED : RAC_GRAPH_BOX, name, lines, count};
    if (equation)
        say(d, "%s follows d/dt = %s", name, equation);
}

static char *entry_words(drawing *d, const rac_model_entry *e)
{
    char *words = rac_format(d->arena, "%s%s", e->fraction ? e->fraction : "all", e->lag ? ", after " : "");
    if (e->lag)
        words = rac_format(d->arena, "%s%s", words, e->lag);
    if (e->duration)
        words = rac_format(d->arena, "%s, over %s", words, e->duration);
    return e->rate ? rac_format(d->arena, "%s, at %s", words, e->rate) : words;
}

static void draw_route(drawing *d, size_t route)
{
    const int node = (int)d->node_count++;
    const char *name = rac_model_route_name(d->model, route);
    rac_graph_line *lines = NULL;
    size_t count = 0, room = 0, parts = 0;
    for (size_t i = 0; i < d->shape->entry_count; i++)
        parts += d->shape->entries[i].route == (int)route;
    for (size_t i = 0; i < d->shape->entry_count; i++) {
        const rac_model_entry *e = &d->shape->entries[i];
        if (e->route != (int)route)
            continue;
        const char *to = rac_model_compartment_name(d->model, (size_t)e->compartment);
        const char *words = entry_words(d, e);
        say(d, "A dose by %s enters %s: %s", name, to, words);
        add_edge(d, node, e->compartment, NULL, false);
        if (parts == 1 && strcmp(words, "all") == 0)
            continue; /* the arrow says it */
        const char *line = parts == 1 ? words : rac_format(d->arena, "%s: %s", to, words);
        rac_graph_line *grown = rac_many(d->arena, rac_graph_line, room += strlen(line) + 1);
        if (count)
            memcpy(grown, lines, count * sizeof *lines);
        lines = grown;
        count += wrap(d->arena, line, false, lines + count);
    }
    d->nodes[node] = (rac_graph_node){RAC_GRAPH_ENTRY, name, lines, count};
}

static void draw_arrow(drawing *d, const rac_model_arrow *arrow)
{
    const char *from = rac_model_compartment_name(d->model, (size_t)arrow->from);
    if (arrow->drives) {
        add_edge(d, arrow->from, arrow->to, NULL, true);
        return;
    }
    int to = arrow->to;
    if (to == RAC_OUT) {
        to = (int)d->node_count++;
        d->nodes[to] = (rac_graph_node){RAC_GRAPH_EXIT, "out", NULL, 0};
    }
    add_edge(d, arrow->from, to, shortened(d->arena, arrow->rate, LABEL_MAX), false);
    say(d, "%s goes to %s at %s", from,
        arrow->to == RAC_OUT ? "out" : rac_model_compartment_name(d->model, (size_t)arrow->to), arrow->rate);
}

static rac_graph graph_of(rac_arena *arena, const rac_model *model)
{
    const rac_model_shape *shape = rac_model_look(model);
    const size_t compartments = rac_model_compartments(model), routes = rac_model_routes(model),
                 outputs = rac_model_outputs(model);
    drawing drawing_ = {.arena = arena,
                        .model = model,
                        .shape = shape,
                        .nodes = rac_many(arena, rac_graph_node, compartments + routes + shape->arrow_count),
                        .edges = rac_many(arena, rac_graph_edge, shape->arrow_count + shape->entry_count),
                        .node_count = compartments,
                        .words = rac_string_copy(arena, "")},
            *d = &drawing_;
    for (size_t c = 0; c < compartments; c++)
        draw_compartment(d, c);
    for (size_t r = 0; r < routes; r++)
        draw_route(d, r);
    for (size_t a = 0; a < shape->arrow_count; a++)
        draw_arrow(d, &shape->arrows[a]);
    const char **notes = rac_many(arena, const char *, outputs);
    for (size_t o = 0; o < outputs; o++) {
        notes[o] = rac_format(arena, "%s = %s", rac_model_output_name(model, o), shape->outputs[o]);
        say(d, "Output %s", notes[o]);
    }
    const rac_model_about *about = rac_model_describe(model);
    return (rac_graph){.title = rac_format(arena, "%s: %s", about->name, about->title),
                       .description = d->words,
                       .nodes = d->nodes,
                       .node_count = d->node_count,
                       .edges = d->edges,
                       .edge_count = d->edge_count,
                       .notes = notes,
                       .note_count = outputs};
}

RAC_DO(rac_do_model_graph)
{
    rac_model *model = NULL;
    rac_text svg;
    rac_status status = rac_app_model_argument(call, "file", &model, reply, err);
    if (status)
        return status;
    const rac_graph graph = graph_of(call->arena, model);
    if ((status = rac_graph_svg(call->arena, &graph, "model", &svg, err)))
        return status;
    if (rac_call_value(call, "out"))
        return rac_call_write(call, "out", svg.data, svg.size, err);
    reply->text = svg.data;
    reply->json = json_pack("{s:s, s:s, s:s}", "model", rac_model_describe(model)->name, "description",
                            graph.description, "svg", svg.data);
    return RAC_OK;
}
