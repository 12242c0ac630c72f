/* Three-valued evaluation with the facts that are still needed: see base/expression.h. */
#include "base/expression.h"

#include <assert.h>
#include <math.h>

rac_value rac_value_number(double number_in_base_units)
{
    return (rac_value){.kind = RAC_VALUE_NUMBER, .number = number_in_base_units};
}

rac_value rac_value_truth(bool truth)
{
    return (rac_value){.kind = RAC_VALUE_TRUTH, .truth = truth};
}

rac_value rac_value_word(rac_text word)
{
    return (rac_value){.kind = RAC_VALUE_WORD, .word = word};
}

/* ---- Kleene's strong logic: Kleene 1952, Introduction to Metamathematics, section 64 ---- */

rac_truth rac_truth_and(rac_truth a, rac_truth b)
{
    if (a == RAC_FALSE || b == RAC_FALSE)
        return RAC_FALSE;
    return a == RAC_TRUE && b == RAC_TRUE ? RAC_TRUE : RAC_UNKNOWN;
}

rac_truth rac_truth_not(rac_truth a)
{
    return a == RAC_UNKNOWN ? RAC_UNKNOWN : a == RAC_TRUE ? RAC_FALSE : RAC_TRUE;
}

rac_truth rac_truth_or(rac_truth a, rac_truth b)
{
    return rac_truth_not(rac_truth_and(rac_truth_not(a), rac_truth_not(b)));
}

const char *rac_truth_name(rac_truth truth)
{
    return truth == RAC_TRUE ? "true" : truth == RAC_FALSE ? "false" : "unknown";
}

static rac_truth truth_of(rac_value value)
{
    return value.kind != RAC_VALUE_TRUTH ? RAC_UNKNOWN : value.truth ? RAC_TRUE : RAC_FALSE;
}

rac_truth rac_answer_truth(const rac_answer *answer)
{
    assert(answer->value.kind == RAC_VALUE_TRUTH || answer->value.kind == RAC_VALUE_UNKNOWN);
    return truth_of(answer->value);
}

/* ---- one step ---- */

/* A value, or unknown with the set of names (a bit each) that could still decide it.  Unknown with
 * the empty set is a step that has no number: nothing that becomes known can mend it. */
typedef struct outcome {
    rac_value value;
    uint64_t missing;
} outcome;

typedef struct evaluation {
    const rac_value *values;
    const rac_node *fault; /* the first step without a number */
    const char *fault_words;
} evaluation;

static bool is_known(const outcome *o)
{
    return o->value.kind != RAC_VALUE_UNKNOWN;
}

static outcome known(rac_value value)
{
    return (outcome){.value = value};
}

static outcome unknown(uint64_t missing)
{
    return (outcome){.missing = missing};
}

static outcome number_or_fault(evaluation *e, const rac_node *node, double number, const char *words)
{
    if (isfinite(number))
        return known(rac_value_number(number));
    if (!e->fault) {
        e->fault = node;
        e->fault_words = words;
    }
    return unknown(0);
}

static outcome truth_or_unknown(rac_truth truth, uint64_t missing)
{
    return truth == RAC_UNKNOWN ? unknown(missing) : known(rac_value_truth(truth == RAC_TRUE));
}

static outcome evaluate(evaluation *e, const rac_node *node);

/* The operands of a step that needs them all.  False, with what is missing, when one is unknown. */
enum { most_operands = 16 };
static bool operands(evaluation *e, const rac_node *node, rac_value *values, outcome *result)
{
    bool all_known = true, beyond_mending = false;
    uint64_t missing = 0;
    for (size_t i = 0; i < node->count; i++) {
        const outcome o = evaluate(e, node->items[i]);
        values[i] = o.value;
        if (is_known(&o))
            continue;
        all_known = false;
        beyond_mending |= o.missing == 0;
        missing |= o.missing;
    }
    *result = unknown(beyond_mending ? 0 : missing);
    return all_known;
}

static double extreme(const rac_value *values, size_t count, int sign)
{
    double most = values[0].number;
    for (size_t i = 1; i < count; i++)
        if (sign * values[i].number > sign * most)
            most = values[i].number;
    return most;
}

