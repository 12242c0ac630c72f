/* Interval evaluation of expressions, and the cells it runs over: see protocol/possible.h. */
#include "protocol/possible.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { most_cells = 4096, samples_beyond = 1000 };

static rac_possible number(double low, double high)
{
    if (isnan(low) || isnan(high))
        return (rac_possible){.kind = RAC_VALUE_NUMBER, .low = -INFINITY, .high = INFINITY};
    return (rac_possible){.kind = RAC_VALUE_NUMBER, .low = low, .high = high};
}

static rac_possible truth(bool can_be_true, bool can_be_false)
{
    return (rac_possible){.kind = RAC_VALUE_TRUTH, .can_be_true = can_be_true, .can_be_false = can_be_false};
}

static rac_possible any_number(void)
{
    return number(-INFINITY, INFINITY);
}

/* ---- arithmetic ---- */

static rac_possible corners(double a, double b, double c, double d)
{
    if (isnan(a) || isnan(b) || isnan(c) || isnan(d))
        return any_number();
    return number(fmin(fmin(a, b), fmin(c, d)), fmax(fmax(a, b), fmax(c, d)));
}

static rac_possible arithmetic(rac_node_kind kind, rac_possible a, rac_possible b)
{
    switch (kind) {
    case RAC_NODE_ADD:
        return number(a.low + b.low, a.high + b.high);
    case RAC_NODE_SUBTRACT:
        return number(a.low - b.high, a.high - b.low);
    case RAC_NODE_MULTIPLY:
        return corners(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high);
    case RAC_NODE_DIVIDE:
        if (b.low <= 0 && b.high >= 0)
            return any_number();
        return corners(a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high);
    default: /* RAC_NODE_POWER */
        if (a.low <= 0)
            return any_number();
        return corners(pow(a.low, b.low), pow(a.low, b.high), pow(a.high, b.low), pow(a.high, b.high));
    }
}

static rac_possible call(const rac_node *node, const rac_possible *env)
{
    rac_possible value = rac_possible_of(node->items[0], env);
    switch (node->function) {
    case RAC_FUNCTION_EXP:
        return number(exp(value.low), exp(value.high));
    case RAC_FUNCTION_LOG:
        return value.low > 0 ? number(log(value.low), log(value.high)) : any_number();
    case RAC_FUNCTION_SQRT:
        return value.low >= 0 ? number(sqrt(value.low), sqrt(value.high)) : any_number();
    case RAC_FUNCTION_ABS:
        if (value.low <= 0 && value.high >= 0)
            return number(0, fmax(-value.low, value.high));
        return corners(fabs(value.low), fabs(value.high), fabs(value.low), fabs(value.high));
    default:
        break;
    }
    for (size_t i = 1; i < node->count; i++) {
        const rac_possible other = rac_possible_of(node->items[i], env);
        value = node->function == RAC_FUNCTION_MIN
                    ? number(fmin(value.low, other.low), fmin(value.high, other.high))
                    : number(fmax(value.low, other.low), fmax(value.high, other.high));
    }
    return value;
}

/* ---- truths ---- */

static rac_possible not_of(rac_possible a)
{
    return truth(a.can_be_false, a.can_be_true);
}

static rac_possible same(rac_possible a, rac_possible b)
{
    if (a.kind == RAC_VALUE_NUMBER)
        return truth(a.low <= b.high && b.low <= a.high,
                     !(a.low == a.high && b.low == b.high && a.low == b.low));
    if (a.kind == RAC_VALUE_TRUTH)
        return truth((a.can_be_true && b.can_be_true) || (a.can_be_false && b.can_be_false),
                     (a.can_be_true && b.can_be_false) || (a.can_be_false && b.can_be_true));
    if (!a.word.data || !b.word.data)
        return truth(true, true);
    const bool equal = rac_text_equal(a.word, b.word);
    return truth(equal, !equal);
}

