/* A virtual patient's file: see virtual.h. */
#include "study/virtual.h"

#include <math.h>
#include <string.h>

#include "base/yaml.h"

typedef struct number_row { /* name, unit, what is possible */
    const char *name, *unit;
    double low, high;
} number_row;

/* Every number a file must have, in the order of rac_virtual_name. */
static const number_row rows[RAC_VIRTUAL_NUMBERS] = {
    [RAC_VIRTUAL_WEIGHT_MEAN] = {"weight_mean", "kg", 30, 250},
    [RAC_VIRTUAL_WEIGHT_SD] = {"weight_sd", "kg", 0, 100},
    [RAC_VIRTUAL_WEIGHT_MIN] = {"weight_min", "kg", 20, 250},
    [RAC_VIRTUAL_WEIGHT_MAX] = {"weight_max", "kg", 20, 300},
    [RAC_VIRTUAL_AGE_MEAN] = {"age_mean", "year", 18, 100},
    [RAC_VIRTUAL_AGE_SD] = {"age_sd", "year", 0, 50},
    [RAC_VIRTUAL_AGE_MIN] = {"age_min", "year", 0, 120},
    [RAC_VIRTUAL_AGE_MAX] = {"age_max", "year", 0, 120},
    [RAC_VIRTUAL_SBP_MEAN] = {"sbp_mean", "mmHg", 80, 200},
    [RAC_VIRTUAL_SBP_SD] = {"sbp_sd", "mmHg", 0, 50},
    [RAC_VIRTUAL_DBP_MEAN] = {"dbp_mean", "mmHg", 40, 130},
    [RAC_VIRTUAL_DBP_SD] = {"dbp_sd", "mmHg", 0, 40},
    [RAC_VIRTUAL_SBP_DBP_CORRELATION] = {"sbp_dbp_correlation", "1", -1, 1},
    [RAC_VIRTUAL_HR_MEAN] = {"hr_mean", "bpm", 40, 130},
    [RAC_VIRTUAL_HR_SD] = {"hr_sd", "bpm", 0, 40},
    [RAC_VIRTUAL_SBP_READING_SD] = {"sbp_reading_sd", "mmHg", 0, 30},
    [RAC_VIRTUAL_DBP_READING_SD] = {"dbp_reading_sd", "mmHg", 0, 30},
    [RAC_VIRTUAL_HR_READING_SD] = {"hr_reading_sd", "bpm", 0, 30},
    [RAC_VIRTUAL_RISE_DOSE] = {"rise_dose", "mg/kg", 0.01, 5},
    [RAC_VIRTUAL_RISE_DURATION] = {"rise_duration", "min", 1, 600},
    [RAC_VIRTUAL_SBP_RISE] = {"sbp_rise", "mmHg", 0, 100},
    [RAC_VIRTUAL_DBP_RISE] = {"dbp_rise", "mmHg", 0, 100},
    [RAC_VIRTUAL_HR_RISE] = {"hr_rise", "bpm", 0, 100},
    [RAC_VIRTUAL_SBP_RISE_CV] = {"sbp_rise_cv", "%", 0, 300},
    [RAC_VIRTUAL_DBP_RISE_CV] = {"dbp_rise_cv", "%", 0, 300},
    [RAC_VIRTUAL_HR_RISE_CV] = {"hr_rise_cv", "%", 0, 300},
    [RAC_VIRTUAL_SBP_DBP_RISE_CORRELATION] = {"sbp_dbp_rise_correlation", "1", -1, 1},
    [RAC_VIRTUAL_SPO2] = {"spo2", "%", 50, 100},
    [RAC_VIRTUAL_RR] = {"rr", "1/min", 4, 60},
    [RAC_VIRTUAL_MOAAS] = {"moaas", "1", 0, 5},
    [RAC_VIRTUAL_TEMP] = {"temp", "Cel", 30, 43},
    [RAC_VIRTUAL_FASTING] = {"fasting", "h", 0, 48},
    [RAC_VIRTUAL_REACTION] = {"reaction", "min", 0, 60},
    [RAC_VIRTUAL_REPEAT_CUFF] = {"repeat_cuff", "min", 1, 60},
    [RAC_VIRTUAL_LONGEST_HOLD] = {"longest_hold", "min", 0, 480},
    [RAC_VIRTUAL_LONGEST_SESSION] = {"longest_session", "h", 1, 24},
};

