/* Limits that contradict each other: hysteresis the wrong way round, and a stop before its hold.
 *
 * A draft has open places.  They are then tried at the same fraction of each range, and only what is wrong at
 * every fraction is a fault of the file; what depends on the values is found when they are filled. */
#include "protocol/check.h"

#include "protocol/possible.h"

enum { sample_count = 200 };
static const double fractions[] = {0.5, 0, 0.25, 0.75, 1};

typedef struct limit_check {
    rac_arena *arena;
    const rac_protocol *protocol;
    const rac_yaml *site;
    rac_problems *problems;
} limit_check;

/* At the value of the first site place that `a` or `b` names, else at the expression `a`. */
static rac_error *problem_at(const limit_check *limits, const rac_expression *a, const rac_expression *b,
                             const char *field, const char *message)
{
    rac_error err = {0};
    rac_fail(&err, RAC_INVALID, "%s", message);
    rac_error_place(&err, a->file, a->line, a->column);
    rac_error_field(&err, field);
    const rac_expression *const both[] = {a, b};
    bool placed = !limits->site;
    for (size_t e = 0; e < 2; e++)
        for (size_t i = 0; !placed && i < both[e]->name_count; i++) {
            const rac_slot slot = rac_protocol_slot_at(limits->protocol, both[e]->names[i].found.slot);
            const rac_yaml *node = slot.place ? rac_yaml_find(limits->site, slot.place->name) : NULL;
            if (!node)
                continue;
            rac_error_place(&err, node->file, node->line, node->column);
            rac_error_field(&err, node->path);
            placed = true;
        }
    rac_problems_add(limits->problems, &err);
    return &limits->problems->items[limits->problems->count - 1];
}

static bool surely(const rac_expression *expression, const rac_possible *env)
{
    const rac_possible value = rac_possible_of(expression->root, env);
    return value.can_be_true && !value.can_be_false;
}

static bool surely_not(const rac_expression *expression, const rac_possible *env)
{
    const rac_possible value = rac_possible_of(expression->root, env);
    return !value.can_be_true && value.can_be_false;
}

/* ---- hysteresis ---- */

/* Some values start the condition and end it at once. */
static bool overlaps(const limit_check *limits, const rac_condition_rule *rule, double fraction)
{
    rac_cells cells = rac_cells_of(limits->arena, limits->protocol, fraction, rule->when, rule->clear);
    while (rac_cells_next(&cells))
        if (surely(rule->when, cells.env) && surely(rule->clear, cells.env))
            return true;
    for (unsigned i = 1; i <= sample_count; i++) {
        rac_cells_sample(&cells, i);
        if (surely(rule->when, cells.env) && surely(rule->clear, cells.env))
            return true;
    }
    return false;
}

static void check_hysteresis(const limit_check *limits, const rac_condition_rule *rule)
{
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++)
        if (!overlaps(limits, rule, fractions[i]))
            return;
    rac_error *err = problem_at(
        limits, rule->clear, rule->when, rac_format(limits->arena, "conditions.%s.clear", rule->id),
        rac_format(limits->arena, "'%s' can start and end at the same reading", rule->id));
    rac_error_hint(err, "clear must never hold while when does: '%.*s' against '%.*s'",
                   RAC_TEXT(rule->clear->source), RAC_TEXT(rule->when->source));
}

/* ---- hold before stop ---- */

/* The one reading an expression watches; -1 when it watches several, or none. */
static int only_reading(const rac_protocol *protocol, const rac_expression *expression)
{
    int only = -1;
    for (size_t i = 0; i < expression->name_count; i++) {
        const int slot = expression->names[i].found.slot;
        const rac_slot is = rac_protocol_slot_at(protocol, slot);
        if (is.place)
            continue;
        if (!is.row || (only >= 0 && only != slot))
            return -1;
        only = slot;
    }
    return only;
}

/* Both watch the same side of a reading, yet some values stop without holding first, or none hold alone. */
static bool stop_comes_first(const limit_check *limits, const rac_expression *hold,
                             const rac_expression *stop, double fraction)
{
    bool both = false, only_stop = false, only_hold = false;
    rac_cells cells = rac_cells_of(limits->arena, limits->protocol, fraction, hold, stop);
    while (rac_cells_next(&cells)) {
        const bool holds = surely(hold, cells.env), stops = surely(stop, cells.env);
        both |= holds && stops;
        only_hold |= holds && surely_not(stop, cells.env);
        only_stop |= stops && surely_not(hold, cells.env);
    }
    return both && (only_stop || !only_hold);
}

static void check_hold_before_stop(const limit_check *limits, const rac_condition_rule *hold,
                                   const rac_condition_rule *stop)
{
    const int reading = only_reading(limits->protocol, hold->when);
    if (reading < 0 || reading != only_reading(limits->protocol, stop->when))
        return;
    for (size_t i = 0; i < sizeof fractions / sizeof *fractions; i++)
        if (!stop_comes_first(limits, hold->when, stop->when, fractions[i]))
            return;
    rac_error *err =
        problem_at(limits, hold->when, stop->when, rac_format(limits->arena, "conditions.%s.when", hold->id),
                   rac_format(limits->arena, "hold '%s' does not come before stop '%s'", hold->id, stop->id));
    rac_error_hint(err, "the hold limit must be met first: '%.*s' against '%.*s'",
                   RAC_TEXT(hold->when->source), RAC_TEXT(stop->when->source));
}

void rac_check_limits(rac_arena *arena, const rac_protocol *protocol, const rac_yaml *site,
                      rac_problems *problems)
{
    const limit_check limits = {arena, protocol, site, problems};
    for (size_t i = 0; i < protocol->condition_count; i++) {
        const rac_condition_rule *rule = &protocol->conditions[i];
        check_hysteresis(&limits, rule);
        for (size_t k = 0; k < protocol->condition_count; k++)
            if (rule->action == RAC_ACTION_HOLD && protocol->conditions[k].action == RAC_ACTION_STOP)
                check_hold_before_stop(&limits, rule, &protocol->conditions[k]);
    }
}
