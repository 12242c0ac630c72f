/* examples/samples.csv is what it says: twelve people of models/racemic-venous.yaml, drawn with seed 20,
 * sampled with the model's assay error.  No person is in it.  When the model changes, this test writes the
 * file to have into the directory it runs in. */
#include "check.h"

#include "pharma/fitting.h"

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

static const char *read_example(rac_arena *arena)
{
    const char *root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/examples/samples.csv", root ? root : "."), "rb");
    char *text = rac_arena_alloc(arena, 100000);
    if (file) {
        text[fread(text, 1, 99999, file)] = '\0';
        fclose(file);
    }
    return text;
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
    const char *text = read_example(arena);
    if (strcmp(text, w.text) != 0) {
        FILE *out = fopen("samples.csv", "wb");
        assert_non_null(out);
        fputs(w.text, out);
        fclose(out);
    }
    assert_string_equal(text, w.text);
    rac_arena_free(arena);
}

/* What tests/data/fit/map.R printed (R 4.2.2): the same patients by an unrelated program, from the equations
 * of the publication, by eigenvalues and optim. */
static const struct {
    double objective_typical, objective, etas[4];
} IN_R[PEOPLE] = {
    {-85.46818455, -86.00676291, {0.0659904, 0.0337274, 0.0759523, -0.0089998}},
    {-60.91415510, -78.09789553, {0.2747609, 0.0001809, -0.0686450, -0.3012302}},
    {-59.76442222, -74.58206523, {-0.0015990, 0.2896933, -0.1244052, -0.0594483}},
    {-77.41497784, -81.13885740, {0.2780074, 0.0194745, 0.0040039, -0.0580694}},
    {-68.79383469, -80.04032223, {0.6801480, 0.1662986, -0.0362780, -0.0083511}},
    {-76.00362036, -90.35532896, {-0.1674057, -0.2129477, 0.0686281, 0.1509142}},
    {-57.48011423, -82.29902583, {0.2181816, -0.1481520, -0.1640998, -0.2762795}},
    {-48.73498066, -65.96136345, {-0.1068278, -0.0072623, 0.0675406, 0.4219292}},
    {-65.04137134, -76.69410664, {0.3272109, 0.1541326, 0.2040647, 0.2596868}},
    {-66.38734197, -89.65351505, {0.2732218, -0.0123519, 0.3119131, 0.4234735}},
    {-47.63922027, -87.16919796, {0.6071962, -0.0578615, 0.1166315, 0.2590179}},
    {-79.24111761, -82.99651371, {0.2187074, 0.1481050, 0.0933441, 0.0682135}},
};

static void test_pharma_fit_example__an_unrelated_program_finds_the_same_patients(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_model *model = shipped_model(arena, "racemic-venous");
    const rac_events events = read_events(arena, model, read_example(arena));
    assert_int_equal(events.count, PEOPLE);
    for (size_t p = 0; p < PEOPLE; p++) {
        const rac_fit_request ask = request_of(&events.subjects[p]);
        const rac_fit fit = fit_of(arena, model, &ask);
        check_near(fit.objective_before, IN_R[p].objective_typical, 1e-8, 0);
        check_near(fit.objective, IN_R[p].objective, 1e-8, 0);
        for (int e = 0; e < 4; e++)
            check_near(fit.etas[e], IN_R[p].etas[e], 5e-7, 0);
    }
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_pharma_fit_example__the_file_is_what_the_seed_gives),
          cmocka_unit_test(test_pharma_fit_example__an_unrelated_program_finds_the_same_patients))
