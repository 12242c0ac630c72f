/* What can be proved about rules, conditions and items: see protocol/check.h and protocol/possible.h. */
#include "protocol/check.h"

#include <string.h>

#include "protocol/possible.h"

typedef struct checker {
    rac_arena *arena;
    const rac_protocol *protocol;
    rac_problems *problems;
} checker;

static rac_error *problem_at(const checker *check, const rac_expression *at, const char *field,
                             const char *message)
{
    rac_error err = {0};
    rac_fail(&err, RAC_INVALID, "%s", message);
    rac_error_place(&err, at->file, at->line, at->column);
    rac_error_field(&err, field);
    rac_problems_add(check->problems, &err);
    return &check->problems->items[check->problems->count - 1];
}

/* ---- expressions that never change ---- */

static void check_can_change(const checker *check, const rac_expression *expression, const char *field)
{
    bool can_be_true = false, can_be_false = false;
    rac_cells cells = rac_cells_of(check->arena, check->protocol, -1, expression, NULL);
    while (rac_cells_next(&cells)) {
        const rac_possible value = rac_possible_of(expression->root, cells.env);
        can_be_true |= value.can_be_true;
        can_be_false |= value.can_be_false;
    }
    if (can_be_true && can_be_false)
        return;
    rac_error *err = problem_at(check, expression, field,
                                rac_format(check->arena, "%s: '%.*s' is always %s", field,
                                           RAC_TEXT(expression->source), can_be_true ? "true" : "false"));
    rac_error_hint(err, "over the ranges and words that facts, readings and site places may have");
}

static void check_items(const checker *check, const rac_check_items *list, const char *section)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].when)
            check_can_change(check, list->items[i].when,
                             rac_format(check->arena, "%s.%s", section, list->items[i].id));
}

/* ---- rules that say nothing new ---- */

/* In every cell `a` is false or `b` is true: whatever `a` finds, `b` has found. */
static bool implies(const checker *check, const rac_expression *a, const rac_expression *b)
{
    rac_cells cells = rac_cells_of(check->arena, check->protocol, -1, a, b);
    while (rac_cells_next(&cells))
        if (rac_possible_of(a->root, cells.env).can_be_true &&
            rac_possible_of(b->root, cells.env).can_be_false)
            return false;
    return true;
}

static bool share_a_name(const rac_expression *a, const rac_expression *b)
{
    for (size_t i = 0; i < a->name_count; i++)
        for (size_t k = 0; k < b->name_count; k++)
            if (a->names[i].found.slot == b->names[k].found.slot)
                return true;
    return false;
}

static void check_repeats(const checker *check, size_t index)
{
    const rac_rule *rules = check->protocol->rules, *rule = &rules[index];
    const char *message = NULL;
    for (size_t i = 0; !message && i < check->protocol->rule_count; i++) {
        const rac_rule *other = &rules[i];
        if (i < index && other->kind == rule->kind && rac_expression_equal(rule->when, other->when))
            message = rac_format(check->arena, "rule '%s' repeats rule '%s' of line %d", rule->id, other->id,
                                 other->line);
        else if (rule->kind == RAC_RULE_CAUTION && other->kind == RAC_RULE_EXCLUDE &&
                 share_a_name(rule->when, other->when) && implies(check, rule->when, other->when))
            message = rac_format(check->arena,
                                 "caution '%s' can never be reached: '%s' of line %d already excludes",
                                 rule->id, other->id, other->line);
    }
    if (!message)
        return;
    rac_error *err =
        problem_at(check, rule->when, rac_format(check->arena, "screening.%s", rule->id), message);
    rac_error_hint(err, "take one of them out, or change its expression");
}

