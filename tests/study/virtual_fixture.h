/* virtual_fixture.h: the shipped virtual patient under a shipped protocol, for tests. */
#ifndef RACEMATE_TESTS_STUDY_VIRTUAL_FIXTURE_H
#define RACEMATE_TESTS_STUDY_VIRTUAL_FIXTURE_H

#include "check.h"

#include "study/virtual.h"

typedef struct fixture {
    rac_arena *arena;
    rac_virtual_patient patient;
    rac_protocol *protocol;
    rac_model *model;
    rac_virtual_clinic clinic;
} fixture;

static inline rac_text file_of(rac_arena *arena, const char *path)
{
    const char *root = getenv("RACEMATE_SOURCE");
    assert_non_null(root);
    FILE *file = fopen(rac_format(arena, "%s/%s", root, path), "rb");
    assert_non_null(file);
    enum { most = 1 << 18 };
    char *bytes = rac_many(arena, char, most);
    const size_t size = fread(bytes, 1, most, file);
    fclose(file);
    assert_true(size > 0 && size < most);
    return (rac_text){bytes, size};
}

static inline void print_problems(const rac_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++)
        fprintf(stderr, "%s:%d: %s\n", problems->items[i].file, problems->items[i].line,
                problems->items[i].message);
}

static inline rac_protocol *protocol_with(rac_arena *arena, const char *name, rac_text site)
{
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *draft = NULL, *filled = NULL;
    const rac_text bytes = file_of(arena, rac_format(arena, "protocols/%s", name));
    assert_int_equal(rac_protocol_read(arena, bytes, name, &draft, &problems), RAC_OK);
    assert_int_equal(rac_protocol_fill(arena, draft, site, "site", true, &filled, &problems), RAC_OK);
    rac_protocol *own = rac_new(arena, rac_protocol);
    *own = *filled;
    return own;
}

static inline rac_protocol *protocol_of(rac_arena *arena, const char *name)
{
    return protocol_with(arena, name, file_of(arena, "protocols/demo-site.yaml"));
}

/* Limits that nobody meets. */
static inline rac_protocol *protocol_without_holds(rac_arena *arena)
{
    static const char *const limits[] = {"hold_systolic: 220", "hold_diastolic: 140", "stop_systolic: 260",
                                         "stop_diastolic: 160"};
    char *site = rac_text_copy(arena, file_of(arena, "protocols/demo-site.yaml"));
    for (size_t i = 0; i < 4; i++) {
        char *number =
            strchr(strstr(site, rac_format(arena, "%.*s", (int)strcspn(limits[i], ":"), limits[i])), ':');
        memcpy(number, strchr(limits[i], ':'), strlen(": 220"));
    }
    return protocol_with(arena, "depression-iv-standard.yaml", rac_text_of(site));
}

static inline void reopen(fixture *f)
{
    rac_error err = {0};
    check_ok(rac_virtual_open(f->arena, &f->patient, f->protocol, f->model, &f->clinic, &err));
}

static inline int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    rac_problems problems = rac_problems_init(f->arena);
    const rac_status read = rac_virtual_read(f->arena, file_of(f->arena, "patients/virtual-adult.yaml"),
                                             "virtual-adult.yaml", &f->patient, &problems);
    print_problems(&problems);
    assert_int_equal(read, RAC_OK);
    assert_int_equal(rac_model_read(f->arena, file_of(f->arena, "models/racemic-arterial.yaml"), "model",
                                    &f->model, &problems),
                     RAC_OK);
    f->protocol = protocol_of(f->arena, "depression-iv-standard.yaml");
    reopen(f);
    *state = f;
    return 0;
}

static inline int close_fixture(void **state)
{
    fixture *f = *state;
    rac_arena_free(f->arena);
    free(f);
    return 0;
}

static inline void set(fixture *f, rac_virtual_name name, double value)
{
    f->patient.number[name].value = value;
}

static inline double number(const fixture *f, rac_virtual_name name)
{
    return f->patient.number[name].value;
}

static inline rac_facts facts_of(fixture *f, rac_fact *fact)
{
    rac_error err = {0};
    const rac_fact_definition *definition = rac_protocol_fact(f->protocol, "pregnancy_possible");
    check_ok(rac_fact_parse(f->arena, definition, rac_text_of("no"), (rac_instant){0}, fact, &err));
    return (rac_facts){fact, 1};
}

/* Everybody alike: 70 kg, 152 mmHg, a rise of 20 mmHg, no error of reading. */
static inline void make_uniform(fixture *f)
{
    static const struct {
        rac_virtual_name name;
        double value;
    } values[] = {
        {RAC_VIRTUAL_WEIGHT_MEAN, 70},   {RAC_VIRTUAL_WEIGHT_SD, 0},      {RAC_VIRTUAL_SBP_MEAN, 152},
        {RAC_VIRTUAL_SBP_SD, 0},         {RAC_VIRTUAL_DBP_SD, 0},         {RAC_VIRTUAL_HR_SD, 0},
        {RAC_VIRTUAL_SBP_READING_SD, 0}, {RAC_VIRTUAL_DBP_READING_SD, 0}, {RAC_VIRTUAL_HR_READING_SD, 0},
        {RAC_VIRTUAL_SBP_RISE, 20},      {RAC_VIRTUAL_SBP_RISE_CV, 0},    {RAC_VIRTUAL_DBP_RISE_CV, 0},
        {RAC_VIRTUAL_HR_RISE_CV, 0}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        set(f, values[i].name, values[i].value);
    reopen(f);
}

#endif
