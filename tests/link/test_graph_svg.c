/* Pictures of graphs: whatever the graph, no box or label lies on another; the same bytes twice; refusals. */
#include "check.h"

#include "base/random.h"
#include "link/graph_layout.h"

typedef struct rectangle {
    double left, right, top, bottom;
} rectangle;

static bool overlap(rectangle a, rectangle b)
{
    const double touch = 0.6; /* places are rounded to halves */
    return a.left < b.right - touch && b.left < a.right - touch && a.top < b.bottom - touch &&
           b.top < a.bottom - touch;
}

static rectangle box_of(const rac_graph_place *p)
{
    return (rectangle){p->x - p->width / 2, p->x + p->width / 2, p->y - p->height / 2, p->y + p->height / 2};
}

/* A label is 11 high; above its arrow, or beside an upright one. */
static rectangle label_of(const rac_graph_edge *edge, const rac_graph_path *path)
{
    const double width = rac_graph_text_width(edge->label, LINE_SIZE, false);
    const double left =
        path->anchor > 0 ? path->label_x : path->label_x - (path->anchor < 0 ? width : width / 2);
    const double base = path->label_y + (path->vertical ? 4 : -4);
    return (rectangle){left, left + width, base - 9, base + 2};
}

/* Boxes, labels, and everything inside the drawing. */
static void check_layout(rac_arena *arena, const rac_graph *graph)
{
    rac_graph_layout layout = {0};
    rac_graph_arrange(arena, graph, &layout);
    rectangle all[RAC_GRAPH_NODES_MAX + RAC_GRAPH_EDGES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < graph->node_count; i++)
        all[count++] = box_of(&layout.places[i]);
    for (size_t i = 0; i < graph->edge_count; i++)
        if (graph->edges[i].label)
            all[count++] = label_of(&graph->edges[i], &layout.paths[i]);
    for (size_t i = 0; i < count; i++) {
        assert_true(all[i].left > -1 && all[i].right < layout.width + 1);
        assert_true(all[i].top > -1 && all[i].bottom < layout.height + 1);
        for (size_t k = 0; k < i; k++)
            assert_false(overlap(all[i], all[k]));
    }
    for (size_t i = 0; i < graph->edge_count; i++) { /* an arrow ends on the boxes it joins */
        const rac_graph_path *path = &layout.paths[i];
        const rectangle from = box_of(&layout.places[graph->edges[i].from]),
                        to = box_of(&layout.places[graph->edges[i].to]);
        const double ends[][2] = {{path->x[0], path->y[0]},
                                  {path->x[path->count - 1], path->y[path->count - 1]}};
        const rectangle boxes[] = {from, to};
        for (int k = 0; k < 2; k++)
            assert_true(ends[k][0] > boxes[k].left - 1 && ends[k][0] < boxes[k].right + 1 &&
                        ends[k][1] > boxes[k].top - 1 && ends[k][1] < boxes[k].bottom + 1);
    }
}

static const rac_graph_line lines[] = {{"mg in V1", false}, {"ketamine", true}};

/* Central with two that exchange with it, an effect that follows, a way out, and a circle through the liver.
 */
static rac_graph example(void)
{
    static const rac_graph_node nodes[] = {
        {RAC_GRAPH_BOX, "central", lines, 2},   {RAC_GRAPH_BOX, "deep", lines, 1},
        {RAC_GRAPH_BOX, "fast", lines, 1},      {RAC_GRAPH_BOX, "liver", NULL, 0},
        {RAC_GRAPH_DASHED, "effect", lines, 2}, {RAC_GRAPH_ENTRY, "vein & <arm>", NULL, 0},
        {RAC_GRAPH_EXIT, "out", NULL, 0}};
    static const rac_graph_edge edges[] = {
        {0, 1, "Q2 / V1", false}, {1, 0, "Q2 / V2", false}, {0, 2, "Q3 / V1", false},
        {2, 0, "Q3 / V3", false}, {0, 3, "Qh / V1", false}, {3, 0, "Qh / Vh", false},
        {0, 4, NULL, true},       {5, 0, NULL, false},      {3, 6, "kel", false}};
    static const char *const notes[] = {"ketamine = central / V1"};
    return (rac_graph){"A \"model\"", "All of it", nodes, 7, edges, 9, notes, 1};
}

static void test_link_graph_svg__same_graph_same_bytes(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_text once, again;
    const rac_graph graph = example();
    check_ok(rac_graph_svg(arena, &graph, "model-1", &once, &err));
    check_ok(rac_graph_svg(arena, &graph, "model-1", &again, &err));
    assert_true(rac_text_equal(once, again));
    check_contains(once.data, "vein &amp; &lt;arm&gt;");
    check_contains(once.data, "A &quot;model&quot;");
    check_contains(once.data, "stroke-dasharray");
    check_contains(once.data, "drives; nothing moves");
    check_contains(once.data, "ketamine = central / V1");
    assert_null(strstr(once.data, "nan"));
    assert_null(strstr(once.data, "inf"));
    assert_null(strstr(once.data, "<script"));
    assert_int_equal(strlen(once.data), once.size);
    rac_arena_free(arena);
}

