/* Any bytes as a YAML file: a tree within its limits in which every value has a place, or a problem. */
#include <math.h>
#include <stdlib.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_place(const rac_yaml *node, const rac_yaml *parent)
{
    must(node->line >= 1 && node->column >= 1 && node->path && node->file);
    must(!parent || node->line >= parent->line);
    if (node->kind == RAC_YAML_TEXT)
        must(node->text_line >= node->line && node->text_column >= 1 && rac_text_is_utf8(node->text));
}

/* Every way to take a value, whatever the value is: it is taken, or one problem more is known. */
static void take_all(const rac_yaml *node, rac_problems *problems)
{
    static const char *const words[] = {"daily", "weekly"};
    rac_text text;
    rac_quantity quantity;
    double number = 0;
    int64_t integer;
    size_t word, before = problems->count, refused = 0;
    bool truth;
    refused += !rac_yaml_want_text(node, &text, problems);
    refused += !rac_yaml_want_word(node, words, 2, &word, problems);
    refused += !rac_yaml_want_truth(node, &truth, problems);
    refused += !rac_yaml_want_integer(node, -5, 5, &integer, problems);
    refused += !rac_yaml_want_any_quantity(node, &quantity, problems);
    refused += !rac_yaml_want_quantity(node, "mg/kg", 0.1, 1, &number, problems);
    must(number == 0 || (number >= 0.1 && number <= 1));
    refused += !rac_yaml_want_number(node, -INFINITY, INFINITY, &number, problems);
    must(isfinite(number));
    must(problems->count == before + refused);
}

static void walk(const rac_yaml *node, int depth, rac_problems *problems)
{
    must(depth <= rac_yaml_max_depth);
    if (problems->count < 100)
        take_all(node, problems);
    for (size_t i = 0; i < node->count; i++) {
        check_place(&node->items[i], node);
        if (node->kind == RAC_YAML_MAP) {
            check_place(&node->keys[i], node);
            must(node->keys[i].kind == RAC_YAML_TEXT);
        }
        walk(&node->items[i], depth + 1, problems);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const keys[] = {"dose", "amount"};
    rac_arena *arena = rac_arena_new();
    rac_problems problems = rac_problems_init(arena);
    const rac_yaml *root;
    if (rac_yaml_read(arena, (rac_text){(const char *)data, size}, "fuzz.yaml", &root, &problems) == RAC_OK) {
        must(problems.count == 0);
        check_place(root, NULL);
        rac_yaml_check_keys(root, keys, 2, &problems);
        rac_yaml_need(root, "dose", &problems);
        walk(root, 0, &problems);
    } else {
        must(!root && problems.count > 0 && problems.items[0].message[0]);
    }
    for (size_t i = 0; i < problems.count; i++)
        must(rac_text_is_utf8(rac_text_of(problems.items[i].message)));
    rac_arena_free(arena);
    return 0;
}