/* The first rule that holds decides, so one that an earlier rule covers is never asked. */
static void check_step(const checker *check, size_t index)
{
    const rac_step_rule *rules = check->protocol->course.dose_steps.rules, *rule = &rules[index];
    const char *field = rac_format(check->arena, "course.dose_steps.%s", rule->id);
    check_can_change(check, rule->when, field);
    for (size_t i = 0; i < index; i++) {
        if (!share_a_name(rule->when, rules[i].when) || !implies(check, rule->when, rules[i].when))
            continue;
        rac_error *err = problem_at(
            check, rule->when, field,
            rac_format(check->arena, "dose step '%s' can never be reached: '%s' of line %d decides before it",
                       rule->id, rules[i].id, rules[i].line));
        rac_error_hint(err, "take one of them out, or change its expression");
        return;
    }
}

/* ---- facts and places nothing looks at ---- */

static void mark(bool *named, const rac_expression *expression)
{
    for (size_t i = 0; expression && i < expression->name_count; i++)
        named[expression->names[i].found.slot] = true;
}

static void check_everything_is_used(const checker *check)
{
    static const char *const read_by_name[] = {"weight_change", "rounding_tolerance", "driving"};
    const rac_protocol *protocol = check->protocol;
    bool *named = rac_many(check->arena, bool, rac_protocol_slot_count(protocol));
    for (size_t i = 0; i < protocol->rule_count; i++)
        mark(named, protocol->rules[i].when);
    for (size_t i = 0; i < protocol->condition_count; i++) {
        mark(named, protocol->conditions[i].when);
        mark(named, protocol->conditions[i].clear);
    }
    for (size_t i = 0; i < protocol->course.dose_steps.rule_count; i++)
        mark(named, protocol->course.dose_steps.rules[i].when);
    for (size_t i = 0; i < protocol->start.count; i++)
        mark(named, protocol->start.items[i].when);
    for (size_t i = 0; i < protocol->discharge.count; i++)
        mark(named, protocol->discharge.items[i].when);
    for (size_t i = 0; i < sizeof read_by_name / sizeof *read_by_name; i++) {
        const int slot =
            rac_protocol_slot(protocol, rac_text_of(rac_format(check->arena, "site.%s", read_by_name[i])));
        if (slot >= 0)
            named[slot] = true;
    }
    for (size_t slot = 0; slot < rac_protocol_slot_count(protocol); slot++) {
        const rac_slot is = rac_protocol_slot_at(protocol, (int)slot);
        const char *name = is.fact ? is.fact->name : is.place ? is.place->name : NULL;
        if (!name || named[slot] || (protocol->dose.cap_place && strcmp(name, protocol->dose.cap_place) == 0))
            continue;
        const rac_expression at = {
            .file = protocol->file, .line = is.fact ? is.fact->line : is.place->line, .column = 1};
        rac_error *err = problem_at(
            check, &at, rac_format(check->arena, "%s.%s", is.fact ? "facts" : "site", name),
            rac_format(check->arena, "%s '%s' is never used", is.fact ? "fact" : "site place", name));
        rac_error_hint(err, is.fact ? "no expression looks at the answer: use it in a rule, or do not ask"
                                    : "no expression looks at it: a setting that does nothing is a hazard");
    }
}

void rac_check_expressions(rac_arena *arena, const rac_protocol *protocol, rac_problems *problems)
{
    const checker check = {arena, protocol, problems};
    static const char *const kinds[] = {"require", "exclude", "caution"};
    for (size_t i = 0; i < protocol->rule_count; i++) {
        const rac_rule *rule = &protocol->rules[i];
        check_can_change(&check, rule->when,
                         rac_format(arena, "screening.%s.%s", rule->id, kinds[rule->kind]));
        check_repeats(&check, i);
    }
    for (size_t i = 0; i < protocol->condition_count; i++) {
        const rac_condition_rule *rule = &protocol->conditions[i];
        check_can_change(&check, rule->when, rac_format(arena, "conditions.%s.when", rule->id));
        check_can_change(&check, rule->clear, rac_format(arena, "conditions.%s.clear", rule->id));
    }
    for (size_t i = 0; i < protocol->course.dose_steps.rule_count; i++)
        check_step(&check, i);
    check_items(&check, &protocol->start, "start");
    check_items(&check, &protocol->discharge, "discharge");
    check_everything_is_used(&check);
    rac_check_limits(arena, protocol, NULL, problems);
}