/* What only exchanges stands above and below; what follows stands to the right. */
static void test_link_graph_svg__things_stand_where_a_reader_expects(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_graph graph = example();
    rac_graph_layout layout = {0};
    rac_graph_arrange(arena, &graph, &layout);
    const rac_graph_place *p = layout.places;
    check_near(p[1].x, p[0].x, 0, 0);
    check_near(p[2].x, p[0].x, 0, 0);
    assert_true(p[1].y < p[0].y && p[0].y < p[2].y);
    assert_true(p[5].x < p[0].x && p[0].x < p[3].x && p[0].x < p[4].x && p[3].x < p[6].x);
    check_layout(arena, &graph);
    rac_arena_free(arena);
}

static void test_link_graph_svg__nothing_lies_on_anything_in_any_graph(void **state)
{
    (void)state;
    static const char *const words[] = {NULL, "k", "Q / V", "CL * (1 + Emax) / V1", "kin"};
    rac_random draws = rac_random_open(7, 1, RAC_RANDOM_TEST);
    for (int round = 0; round < 120; round++) {
        rac_arena *arena = rac_arena_new();
        rac_graph_node nodes[14];
        rac_graph_edge edges[30];
        rac_graph graph = {.title = "t", .description = "d", .nodes = nodes, .edges = edges};
        graph.node_count = 1 + rac_random_below(&draws, 14);
        for (size_t i = 0; i < graph.node_count; i++)
            nodes[i] = (rac_graph_node){(rac_graph_kind)rac_random_below(&draws, 3), "name", lines,
                                        rac_random_below(&draws, 3)};
        const size_t wanted = graph.node_count > 1 ? rac_random_below(&draws, 30) : 0;
        for (size_t i = 0; i < wanted; i++) {
            const int from = (int)rac_random_below(&draws, (uint32_t)graph.node_count),
                      to = (int)rac_random_below(&draws, (uint32_t)graph.node_count);
            bool there = from == to;
            for (size_t k = 0; k < graph.edge_count; k++)
                there |= edges[k].from == from && edges[k].to == to;
            if (!there)
                edges[graph.edge_count++] = (rac_graph_edge){from, to, words[rac_random_below(&draws, 5)],
                                                             rac_random_below(&draws, 4) == 0};
        }
        check_layout(arena, &graph);
        rac_arena_free(arena);
    }
}

/* A chain too long for one row goes on in a second, and its arrow leads there. */
static void test_link_graph_svg__a_long_chain_goes_on_below(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_graph_node nodes[14];
    rac_graph_edge edges[13];
    for (int i = 0; i < 14; i++)
        nodes[i] = (rac_graph_node){RAC_GRAPH_BOX, "transit", lines, 2};
    for (int i = 0; i < 13; i++)
        edges[i] = (rac_graph_edge){i, i + 1, "2 / MTT", false};
    const rac_graph graph = {
        .title = "t", .description = "d", .nodes = nodes, .node_count = 14, .edges = edges, .edge_count = 13};
    rac_graph_layout layout = {0};
    rac_graph_arrange(arena, &graph, &layout);
    assert_true(layout.places[13].y > layout.places[0].y + layout.places[0].height);
    assert_true(layout.width < 1500);
    check_layout(arena, &graph);
    rac_arena_free(arena);
}

static void test_link_graph_svg__what_it_refuses(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_text svg;
    rac_graph graph = example();
    check_status(rac_graph_svg(arena, &graph, "a b", &svg, &err), RAC_INVALID);
    check_status(rac_graph_svg(arena, &graph, "", &svg, &err), RAC_INVALID);
    const rac_graph_edge nowhere = {0, 7, NULL, false}, itself = {2, 2, NULL, false};
    graph.edges = &nowhere;
    graph.edge_count = 1;
    check_status(rac_graph_svg(arena, &graph, "a", &svg, &err), RAC_INVALID);
    check_contains(err.message, "to box 7 of 7");
    graph.edges = &itself;
    check_status(rac_graph_svg(arena, &graph, "a", &svg, &err), RAC_INVALID);
    graph.edge_count = RAC_GRAPH_EDGES_MAX + 1;
    check_status(rac_graph_svg(arena, &graph, "a", &svg, &err), RAC_LIMIT);
    rac_arena_free(arena);
}

#define T(name) cmocka_unit_test(test_link_graph_svg__##name)
RAC_TESTS(T(same_graph_same_bytes), T(things_stand_where_a_reader_expects),
          T(nothing_lies_on_anything_in_any_graph), T(a_long_chain_goes_on_below), T(what_it_refuses))
