/* Populations on threads: the same numbers, progress, an early end, one error whoever meets it. */
#include "check.h"

#include "pharma/shipped.h"

enum { SUBJECTS = 1203, TIMES = 21, OUTPUTS = 4, WORKERS = 3 };

typedef struct fixture {
    rac_arena *arena;
    rac_regimen regimen;
    double times_h[TIMES], weights[SUBJECTS];
    const double *columns[1];
    rac_population population;
} fixture;

static int open_fixture(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->arena = rac_arena_new();
    f->regimen = rac_regimen_new(f->arena);
    rac_dose dose = rac_dose_infusion(0, 0, 0.5, 40 / 60.0);
    dose.per_kg = true;
    rac_regimen_add(&f->regimen, dose);
    for (int i = 0; i < TIMES; i++)
        f->times_h[i] = i / 5.0;
    for (int i = 0; i < SUBJECTS; i++)
        f->weights[i] = 45 + i % 83;
    f->columns[0] = f->weights;
    f->population = (rac_population){.model = shipped_model(f->arena, "racemic-arterial"),
                                     .seed = 20261125,
                                     .first_subject = 40,
                                     .subjects = SUBJECTS,
                                     .regimen = &f->regimen,
                                     .times_h = f->times_h,
                                     .times = TIMES,
                                     .columns = f->columns};
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    rac_arena_free(f->arena);
    free(f);
    return 0;
}

/* What a worker has; `all` is shared, and no two workers write to one place. */
typedef struct place {
    double *all;
    uint64_t next; /* the subject after the last tile */
    size_t subjects;
} place;

static void store(void *context, const rac_population_tile *tile)
{
    place *p = context;
    const size_t row = tile->times * tile->outputs;
    assert_true(tile->first_subject >= p->next);
    p->next = tile->first_subject + (uint64_t)tile->subjects;
    p->subjects += (size_t)tile->subjects;
    for (int s = 0; s < tile->subjects; s++)
        for (size_t i = 0; i < row; i++)
            p->all[(tile->first_subject - 40 + (size_t)s) * row + i] = tile->values[i * RAC_TILE + (size_t)s];
}

static void test_pharma_threads__give_the_same_bits(void **state)
{
    fixture *f = *state;
    const size_t size = sizeof(double) * SUBJECTS * TIMES * OUTPUTS;
    double *whole = calloc(1, size), *parts = calloc(1, size);
    size_t failed;
    rac_error err = {0};
    f->population.residual = true;
    check_ok(rac_population_run(f->arena, &f->population, store, &(place){.all = whole}, &failed, &err));
    for (int threads = 1; threads <= WORKERS; threads++) {
        place places[WORKERS] = {{parts, 0, 0}, {parts, 0, 0}, {parts, 0, 0}};
        void *contexts[WORKERS] = {&places[0], &places[1], &places[2]};
        memset(parts, 0, size);
        check_ok(rac_population_run_threads(f->arena, &f->population, threads, store, contexts, NULL, &failed,
                                            &err));
        assert_memory_equal(whole, parts, size);
        assert_int_equal(failed, 0);
        assert_int_equal(places[0].subjects + places[1].subjects + places[2].subjects, SUBJECTS);
    }
    free(whole);
    free(parts);
}

static void ignore(void *context, const rac_population_tile *tile)
{
    *(size_t *)context += (size_t)tile->subjects;
}

typedef struct told {
    size_t calls, last, end_after;
} told;

static rac_status listen(void *context, size_t done, size_t total, rac_error *err)
{
    told *t = context;
    assert_int_equal(total, SUBJECTS);
    assert_true(done > t->last && done <= total);
    t->last = done;
    return ++t->calls == t->end_after ? rac_fail(err, RAC_REFUSED, "that is enough") : RAC_OK;
}

static void test_pharma_threads__tell_how_far_they_are(void **state)
{
    fixture *f = *state;
    for (int threads = 1; threads <= WORKERS; threads++) {
        size_t counts[WORKERS] = {0}, failed;
        void *contexts[WORKERS] = {&counts[0], &counts[1], &counts[2]};
        told t = {0};
        const rac_population_watch watch = {.progress = listen, .context = &t};
        rac_error err = {0};
        check_ok(rac_population_run_threads(f->arena, &f->population, threads, ignore, contexts, &watch,
                                            &failed, &err));
        assert_int_equal(t.last, SUBJECTS);
        assert_true(t.calls >= 1);
    }
}

static void test_pharma_threads__end_when_told(void **state)
{
    fixture *f = *state;
    for (int threads = 1; threads <= WORKERS; threads++) {
        size_t counts[WORKERS] = {0}, failed;
        void *contexts[WORKERS] = {&counts[0], &counts[1], &counts[2]};
        told t = {.end_after = 1};
        const rac_population_watch watch = {.progress = listen, .context = &t};
        rac_error err = {0};
        check_status(rac_population_run_threads(f->arena, &f->population, threads, ignore, contexts, &watch,
                                                &failed, &err),
                     RAC_REFUSED);
        assert_string_equal(err.message, "that is enough");
        assert_int_equal(t.calls, 1);
        if (threads == 1)
            assert_true(counts[0] < SUBJECTS);
    }
}

static void test_pharma_threads__meet_one_error(void **state)
{
    fixture *f = *state;
    const char *text =
        "model: timed\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n"
        "units: {time: h, amount: mg, volume: L}\nparameters: {V: 10 L, k: 1 /h, D: 1 h}\n"
        "flows: {a -> out: k}\nroutes: {mouth: {to: a, duration: D}}\noutputs: {c: a / V}\n";
    size_t counts[WORKERS] = {0}, failed;
    void *contexts[WORKERS] = {&counts[0], &counts[1], &counts[2]};
    rac_error err = {0};
    f->regimen.items[0] = rac_dose_infusion(0, 0, 26, 1); /* but the route has a duration of its own */
    f->population.model = read_model(f->arena, text, "t");
    f->population.columns = NULL;
    check_status(rac_population_run(f->arena, &f->population, ignore, contexts[0], &failed, &err),
                 RAC_UNSUPPORTED);
    for (int threads = 1; threads <= WORKERS; threads++) {
        rac_error other = {0};
        check_status(rac_population_run_threads(f->arena, &f->population, threads, ignore, contexts, NULL,
                                                &failed, &other),
                     RAC_UNSUPPORTED);
        assert_string_equal(err.message, other.message);
    }
    assert_int_equal(counts[0] + counts[1] + counts[2], 0);
    check_status(
        rac_population_run_threads(f->arena, &f->population, 0, ignore, contexts, NULL, &failed, &err),
        RAC_INVALID);
    check_status(rac_population_run_threads(f->arena, &f->population, RAC_THREADS_MAX + 1, ignore, contexts,
                                            NULL, &failed, &err),
                 RAC_INVALID);
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_threads__##name, open_fixture, close_fixture)
RAC_TESTS(T(give_the_same_bits), T(tell_how_far_they_are), T(end_when_told), T(meet_one_error))
