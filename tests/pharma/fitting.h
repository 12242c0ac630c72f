/* fitting.h: a table read and its subjects fitted, for the tests. */
#ifndef RACEMATE_TESTS_PHARMA_FITTING_H
#define RACEMATE_TESTS_PHARMA_FITTING_H

#include "pharma/shipped.h"

static inline int open_arena(void **state)
{
    *state = rac_arena_new();
    return 0;
}

static inline int close_arena(void **state)
{
    rac_arena_free(*state);
    return 0;
}

static inline rac_events read_events(rac_arena *arena, const rac_model *model, const char *text)
{
    rac_problems problems = rac_problems_init(arena);
    rac_events events;
    const rac_status status =
        rac_events_read(arena, rac_text_of(text), "data.csv", model, &events, &problems);
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%d:%d: %s\n", problems.items[i].line, problems.items[i].column,
                problems.items[i].message);
    assert_int_equal(status, RAC_OK);
    return events;
}

static inline rac_fit_request request_of(const rac_events_subject *s)
{
    return (rac_fit_request){.regimen = &s->regimen,
                             .samples = s->samples,
                             .sample_count = s->sample_count,
                             .epochs = s->epochs,
                             .epoch_h = s->epoch_h,
                             .occasion = s->occasion,
                             .constants = s->constants};
}

static inline rac_fit fit_of(rac_arena *arena, const rac_model *model, const rac_fit_request *ask)
{
    rac_fit fit;
    rac_error err = {0};
    check_ok(rac_pharma_fit(arena, model, ask, &fit, &err));
    assert_true(fit.converged);
    return fit;
}

#define HEAD                                                                                \
    "model: m\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n" \
    "units: {time: h, amount: mg, volume: L}\n"

#endif
