/* Any bytes as a YAML file: a tree or a problem with a place, never a crash and never a silent refusal. */
#include <stdlib.h>

#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every node of the tree has a place and every want function answers. */
static void walk(const rac_yaml *node, rac_problems *problems, int depth)
{
    double number;
    rac_quantity quantity;
    if (!node->line || !node->column || depth > rac_yaml_max_depth)
        abort();
    (void)rac_yaml_want_number(node, -1e9, 1e9, &number, problems);
    (void)rac_yaml_want_any_quantity(node, &quantity, problems);
    for (size_t i = 0; i < node->count; i++)
        walk(&node->items[i], problems, depth + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rac_arena *arena = rac_arena_new();
    rac_problems problems = rac_problems_init(arena);
    const rac_yaml *root = NULL;
    const rac_status status = rac_yaml_read(arena, (rac_text){(const char *)data, size}, "fuzz.yaml", &root, &problems);
    if (status ? problems.count == 0 || root != NULL : root == NULL)
        abort();
    if (root)
        walk(root, &problems, 0);
    rac_arena_free(arena);
    return 0;
}
