/* clinic.h: the shipped standard protocol with the demonstration's site values, for the tests of care. */
#ifndef RACEMATE_TESTS_CARE_CLINIC_H
#define RACEMATE_TESTS_CARE_CLINIC_H

#include "check.h"

#include "racemate/care/session.h"

static inline rac_text clinic_file(rac_arena *arena, const char *name)
{
    const char *root = getenv("RACEMATE_SOURCE");
    assert_non_null(root);
    FILE *file = fopen(rac_format(arena, "%s/protocols/%s", root, name), "rb");
    assert_non_null(file);
    enum { most = 1 << 18 };
    char *bytes = rac_many(arena, char, most);
    const size_t size = fread(bytes, 1, most, file);
    fclose(file);
    assert_true(size > 0 && size < most);
    return (rac_text){bytes, size};
}

static inline const rac_protocol *clinic_draft_of(rac_arena *arena, const char *name)
{
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *draft = NULL;
    assert_int_equal(rac_protocol_read(arena, clinic_file(arena, name), name, &draft, &problems), RAC_OK);
    return draft;
}

static inline const rac_protocol *clinic_draft(rac_arena *arena)
{
    return clinic_draft_of(arena, "depression-iv-standard.yaml");
}

static inline rac_protocol *clinic_protocol_of(rac_arena *arena, const char *name)
{
    rac_problems problems = rac_problems_init(arena);
    const rac_protocol *filled = NULL;
    assert_int_equal(rac_protocol_fill(arena, clinic_draft_of(arena, name),
                                       clinic_file(arena, "demo-site.yaml"), "demo-site.yaml", true, &filled,
                                       &problems),
                     RAC_OK);
    rac_protocol *own = rac_new(arena, rac_protocol); /* a copy a test may alter */
    *own = *filled;
    return own;
}

static inline rac_protocol *clinic_protocol(rac_arena *arena)
{
    return clinic_protocol_of(arena, "depression-iv-standard.yaml");
}

static inline rac_decimal dec(const char *digits)
{
    rac_decimal decimal = {0};
    assert_int_equal(rac_decimal_parse(rac_text_of(digits), &decimal, NULL), RAC_OK);
    return decimal;
}

static inline rac_instant minute(double minutes)
{
    return (rac_instant){INT64_C(1770000000000) + llround(minutes * 60000)};
}

#endif