static outcome call(evaluation *e, const rac_node *node)
{
    rac_value v[most_operands];
    outcome result;
    if (!operands(e, node, v, &result))
        return result;
    const double x = v[0].number;
    switch (node->function) {
    case RAC_FUNCTION_MIN:
        return known(rac_value_number(extreme(v, node->count, -1)));
    case RAC_FUNCTION_MAX:
        return known(rac_value_number(extreme(v, node->count, 1)));
    case RAC_FUNCTION_EXP:
        return number_or_fault(e, node, exp(x), "exp is too large");
    case RAC_FUNCTION_LOG:
        return number_or_fault(e, node, log(x), "log of a number that is not above zero");
    case RAC_FUNCTION_SQRT:
        return number_or_fault(e, node, sqrt(x), "sqrt of a negative number");
    case RAC_FUNCTION_ABS:
        return known(rac_value_number(fabs(x)));
    case RAC_FUNCTIONS:
        break;
    }
    assert(false && "a function without evaluation");
    return unknown(0);
}

static outcome arithmetic(evaluation *e, const rac_node *node)
{
    rac_value v[2];
    outcome result;
    if (!operands(e, node, v, &result))
        return result;
    const double a = v[0].number, b = node->count > 1 ? v[1].number : 0;
    switch (node->kind) {
    case RAC_NODE_NEGATE:
        return known(rac_value_number(-a));
    case RAC_NODE_ADD:
        return number_or_fault(e, node, a + b, "the sum is too large");
    case RAC_NODE_SUBTRACT:
        return number_or_fault(e, node, a - b, "the difference is too large");
    case RAC_NODE_MULTIPLY:
        return number_or_fault(e, node, a * b, "the product is too large");
    case RAC_NODE_DIVIDE:
        return number_or_fault(e, node, a / b, b == 0 ? "division by zero" : "the quotient is too large");
    default:
        return number_or_fault(e, node, pow(a, b), "this power has no number");
    }
}

static bool same_value(rac_value a, rac_value b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == RAC_VALUE_NUMBER)
        return a.number == b.number;
    return a.kind == RAC_VALUE_TRUTH ? a.truth == b.truth : rac_text_equal(a.word, b.word);
}

static outcome comparison(evaluation *e, const rac_node *node)
{
    rac_value v[2];
    outcome result;
    if (!operands(e, node, v, &result))
        return result;
    const double a = v[0].number, b = v[1].number;
    switch (node->kind) {
    case RAC_NODE_LESS:
        return known(rac_value_truth(a < b));
    case RAC_NODE_LESS_EQUAL:
        return known(rac_value_truth(a <= b));
    case RAC_NODE_GREATER:
        return known(rac_value_truth(a > b));
    case RAC_NODE_GREATER_EQUAL:
        return known(rac_value_truth(a >= b));
    case RAC_NODE_EQUAL:
        return known(rac_value_truth(same_value(v[0], v[1])));
    default:
        return known(rac_value_truth(!same_value(v[0], v[1])));
    }
}

/* and, or: one side can decide alone, whatever the other is. */
static outcome junction(evaluation *e, const rac_node *node)
{
    const bool is_and = node->kind == RAC_NODE_AND;
    const rac_truth decisive = is_and ? RAC_FALSE : RAC_TRUE;
    const outcome a = evaluate(e, node->items[0]);
    if (truth_of(a.value) == decisive)
        return a;
    const outcome b = evaluate(e, node->items[1]);
    const rac_truth left = truth_of(a.value), right = truth_of(b.value);
    return truth_or_unknown(is_and ? rac_truth_and(left, right) : rac_truth_or(left, right),
                            a.missing | b.missing);
}

/* With an unknown condition the answer is known where both branches agree.  When nothing can mend the
 * condition, that is also the only hope, and it is lost once a branch cannot be mended or both differ. */
static outcome choice(evaluation *e, const rac_node *node)
{
    const outcome condition = evaluate(e, node->items[0]);
    if (is_known(&condition))
        return evaluate(e, node->items[condition.value.truth ? 1 : 2]);
    const outcome a = evaluate(e, node->items[1]), b = evaluate(e, node->items[2]);
    if (is_known(&a) && is_known(&b) && same_value(a.value, b.value))
        return a;
    const bool branches_may_agree = (is_known(&a) || a.missing) && (is_known(&b) || b.missing);
    if (!condition.missing && !branches_may_agree)
        return unknown(0);
    return unknown(condition.missing | a.missing | b.missing);
}

