/* Every number of a shipped model has its source, and is the one that was published: tests/data/pk/
 * published-values.csv holds the values as they were read, under the names of the files. */
#include "check.h"

#include <dirent.h>

#include "base/csv.h"
#include "base/units.h"
#include "pharma/model.h"
#include "pharma/shipped.h"

static int open_arena(void **state)
{
    *state = rac_arena_new();
    return 0;
}

static int close_arena(void **state)
{
    rac_arena_free(*state);
    return 0;
}

/* The names of the files in models/, without their ending. */
static size_t shipped_names(rac_arena *arena, const char *names[64])
{
    const char *root = getenv("RACEMATE_SOURCE");
    DIR *folder = opendir(rac_format(arena, "%s/models", root ? root : "."));
    size_t count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        const size_t size = strlen(entry->d_name);
        if (size > 5 && strcmp(entry->d_name + size - 5, ".yaml") == 0 && count < 64)
            names[count++] = rac_format(arena, "%.*s", (int)size - 5, entry->d_name);
    }
    closedir(folder);
    return count;
}

static void test_pharma_sources__every_number_of_every_file_has_one(void **state)
{
    const char *names[64];
    const size_t count = shipped_names(*state, names);
    assert_true(count >= 8);
    for (size_t i = 0; i < count; i++) {
        rac_problems missing = rac_problems_init(*state);
        const rac_model *model = shipped_model(*state, names[i]);
        rac_model_check_sources(model, &missing);
        for (size_t k = 0; k < missing.count; k++)
            fprintf(stderr, "models/%s.yaml:%d: %s\n", names[i], missing.items[k].line,
                    missing.items[k].message);
        assert_int_equal(missing.count, 0);
        assert_true(rac_model_references(model) > 0);
        for (size_t k = 0; k < rac_model_references(model); k++) { /* who, and where it was read */
            const rac_reference *r = rac_model_reference(model, k);
            assert_true(r->citation[0] && r->read[0]);
        }
    }
}

/* ---- the values ---- */

typedef struct expectation {
    rac_arena *arena;
    const rac_model *model;
    const char *kind, *name;
    double value;
    const char *unit;
} expectation;

static double in_base(double value, const char *unit)
{
    return rac_quantity_base((rac_quantity){value, rac_unit_of(unit)});
}

/* A parameter of the typical subject, of 70 kg and no special group unless said otherwise. */
static double parameter_at(const expectation *e, const char *name, const char *covariate, double at)
{
    const rac_model *m = e->model;
    double *covariates = rac_many(e->arena, double, rac_model_covariates(m)),
           *values = rac_many(e->arena, double, rac_model_parameters(m));
    rac_error err = {0};
    for (size_t c = 0; c < rac_model_covariates(m); c++) {
        const rac_covariate *one = rac_model_covariate(m, c);
        covariates[c] = strcmp(one->name, "weight") == 0 ? 70
                        : strcmp(one->name, "age") == 0  ? in_base(40, "year")
                                                         : one->fallback;
        if (covariate && strcmp(one->name, covariate) == 0)
            covariates[c] = at;
    }
    check_ok(rac_model_evaluate(e->arena, m, covariates, NULL, values, NULL, &err));
    const int index = rac_model_find_parameter(m, name);
    if (index < 0)
        fail_msg("%s has no parameter %s", rac_model_describe(m)->name, name);
    return values[index];
}

static double typical(const expectation *e)
{
    return parameter_at(e, e->name, NULL, 0);
}

/* The variance of a deviation of a parameter; between people or days. */
static double variance_of(const expectation *e, bool occasion)
{
    rac_parameter_about about;
    rac_model_explain(e->arena, e->model, rac_model_find_parameter(e->model, e->name), &about);
    for (size_t i = 0; i < about.deviation_count; i++)
        if (about.deviations[i].occasion == occasion)
            return about.deviations[i].sd * about.deviations[i].sd;
    fail_msg("%s does not vary", e->name);
    return 0;
}

/* Of a block of two, "V1 CL". */
static double covariance_of(const expectation *e)
{
    for (size_t b = 0; b < e->model->block_count; b++) {
        const rac_eta_block *block = &e->model->blocks[b];
        const char *both =
            block->count == 2
                ? rac_format(e->arena, "%s %s",
                             e->model->parameters[e->model->etas[block->first].parameter].name,
                             e->model->parameters[e->model->etas[block->first + 1].parameter].name)
                : "";
        if (strcmp(both, e->name) == 0)
            return block->factor[0] * block->factor[2];
    }
    fail_msg("no covariance of %s", e->name);
    return 0;
}

