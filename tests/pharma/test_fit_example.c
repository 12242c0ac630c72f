/* examples/samples.csv is what it says: twelve people of models/racemic-venous.yaml, drawn with seed 20,
 * sampled with the model's assay error.  No person is in it.  When the model changes, this test writes the
 * file to have into the directory it runs in. */
#include "check.h"

#include "pharma/shipped.h"

enum { PEOPLE = 12, TIMES = 7 };

/* Ketamine at each time, norketamine at those of an hour and more; 8 h after the start the laboratory's limit
 * of 10 ng/mL is reached. */
static const double TIMES_H[TIMES] = {0.25, 0.5, 0.75, 1.5, 3, 5, 8}, LIMIT = 0.01, NORKETAMINE_FROM_H = 1;

typedef struct writer {
    rac_arena *arena;
    const double *weights;
    char *text;
} writer;

static void write_person(void *context, const rac_population_tile *tile)
{
    writer *w = context;
    for (int s = 0; s < tile->subjects; s++) {
        const size_t who = tile->first_subject + (size_t)s;
        const double weight = w->weights[who];
        w->text = rac_format(w->arena, "%s%zu,0,%g,%g,1,1,.,.,%g\n", w->text, who + 1, 0.5 * weight,
                             0.75 * weight, weight);
        for (size_t t = 0; t < TIMES; t++)
            for (size_t o = 0; o < 2; o++) {
                const double value = tile->values[(t * tile->outputs + o) * RAC_TILE + (size_t)s];
                if (o == 0 || TIMES_H[t] >= NORKETAMINE_FROM_H)
                    w->text = rac_format(w->arena, "%s%zu,%g,.,.,0,%zu,%.3g,%d,%g\n", w->text, who + 1,
                                         TIMES_H[t], o + 1, fmax(value, LIMIT), value < LIMIT, weight);
            }
    }
}

static void test_pharma_fit_example__the_file_is_what_the_seed_gives(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_model *model = shipped_model(arena, "racemic-venous");
    double weights[PEOPLE];
    const double *columns[] = {weights};
    for (int i = 0; i < PEOPLE; i++)
        weights[i] = 52 + 4 * i;
    rac_regimen regimen = rac_regimen_new(arena);
    rac_dose dose = rac_dose_infusion(0, 0, 0.5, 2 / 3.0);
    dose.per_kg = true;
    rac_regimen_add(&regimen, dose);
    const rac_population people = {.model = model,
                                   .seed = 20,
                                   .subjects = PEOPLE,
                                   .regimen = &regimen,
                                   .times_h = TIMES_H,
                                   .times = TIMES,
                                   .columns = columns,
                                   .residual = true};
    writer w = {arena, weights, rac_string_copy(arena, "ID,TIME,AMT,RATE,EVID,CMT,DV,BLQ,weight\n")};
    size_t failed;
    rac_error err = {0};
    check_ok(rac_population_run(arena, &people, write_person, &w, &failed, &err));
    const char *root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/examples/samples.csv", root ? root : "."), "rb");
    char *text = rac_arena_alloc(arena, 100000);
    if (file) {
        text[fread(text, 1, 99999, file)] = '\0';
        fclose(file);
    }
    if (strcmp(text, w.text) != 0) {
        FILE *out = fopen("samples.csv", "wb");
        assert_non_null(out);
        fputs(w.text, out);
        fclose(out);
    }
    assert_string_equal(text, w.text);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_pharma_fit_example__the_file_is_what_the_seed_gives))