static outcome membership(evaluation *e, const rac_node *node)
{
    const outcome word = evaluate(e, node->items[0]);
    if (!is_known(&word))
        return word;
    for (size_t i = 1; i < node->count; i++)
        if (rac_text_equal(word.value.word, node->items[i]->text))
            return known(rac_value_truth(true));
    return known(rac_value_truth(false));
}

static outcome fact(const evaluation *e, const rac_node *node)
{
    const rac_value value = e->values[node->slot];
    return value.kind == RAC_VALUE_UNKNOWN ? unknown(UINT64_C(1) << node->name) : known(value);
}

static outcome evaluate(evaluation *e, const rac_node *node)
{
    switch (node->kind) {
    case RAC_NODE_NUMBER:
        return known(rac_value_number(node->number_base));
    case RAC_NODE_NAME:
        return fact(e, node);
    case RAC_NODE_WORD:
        return known(rac_value_word(node->text));
    case RAC_NODE_TRUTH:
        return known(rac_value_truth(node->truth));
    case RAC_NODE_NOT: {
        const outcome o = evaluate(e, node->items[0]);
        return truth_or_unknown(rac_truth_not(truth_of(o.value)), o.missing);
    }
    case RAC_NODE_AND:
    case RAC_NODE_OR:
        return junction(e, node);
    case RAC_NODE_IN:
        return membership(e, node);
    case RAC_NODE_IF:
        return choice(e, node);
    case RAC_NODE_CALL:
        return call(e, node);
    case RAC_NODE_NEGATE:
    case RAC_NODE_ADD:
    case RAC_NODE_SUBTRACT:
    case RAC_NODE_MULTIPLY:
    case RAC_NODE_DIVIDE:
    case RAC_NODE_POWER:
        return arithmetic(e, node);
    default:
        return comparison(e, node);
    }
}

/* ---- the whole ---- */

/* What the facts must be for the tree that was checked. */
static rac_status check_facts(const rac_expression *expression, const rac_value *values, size_t value_count,
                              rac_error *err)
{
    for (size_t i = 0; i < expression->name_count; i++) {
        const rac_expression_name *name = &expression->names[i];
        const rac_name *found = &name->found;
        if (found->slot < 0 || (size_t)found->slot >= value_count)
            return rac_fail(err, RAC_INVALID, "no room for the fact '%.*s' among %zu", RAC_TEXT(name->text),
                            value_count);
        const rac_value *value = &values[found->slot];
        if (value->kind == RAC_VALUE_UNKNOWN)
            continue;
        if (value->kind != found->kind)
            return rac_fail(err, RAC_INVALID, "the fact '%.*s' is of the wrong kind", RAC_TEXT(name->text));
        if (value->kind == RAC_VALUE_NUMBER && !isfinite(value->number))
            return rac_fail(err, RAC_INVALID, "the fact '%.*s' is not a finite number", RAC_TEXT(name->text));
        size_t w = 0;
        while (w < found->word_count && !rac_text_is(value->word, found->words[w]))
            w++;
        if (value->kind == RAC_VALUE_WORD && found->word_count && w == found->word_count)
            return rac_fail(err, RAC_INVALID, "the fact '%.*s' cannot be '%.*s'", RAC_TEXT(name->text),
                            RAC_TEXT(value->word));
    }
    return RAC_OK;
}

rac_status rac_expression_evaluate(rac_arena *arena, const rac_expression *expression,
                                   const rac_value *values, size_t value_count, rac_answer *answer,
                                   rac_error *err)
{
    assert(expression->checked);
    const rac_status status = check_facts(expression, values, value_count, err);
    if (status != RAC_OK)
        return status;
    evaluation e = {.values = values};
    const outcome result = evaluate(&e, expression->root);
    if (!is_known(&result) && !result.missing) {
        rac_fail(err, RAC_INVALID, "%s", e.fault_words);
        rac_error_place(err, expression->file, e.fault->line, e.fault->column);
        return RAC_INVALID;
    }
    *answer = (rac_answer){.value = result.value};
    answer->missing = rac_many(arena, const char *, expression->name_count);
    for (size_t i = 0; i < expression->name_count; i++)
        if (result.missing >> i & 1)
            answer->missing[answer->missing_count++] = rac_text_copy(arena, expression->names[i].text);
    return RAC_OK;
}
