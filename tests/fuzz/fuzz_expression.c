/* Any bytes as an expression: what parses prints, and the print parses to the same tree; filling in an unknown fact never
 * changes an answer that was known. */
#include <stdlib.h>
#include <string.h>

#include "base/expression.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { name_count = 4 };

/* Names a, b: numbers; c: a truth; d: a word. */
static bool find(const void *context, rac_text name, rac_name *found)
{
    (void)context;
    if (name.size != 1 || name.data[0] < 'a' || name.data[0] >= 'a' + name_count)
        return false;
    static const rac_value_kind kinds[name_count] = {RAC_VALUE_NUMBER, RAC_VALUE_NUMBER, RAC_VALUE_TRUTH, RAC_VALUE_WORD};
    *found = (rac_name){.kind = kinds[name.data[0] - 'a'], .unit = rac_unit_none(), .slot = name.data[0] - 'a'};
    return true;
}

static bool same(const rac_value *a, const rac_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case RAC_VALUE_NUMBER:
        return memcmp(&a->number, &b->number, sizeof a->number) == 0;
    case RAC_VALUE_TRUTH:
        return a->truth == b->truth;
    case RAC_VALUE_WORD:
        return rac_text_equal(a->word, b->word);
    default:
        return true;
    }
}

static void check_monotone(rac_arena *arena, const rac_expression *expression)
{
    rac_value values[name_count] = {{0}}, known[name_count] = {rac_value_number(2.385), rac_value_number(-1),
                                                               rac_value_truth(true), rac_value_word(rac_text_of("x"))};
    rac_answer before, after;
    for (int i = 0; i < name_count; i++) {
        const rac_status first = rac_expression_evaluate(arena, expression, values, name_count, &before, NULL);
        values[i] = known[i];
        const rac_status second = rac_expression_evaluate(arena, expression, values, name_count, &after, NULL);
        if (first == RAC_OK && before.value.kind != RAC_VALUE_UNKNOWN &&
            (second != RAC_OK || !same(&before.value, &after.value)))
            abort();
    }
    (void)rac_expression_explain(arena, expression, values, name_count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rac_arena *arena = rac_arena_new();
    rac_expression *expression = NULL, *again = NULL;
    rac_error err = {0};
    const rac_names names = {.find = find};
    if (rac_expression_parse(arena, (rac_text){(const char *)data, size}, "fuzz", 1, 1, &expression, &err)) {
        if (!err.message[0])
            abort();
    } else {
        const char *printed = rac_expression_print(arena, expression);
        if (strlen(printed) <= rac_expression_max_bytes) {
            if (rac_expression_parse(arena, rac_text_of(printed), "again", 1, 1, &again, &err) ||
                !rac_expression_equal(expression, again))
                abort();
        }
        if (rac_expression_check(expression, &names, RAC_VALUE_UNKNOWN, NULL, &err) == RAC_OK)
            check_monotone(arena, expression);
    }
    rac_arena_free(arena);
    return 0;
}