static rac_possible one_of(const rac_node *node, const rac_possible *env)
{
    const rac_possible value = rac_possible_of(node->items[0], env);
    rac_possible any = truth(false, true);
    for (size_t i = 1; i < node->count; i++) {
        const rac_possible hit = same(value, rac_possible_of(node->items[i], env));
        any = truth(any.can_be_true || hit.can_be_true, any.can_be_false && hit.can_be_false);
    }
    return any;
}

static rac_possible choice(const rac_node *node, const rac_possible *env)
{
    const rac_possible when = rac_possible_of(node->items[0], env), a = rac_possible_of(node->items[1], env),
                       b = rac_possible_of(node->items[2], env);
    if (!when.can_be_false)
        return a;
    if (!when.can_be_true)
        return b;
    rac_possible both = a;
    both.low = fmin(a.low, b.low);
    both.high = fmax(a.high, b.high);
    both.can_be_true = a.can_be_true || b.can_be_true;
    both.can_be_false = a.can_be_false || b.can_be_false;
    if (a.kind == RAC_VALUE_WORD && !rac_text_equal(a.word, b.word))
        both.word = (rac_text){NULL, 0};
    return both;
}

static rac_possible binary(const rac_node *node, const rac_possible *env)
{
    const rac_possible a = rac_possible_of(node->items[0], env), b = rac_possible_of(node->items[1], env);
    switch (node->kind) {
    case RAC_NODE_LESS:
        return truth(a.low < b.high, a.high >= b.low);
    case RAC_NODE_LESS_EQUAL:
        return truth(a.low <= b.high, a.high > b.low);
    case RAC_NODE_GREATER:
        return truth(a.high > b.low, a.low <= b.high);
    case RAC_NODE_GREATER_EQUAL:
        return truth(a.high >= b.low, a.low < b.high);
    case RAC_NODE_EQUAL:
        return same(a, b);
    case RAC_NODE_NOT_EQUAL:
        return not_of(same(a, b));
    case RAC_NODE_AND:
        return truth(a.can_be_true && b.can_be_true, a.can_be_false || b.can_be_false);
    case RAC_NODE_OR:
        return truth(a.can_be_true || b.can_be_true, a.can_be_false && b.can_be_false);
    default:
        return arithmetic(node->kind, a, b);
    }
}

rac_possible rac_possible_of(const rac_node *node, const rac_possible *env)
{
    switch (node->kind) {
    case RAC_NODE_NUMBER:
        return number(node->number_base, node->number_base);
    case RAC_NODE_NAME:
        return env[node->slot];
    case RAC_NODE_WORD:
        return (rac_possible){.kind = RAC_VALUE_WORD, .word = node->text};
    case RAC_NODE_TRUTH:
        return truth(node->truth, !node->truth);
    case RAC_NODE_NEGATE: {
        const rac_possible a = rac_possible_of(node->items[0], env);
        return number(-a.high, -a.low);
    }
    case RAC_NODE_NOT:
        return not_of(rac_possible_of(node->items[0], env));
    case RAC_NODE_IN:
        return one_of(node, env);
    case RAC_NODE_IF:
        return choice(node, env);
    case RAC_NODE_CALL:
        return call(node, env);
    default:
        return binary(node, env);
    }
}

/* ---- the whole range of a name ---- */

static rac_possible in_unit(double low, double high, const char *unit)
{
    const rac_unit of = rac_unit_of(unit);
    return number(rac_quantity_base((rac_quantity){low, of}), rac_quantity_base((rac_quantity){high, of}));
}