static const rac_residual *residual_of(const expectation *e)
{
    const int at = rac_model_find_output(e->model, e->name);
    assert_true(at >= 0);
    return &e->model->outputs[at].residual;
}

static double doubled(const expectation *e) /* the power of weight */
{
    return log(parameter_at(e, e->name, "weight", 140) / typical(e)) / log(2);
}

static void compare(const expectation *e)
{
    const double ketamine_g = 237.73;
    const double additive_g = strcmp(e->name, "norketamine") == 0 ? 223.70 : 239.7;
    double now = NAN, then = e->value;
#define KIND(words, found, expected)   \
    if (strcmp(e->kind, words) == 0) { \
        now = (found);                 \
        then = (expected);             \
    }
    KIND("parameter", typical(e), in_base(e->value, strcmp(e->unit, "-") ? e->unit : "1"))
    KIND("parameter per kg", typical(e), 70 * e->value)
    KIND("half-life", log(2) / typical(e), in_base(e->value, e->unit))
    KIND("parameter in mol", typical(e), e->value * ketamine_g / 1000) /* nmol/mL to mg/L */
    KIND("power of weight", doubled(e), e->value)
    KIND("ratio to FRn", typical(e) / parameter_at(e, "FRn", NULL, 0), e->value)
    KIND("factor of asian", parameter_at(e, e->name, "asian", 1) / typical(e), e->value)
    KIND("factor of japanese", parameter_at(e, e->name, "japanese", 1) / typical(e), e->value)
    KIND("slope of age above 60",
         (parameter_at(e, e->name, "age", in_base(80, "year")) -
          parameter_at(e, e->name, "age", in_base(60, "year"))) /
             20,
         e->value)
    KIND("variance", variance_of(e, false), e->value)
    KIND("variance between days", variance_of(e, true), e->value)
    KIND("covariance", covariance_of(e), e->value)
    KIND("cv", variance_of(e, false), log1p(e->value * e->value / 1e4))
    KIND("sd x100 on the logit", variance_of(e, false), e->value * e->value / 1e4)
    KIND("proportional", residual_of(e)->proportional, e->value)
    KIND("log", residual_of(e)->log, e->value)
    KIND("additive", residual_of(e)->additive, e->value * additive_g / 1000)
#undef KIND
    if (!(fabs(now - then) <= 1e-9 * fabs(then)))
        fail_msg("%s: %s %s is %.12g, published %.12g", rac_model_describe(e->model)->name, e->kind, e->name,
                 now, then);
}

static void read_values(rac_arena *arena, rac_csv_table *table)
{
    const char *root = getenv("RACEMATE_SOURCE");
    FILE *file = fopen(rac_format(arena, "%s/tests/data/pk/published-values.csv", root ? root : "."), "rb");
    assert_non_null(file);
    char *text = rac_arena_alloc(arena, 100000);
    const size_t size = fread(text, 1, 99999, file);
    fclose(file);
    rac_error err = {0};
    check_ok(rac_csv_read(arena, (rac_text){text, size}, &(rac_csv_options){0}, table, &err));
}

static rac_text field(const rac_csv_table *table, size_t row, const char *column)
{
    return rac_csv_find(table, column)->cells[row];
}

static void test_pharma_sources__values_are_the_published_ones(void **state)
{
    rac_csv_table table;
    read_values(*state, &table);
    assert_true(table.rows > 150);
    const rac_model *model = NULL;
    const char *last = "";
    for (size_t i = 0; i < table.rows; i++) {
        const char *name = rac_text_copy(*state, field(&table, i, "model"));
        if (strcmp(name, last) != 0)
            model = shipped_model(*state, name);
        last = name;
        const expectation e = {.arena = *state,
                               .model = model,
                               .kind = rac_text_copy(*state, field(&table, i, "kind")),
                               .name = rac_text_copy(*state, field(&table, i, "name")),
                               .value = strtod(rac_text_copy(*state, field(&table, i, "value")), NULL),
                               .unit = rac_text_copy(*state, field(&table, i, "unit"))};
        compare(&e);
    }
}

/* What the table above leaves out: a mean of three published ratios, and molar masses. */
static bool is_elsewhere(const char *name)
{
    return strcmp(name, "ratio") == 0 || strcmp(name, "massNK") == 0 || strcmp(name, "massHNK") == 0;
}

static bool is_compared(const rac_csv_table *table, const char *model, const char *name)
{
    for (size_t i = 0; i < table->rows; i++)
        if (rac_text_is(field(table, i, "model"), model) && rac_text_is(field(table, i, "name"), name))
            return true;
    return false;
}