/* Those of `course`, in the order of rac_virtual_course_name. */
static const number_row course_rows[RAC_VIRTUAL_COURSE_NUMBERS] = {
    [RAC_VIRTUAL_SCORE_MEAN] = {"score_mean", "1", 1, 100},
    [RAC_VIRTUAL_SCORE_SD] = {"score_sd", "1", 0, 50},
    [RAC_VIRTUAL_SCORE_MIN] = {"score_min", "1", 1, 100},
    [RAC_VIRTUAL_SCORE_READING_SD] = {"score_reading_sd", "1", 0, 20},
    [RAC_VIRTUAL_IMPROVEMENT_MEAN] = {"improvement_mean", "%", -100, 100},
    [RAC_VIRTUAL_IMPROVEMENT_SD] = {"improvement_sd", "%", 0, 100},
    [RAC_VIRTUAL_FIRST_SHARE] = {"first_share", "%", 0, 100},
    [RAC_VIRTUAL_FULL_AFTER] = {"full_after", "1", 1, 100},
    [RAC_VIRTUAL_LEAVE_FIRST] = {"leave_first", "%", 0, 100},
    [RAC_VIRTUAL_LEAVE_LATER] = {"leave_later", "%", 0, 100},
};

static bool take_text(rac_arena *arena, const rac_yaml *node, const char **out, rac_problems *problems)
{
    rac_text text;
    if (!rac_yaml_want_text(node, &text, problems))
        return false;
    *out = rac_text_copy(arena, text);
    return true;
}

static void read_number(rac_arena *arena, const rac_yaml *node, const number_row *row,
                        rac_virtual_number *number, rac_problems *problems)
{
    static const char *const keys[] = {"value", "source", "assumption", "note"};
    *number = (rac_virtual_number){.name = row->name, .unit = row->unit, .low = row->low, .high = row->high};
    if (!node || !rac_yaml_check_keys(node, keys, 4, problems))
        return;
    rac_yaml_want_quantity(rac_yaml_need(node, "value", problems), row->unit, row->low, row->high,
                           &number->value, problems);
    const rac_yaml *source = rac_yaml_find(node, "source"), *assumption = rac_yaml_find(node, "assumption");
    if (!source == !assumption) {
        rac_error *err = rac_yaml_problem(problems, node,
                                          source ? "%s has both a source and an assumption"
                                                 : "%s has neither a source nor an assumption",
                                          number->name);
        rac_error_hint(err, "say where it was read (source: doi:... or https://...), or why it is taken "
                            "(assumption: \"...\")");
    }
    take_text(arena, source, &number->source, problems);
    take_text(arena, assumption, &number->assumption, problems);
    take_text(arena, rac_yaml_find(node, "note"), &number->note, problems);
    if (number->source && strncmp(number->source, "https://", 8) && strncmp(number->source, "http://", 7) &&
        strncmp(number->source, "doi:", 4))
        rac_yaml_problem(problems, source, "the source is no address (https://..., doi:...)");
}