static rac_possible whole_of(const rac_protocol *protocol, int index, double fraction)
{
    const rac_slot slot = rac_protocol_slot_at(protocol, index);
    if (slot.row && slot.row->kind == RAC_FACT_NUMBER)
        return in_unit(slot.row->low, slot.row->high, slot.row->unit);
    if (slot.fact && slot.fact->kind == RAC_FACT_NUMBER)
        return in_unit(slot.fact->low, slot.fact->high, slot.fact->unit);
    if (slot.fact && slot.fact->kind == RAC_FACT_WORD)
        return (rac_possible){.kind = RAC_VALUE_WORD};
    if (!slot.place)
        return truth(true, true);
    const rac_site_place *place = slot.place;
    if (place->filled)
        return in_unit(place->value, place->value, place->unit);
    if (fraction < 0)
        return in_unit(place->low, place->high, place->unit);
    const double value = place->low + fraction * (place->high - place->low);
    return in_unit(value, value, place->unit);
}

/* ---- cells ---- */

static rac_axis *axis_of(rac_cells *cells, int slot)
{
    for (size_t i = 0; i < cells->count; i++)
        if (cells->axes[i].slot == slot)
            return &cells->axes[i];
    return NULL;
}

static bool is_comparison(rac_node_kind kind)
{
    return kind >= RAC_NODE_LESS && kind <= RAC_NODE_NOT_EQUAL;
}

/* Notes, as cells of one point, the constants that bare names are compared with. */
static void note_cuts(rac_arena *arena, rac_cells *cells, const rac_node *node)
{
    for (size_t i = 0; i < node->count; i++)
        note_cuts(arena, cells, node->items[i]);
    for (size_t side = 0; is_comparison(node->kind) && side < 2; side++) {
        const rac_node *name = node->items[side];
        const rac_possible other = rac_possible_of(node->items[1 - side], cells->env);
        rac_axis *axis = name->kind == RAC_NODE_NAME ? axis_of(cells, name->slot) : NULL;
        if (axis && other.kind == RAC_VALUE_NUMBER && other.low == other.high &&
            other.low >= axis->whole.low && other.low <= axis->whole.high)
            rac_push(arena, axis->cells, axis->count, axis->capacity, other);
    }
}

static int by_low(const void *a, const void *b)
{
    const double x = ((const rac_possible *)a)->low, y = ((const rac_possible *)b)->low;
    return (x > y) - (x < y);
}

/* From the noted points c1 < c2 to the cells [low, c1) c1 (c1, c2) c2 (c2, high]. */
static void cut_number(rac_arena *arena, rac_axis *axis)
{
    rac_axis cut = *axis;
    cut.cells = NULL;
    cut.count = cut.capacity = 0;
    if (axis->count)
        qsort(axis->cells, axis->count, sizeof *axis->cells, by_low);
    double from = axis->whole.low;
    for (size_t i = 0; i < axis->count; i++) {
        const double at = axis->cells[i].low;
        if (at < from)
            continue; /* the same constant again */
        if (at > from)
            rac_push(arena, cut.cells, cut.count, cut.capacity, number(from, nextafter(at, -INFINITY)));
        rac_push(arena, cut.cells, cut.count, cut.capacity, number(at, at));
        from = nextafter(at, INFINITY);
    }
    if (from <= axis->whole.high)
        rac_push(arena, cut.cells, cut.count, cut.capacity, number(from, axis->whole.high));
    *axis = cut;
}

static void cut_axis(rac_arena *arena, const rac_protocol *protocol, rac_axis *axis)
{
    if (axis->whole.kind == RAC_VALUE_NUMBER) {
        cut_number(arena, axis);
    } else if (axis->whole.kind == RAC_VALUE_TRUTH) {
        rac_push(arena, axis->cells, axis->count, axis->capacity, truth(true, false));
        rac_push(arena, axis->cells, axis->count, axis->capacity, truth(false, true));
    } else {
        const rac_words words = rac_protocol_slot_at(protocol, axis->slot).fact->words;
        for (size_t i = 0; i < words.count; i++) {
            const rac_possible word = {.kind = RAC_VALUE_WORD, .word = rac_text_of(words.items[i])};
            rac_push(arena, axis->cells, axis->count, axis->capacity, word);
        }
    }
    if (!axis->count)
        rac_push(arena, axis->cells, axis->count, axis->capacity, axis->whole);
}