static void test_pharma_sources__no_value_escapes_the_comparison(void **state)
{
    rac_csv_table table;
    const char *names[64];
    const size_t count = shipped_names(*state, names);
    read_values(*state, &table);
    for (size_t i = 0; i < count; i++) {
        const rac_model *model = shipped_model(*state, names[i]);
        for (size_t p = 0; p < rac_model_parameters(model); p++) {
            const char *name = rac_model_parameter_name(model, p);
            const bool derived = !rac_model_parameter_origin(model, p)->source[0];
            if (!derived && !is_elsewhere(name) && !is_compared(&table, names[i], name))
                fail_msg("%s of %s is compared with nothing", name, names[i]);
        }
        for (size_t o = 0; o < rac_model_outputs(model); o++)
            if (rac_model_output_has_error(model, o) &&
                !is_compared(&table, names[i], rac_model_output_name(model, o)))
                fail_msg("the error of %s of %s is compared with nothing", rac_model_output_name(model, o),
                         names[i]);
    }
    const expectation chain = {.arena = *state, .model = shipped_model(*state, "esketamine-arterial")};
    check_near(parameter_at(&chain, "massNK", NULL, 0), 223.70 / 237.73, 0, 1e-15);
    check_near(parameter_at(&chain, "massHNK", NULL, 0), 239.7 / 237.73, 0, 1e-15);
    const expectation venous = {.arena = *state, .model = shipped_model(*state, "racemic-venous")};
    check_near(parameter_at(&venous, "ratio", NULL, 0), cbrt(0.024 / 0.020 * 18.4 / 15.8 * 1620 / 1530.0),
               0.005, 0);
}

/* ---- what is missing is told ---- */

#define HEAD                                                                                \
    "model: t\ntitle: t\nsubstance: x, as base\nsampling: s\npopulation: p\nsource: none\n" \
    "units: {time: h, amount: mg, volume: L}\n"

static void test_pharma_sources__what_is_missing_is_told_with_its_place(void **state)
{
    const rac_model *model =
        read_model(*state,
                   HEAD "parameters:\n  V: {value: 10 L, source: a book}\n  k: 1 /h\n  half: k / 2\n"
                        "variability:\n  - {of: k, cv: 30 %}\n"
                        "flows:\n  a -> out: half * 0.75\nroutes: {iv: {to: a, fraction: 1 - 0.25}}\n"
                        "outputs: {c: a / V / 2}\nerror: {c: {proportional: 0.1}}\n",
                   "t.yaml");
    rac_problems missing = rac_problems_init(*state);
    assert_int_equal(rac_model_check_sources(model, &missing), 6);
    static const struct {
        int line;
        const char *words;
    } expected[] = {{9, "V has no tier"},
                    {10, "k has no source"},
                    {13, "the variability of k has no source"},
                    {18, "the error of c has no source"},
                    {15, "0.75 of flow 'a -> out' can have no source here"},
                    {16, "0.25 of route 'iv' can have no source here"}};
    for (size_t i = 0; i < 6; i++) {
        check_contains(missing.items[i].message, expected[i].words);
        assert_int_equal(missing.items[i].line, expected[i].line);
        assert_string_equal(missing.items[i].file, "t.yaml");
    }
}

static void test_pharma_sources__a_source_names_a_reference_of_the_file(void **state)
{
    static const char body[] = "references:\n  Smith 1999: {citation: J, read: in the paper}\n"
                               "parameters:\n  V: {value: 10 L, source: \"%s\", tier: A}\n"
                               "flows: {a -> out: 1 /h}\nroutes: {iv: a}\noutputs: {c: a / V}\n";
    const char *good = rac_format(*state, "%s%s", HEAD, rac_format(*state, body, "Smith 1999, Table 2"));
    const rac_model *model = read_model(*state, good, "t");
    assert_int_equal(rac_model_references(model), 1);
    assert_true(
        rac_reference_is_named(rac_model_reference(model, 0), rac_model_parameter_origin(model, 0)->source));
    rac_problems problems = rac_problems_init(*state);
    rac_model *none = NULL;
    const char *bad = rac_format(*state, "%s%s", HEAD, rac_format(*state, body, "Smith 1998"));
    check_status(rac_model_read(*state, rac_text_of(bad), "t", &none, &problems), RAC_INVALID);
    check_contains(problems.items[0].message, "names none of the references");
    check_contains(problems.items[0].hint, "Smith 1999");
    assert_int_equal(problems.items[0].line, 11);
}

#define T(name) cmocka_unit_test_setup_teardown(test_pharma_sources__##name, open_arena, close_arena)
RAC_TESTS(T(every_number_of_every_file_has_one), T(values_are_the_published_ones),
          T(no_value_escapes_the_comparison), T(what_is_missing_is_told_with_its_place),
          T(a_source_names_a_reference_of_the_file))
