/* Any bytes as an expression and as a quantity: printed and read again they are the same, and filling in
 * facts never flips a known answer. */
#include <math.h>
#include <stdlib.h>

#include "base/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_error(const rac_error *err)
{
    must(err->line >= 1 && err->column >= 1 && err->message[0]);
    must(rac_text_is_utf8(rac_text_of(err->message)) && rac_text_is_utf8(rac_text_of(err->hint)));
}

/* Every name exists; its last letter says what it is, so that mutations meet every kind. */
static const struct {
    char letter;
    rac_value_kind kind;
    const char *unit;
} kinds[] = {{'x', RAC_VALUE_NUMBER, "1"}, {'p', RAC_VALUE_NUMBER, "mmHg"}, {'w', RAC_VALUE_NUMBER, "lb"},
             {'r', RAC_VALUE_NUMBER, "%"}, {'t', RAC_VALUE_NUMBER, "min"},  {'d', RAC_VALUE_WORD, "1"}};

static bool find(const void *context, rac_text name, rac_name *found)
{
    (void)context;
    *found = (rac_name){.kind = RAC_VALUE_TRUTH, .unit = rac_unit_none()};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (name.data[name.size - 1] == kinds[i].letter)
            *found = (rac_name){.kind = kinds[i].kind, .unit = rac_unit_of(kinds[i].unit)};
    /* The slot is the letter, so names ending in the same letter share a fact of the same kind. */
    found->slot = (unsigned char)name.data[name.size - 1];
    return true;
}

static void print_and_read_again(rac_arena *arena, const rac_expression *e)
{
    const char *printed = rac_expression_print(arena, e);
    rac_expression *again;
    const rac_status status = rac_expression_parse(arena, rac_text_of(printed), "", 1, 1, &again, NULL);
    if (status == RAC_LIMIT) /* the standard form has more spaces */
        return;
    must(status == RAC_OK && rac_expression_equal(e, again));
}

static bool same(const rac_value *a, const rac_value *b)
{
    if (a->kind != b->kind)
        return false;
    return a->kind == RAC_VALUE_NUMBER  ? a->number == b->number
           : a->kind == RAC_VALUE_TRUTH ? a->truth == b->truth
                                        : rac_text_equal(a->word, b->word);
}

/* `pick` chooses the facts. */
static void answer_twice(rac_arena *arena, const rac_expression *e, unsigned pick)
{
    static const double numbers[] = {0, 1, -2.385, 165, 1e300};
    enum { slots = 256 };
    rac_value *values = rac_many(arena, rac_value, slots);
    rac_answer before = {0}, after = {0};
    rac_error err = {0};
    const rac_status first = rac_expression_evaluate(arena, e, values, slots, &before, &err);
    must(first == RAC_OK ? (before.missing_count == 0) == (before.value.kind != RAC_VALUE_UNKNOWN)
                         : err.line >= 1);
    for (size_t i = 0; i < e->name_count; i++) {
        const rac_name *name = &e->names[i].found;
        pick = pick * 1664525 + 1013904223; /* Numerical Recipes' generator */
        values[name->slot] = name->kind == RAC_VALUE_NUMBER  ? rac_value_number(numbers[(pick >> 16) % 5])
                             : name->kind == RAC_VALUE_TRUTH ? rac_value_truth(pick >> 16 & 1)
                                                             : rac_value_word(rac_text_of("MDD"));
    }
    const rac_status second = rac_expression_evaluate(arena, e, values, slots, &after, &err);
    must(first == RAC_OK || second != RAC_OK);
    if (second == RAC_OK)
        must(after.missing_count == 0 &&
             (after.value.kind != RAC_VALUE_NUMBER || isfinite(after.value.number)));
    if (first == RAC_OK && before.value.kind != RAC_VALUE_UNKNOWN)
        must(second == RAC_OK && same(&before.value, &after.value));
    rac_expression_explain(arena, e, values, slots);
}

static void read_quantity(rac_arena *arena, rac_text text)
{
    rac_quantity q, again;
    double back;
    rac_error err = {0};
    if (rac_quantity_parse(text, &q, &err) != RAC_OK) {
        must(!rac_text_is_utf8(text) || rac_text_is_utf8(rac_text_of(err.message)));
        return;
    }
    must(isfinite(q.value) && isfinite(rac_quantity_base(q)));
    must(rac_quantity_parse(rac_text_of(rac_quantity_format(arena, q)), &again, NULL) == RAC_OK);
    must(again.value == q.value && rac_dimension_same(again.unit.dimension, q.unit.dimension));
    must(rac_quantity_in(q, q.unit, &back, NULL) != RAC_OK || back == q.value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const rac_names names = {.find = find};
    rac_arena *arena = rac_arena_new();
    const rac_text text = {(const char *)data, size};
    rac_expression *e;
    rac_error err = {0};
    if (rac_expression_parse(arena, text, "fuzz.yaml", 1, 1, &e, &err) == RAC_OK) {
        print_and_read_again(arena, e);
        if (rac_expression_check(e, &names, RAC_VALUE_UNKNOWN, NULL, &err) == RAC_OK)
            answer_twice(arena, e, (unsigned)(size + e->node_count));
        else
            check_error(&err);
    } else {
        check_error(&err);
        rac_error_caret(arena, text, err.column);
    }
    read_quantity(arena, text);
    rac_arena_free(arena);
    return 0;
}