/* Merges the longest axes until the cells are few enough. */
static void limit_cells(rac_cells *cells)
{
    for (;;) {
        size_t product = 1;
        rac_axis *longest = NULL;
        for (size_t i = 0; i < cells->count; i++) {
            product *= cells->axes[i].count;
            if (!longest || cells->axes[i].count > longest->count)
                longest = &cells->axes[i];
            if (product > most_cells)
                break;
        }
        if (product <= most_cells || !longest)
            return;
        longest->cells[0] = longest->whole;
        longest->count = 1;
    }
}

rac_cells rac_cells_of(rac_arena *arena, const rac_protocol *protocol, double fraction,
                       const rac_expression *a, const rac_expression *b)
{
    const rac_expression *const both[] = {a, b};
    rac_cells cells = {.axes = rac_many(arena, rac_axis, a->name_count + (b ? b->name_count : 0)),
                       .env = rac_many(arena, rac_possible, rac_protocol_slot_count(protocol))};
    for (size_t e = 0; e < 2; e++)
        for (size_t i = 0; both[e] && i < both[e]->name_count; i++) {
            const int slot = both[e]->names[i].found.slot;
            if (axis_of(&cells, slot))
                continue;
            cells.env[slot] = whole_of(protocol, slot, fraction);
            cells.axes[cells.count++] =
                (rac_axis){.slot = slot, .unit = both[e]->names[i].found.unit, .whole = cells.env[slot]};
        }
    for (size_t e = 0; e < 2; e++)
        if (both[e])
            note_cuts(arena, &cells, both[e]->root);
    for (size_t i = 0; i < cells.count; i++)
        cut_axis(arena, protocol, &cells.axes[i]);
    limit_cells(&cells);
    return cells;
}

bool rac_cells_next(rac_cells *cells)
{
    size_t i = 0;
    if (cells->started) { /* count up, the first axis fastest */
        while (i < cells->count && ++cells->axes[i].at == cells->axes[i].count)
            cells->axes[i++].at = 0;
        if (i == cells->count)
            return false;
    }
    cells->started = true;
    for (i = 0; i < cells->count; i++)
        cells->env[cells->axes[i].slot] = cells->axes[i].cells[cells->axes[i].at];
    return true;
}

/* ---- samples ---- */

/* The index-th number of the van der Corput sequence: evenly spread over [0, 1) in any base. */
static double spread(unsigned index, unsigned base)
{
    double at = 0, weight = 1.0 / base;
    for (; index; index /= base, weight /= base)
        at += weight * (index % base);
    return at;
}

/* Whole numbers in the unit people write, so that limits are met exactly now and then. */
static rac_possible sample_number(const rac_axis *axis, double at)
{
    if (axis->whole.low == axis->whole.high)
        return axis->whole;
    const double low = rac_quantity_from_base(axis->whole.low, axis->unit).value;
    const double high =
        fmin(rac_quantity_from_base(axis->whole.high, axis->unit).value, low + samples_beyond);
    const double value = rac_quantity_base((rac_quantity){floor(low + at * (high - low + 1)), axis->unit});
    return number(fmin(value, axis->whole.high), fmin(value, axis->whole.high));
}

void rac_cells_sample(rac_cells *cells, unsigned index)
{
    static const unsigned primes[] = {2, 3, 5, 7, 11, 13, 17, 19};
    for (size_t i = 0; i < cells->count; i++) {
        const rac_axis *axis = &cells->axes[i];
        const double at = spread(index + (unsigned)(i / 8), primes[i % 8]);
        cells->env[axis->slot] = axis->whole.kind == RAC_VALUE_NUMBER
                                     ? sample_number(axis, at)
                                     : axis->cells[(size_t)(at * (double)axis->count)];
    }
}
