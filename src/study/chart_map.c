/* The mapping file: what a clinic's spreadsheet calls things.
 *
 *     columns: {patient: record_id, arm: treatment, visit: event, score: phq_total}
 *     arms: {ketamine infusion: treated, Spravato: reference, ECT: ignored}
 *     visits: {intake: 0, infusion 1: 1, unplanned: unscheduled}
 *     covariates: [age, sex]
 *     missing: [-99]
 *     scale: PHQ-9 */
#include <math.h>

#include "study/chart_draft.h"

void rac_chart_map_read(rac_arena *arena, const rac_chart_file *file, rac_chart_map *map,
                        rac_problems *problems)
{
    static const char *const keys[] = {"columns", "arms", "visits", "covariates", "missing", "scale"};
    static const char *const columns[] = {"patient", "arm", "visit", "score", "day", "reason", "sessions"};
    static const char *const roles[] = {"reference", "treated", "ignored"};
    const rac_yaml *root;
    *map = (rac_chart_map){0};
    if (!file->name || rac_yaml_read(arena, file->bytes, file->name, &root, problems))
        return;
    if (!rac_yaml_check_keys(root, keys, sizeof keys / sizeof *keys, problems))
        return;
    map->columns = rac_yaml_find(root, "columns");
    map->arms = rac_yaml_find(root, "arms");
    map->visits = rac_yaml_find(root, "visits");
    map->covariates = rac_yaml_find(root, "covariates");
    map->missing = rac_yaml_find(root, "missing");
    if (map->columns)
        rac_yaml_check_keys(map->columns, columns, sizeof columns / sizeof *columns, problems);
    size_t role;
    if (map->arms && rac_yaml_want_map(map->arms, problems))
        for (size_t i = 0; i < map->arms->count; i++)
            rac_yaml_want_word(&map->arms->items[i], roles, 3, &role, problems);
    if (map->visits)
        rac_yaml_want_map(map->visits, problems);
    if (map->covariates)
        rac_yaml_want_list(map->covariates, problems);
    if (map->missing)
        rac_yaml_want_list(map->missing, problems);
    if (rac_yaml_find(root, "scale"))
        rac_yaml_want_text(rac_yaml_find(root, "scale"), &map->scale, problems);
}

const char *rac_chart_map_column(rac_arena *arena, const rac_chart_map *map, const char *ours,
                                 const char *usual)
{
    const rac_yaml *found = map->columns ? rac_yaml_find(map->columns, ours) : NULL;
    return found && found->kind == RAC_YAML_TEXT ? rac_text_copy(arena, found->text) : usual;
}