static void read_numbers(rac_arena *arena, const rac_yaml *map, const number_row *table, size_t count,
                         rac_virtual_number *numbers, rac_problems *problems)
{
    const char **names = rac_many(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        names[i] = table[i].name;
    if (!map || !rac_yaml_check_keys(map, names, count, problems))
        return;
    for (size_t i = 0; i < count; i++)
        read_number(arena, rac_yaml_need(map, names[i], problems), &table[i], &numbers[i], problems);
}

static void check_span(const rac_yaml *map, const rac_virtual_patient *p, rac_virtual_name low,
                       rac_virtual_name mean, rac_virtual_name high, rac_problems *problems)
{
    const double a = p->number[low].value, b = p->number[mean].value, c = p->number[high].value;
    if (!(a < c && a <= b && b <= c))
        rac_yaml_problem(problems, rac_yaml_find(map, rows[mean].name), "%s is %g %s, outside %g to %g",
                         rows[mean].name, b, rows[mean].unit, a, c);
}

static void read_notes(rac_arena *arena, const rac_yaml *list, const char *const **notes, size_t *count,
                       rac_problems *problems)
{
    if (!list || !rac_yaml_want_list(list, problems))
        return;
    const char **items = rac_many(arena, const char *, list->count);
    for (size_t i = 0; i < list->count; i++)
        take_text(arena, &list->items[i], &items[i], problems);
    *notes = items;
    *count = list->count;
}

static void read_lists(rac_arena *arena, const rac_yaml *root, rac_virtual_patient *patient,
                       rac_problems *problems)
{
    const rac_yaml *facts = rac_yaml_find(root, "facts"), *notes = rac_yaml_find(root, "notes");
    if (facts && rac_yaml_want_map(facts, problems)) {
        rac_virtual_fact *items = rac_many(arena, rac_virtual_fact, facts->count);
        for (size_t i = 0; i < facts->count; i++) {
            items[i].name = rac_text_copy(arena, facts->keys[i].text);
            take_text(arena, &facts->items[i], &items[i].answer, problems);
        }
        patient->facts = items;
        patient->fact_count = facts->count;
    }
    read_notes(arena, notes, &patient->notes, &patient->note_count, problems);
}

/* `course: {scale, notes, numbers}`; a file for one session has none. */
static void read_course(rac_arena *arena, const rac_yaml *map, rac_virtual_patient *patient,
                        rac_problems *problems)
{
    static const char *const keys[] = {"scale", "notes", "numbers"};
    const size_t before = problems->count;
    if (!map || !rac_yaml_want_map(map, problems) || !rac_yaml_check_keys(map, keys, 3, problems))
        return;
    const rac_yaml *numbers = rac_yaml_need(map, "numbers", problems);
    take_text(arena, rac_yaml_need(map, "scale", problems), &patient->scale, problems);
    read_numbers(arena, numbers, course_rows, RAC_VIRTUAL_COURSE_NUMBERS, patient->course, problems);
    read_notes(arena, rac_yaml_find(map, "notes"), &patient->course_notes, &patient->course_note_count,
               problems);
    const rac_virtual_number *least = &patient->course[RAC_VIRTUAL_SCORE_MIN];
    const rac_virtual_number *mean = &patient->course[RAC_VIRTUAL_SCORE_MEAN];
    if (problems->count == before && least->value > mean->value)
        rac_yaml_problem(problems, rac_yaml_find(numbers, mean->name), "%s is %g, below %s, %g", mean->name,
                         mean->value, least->name, least->value);
}

rac_status rac_virtual_read(rac_arena *arena, rac_text bytes, const char *file, rac_virtual_patient *patient,
                            rac_problems *problems)
{
    static const char *const keys[] = {"patient", "title", "driver", "facts", "notes", "numbers", "course"};
    const size_t before = problems->count;
    const rac_yaml *root;
    *patient = (rac_virtual_patient){0};
    const rac_status status = rac_yaml_read(arena, bytes, file, &root, problems);
    if (status)
        return status;
    rac_yaml_check_keys(root, keys, sizeof keys / sizeof *keys, problems);
    take_text(arena, rac_yaml_need(root, "patient", problems), &patient->name, problems);
    take_text(arena, rac_yaml_need(root, "title", problems), &patient->title, problems);
    take_text(arena, rac_yaml_need(root, "driver", problems), &patient->driver, problems);
    const rac_yaml *numbers = rac_yaml_need(root, "numbers", problems);
    read_numbers(arena, numbers, rows, RAC_VIRTUAL_NUMBERS, patient->number, problems);
    read_course(arena, rac_yaml_find(root, "course"), patient, problems);
    read_lists(arena, root, patient, problems);
    if (problems->count == before) {
        check_span(numbers, patient, RAC_VIRTUAL_WEIGHT_MIN, RAC_VIRTUAL_WEIGHT_MEAN, RAC_VIRTUAL_WEIGHT_MAX,
                   problems);
        check_span(numbers, patient, RAC_VIRTUAL_AGE_MIN, RAC_VIRTUAL_AGE_MEAN, RAC_VIRTUAL_AGE_MAX,
                   problems);
    }
    return problems->count > before ? RAC_INVALID : RAC_OK;
}
