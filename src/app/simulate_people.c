/* Who is simulated: covariates of person number i, the same whoever asks and in whatever order. */
#include <math.h>
#include <string.h>

#include "app/simulate.h"
#include "base/random.h"

/* ---- what was given ---- */

static rac_status read_weight(rac_call *call, rac_sim_people *people, rac_error *err)
{
    const char *typed = rac_call_value(call, "weight");
    rac_quantity quantity;
    double kg;
    rac_status status;
    if (!typed)
        return RAC_OK;
    if ((status = rac_quantity_parse(rac_text_of(typed), &quantity, err)) ||
        (status = rac_quantity_in(quantity, rac_unit_of("kg"), &kg, err)))
        return status;
    if (!(kg > 0))
        return rac_fail(err, RAC_INVALID, "a weight of %g kg is not possible", kg);
    for (size_t i = 0; i < people->law_count; i++)
        if (!strcmp(people->laws[i].name, "weight"))
            return rac_fail(err, RAC_INVALID, "weight is given by --weight and by --people: keep one");
    rac_sim_law *laws = rac_many(call->arena, rac_sim_law, people->law_count + 1);
    if (people->law_count)
        memcpy(laws, people->laws, people->law_count * sizeof *laws);
    laws[people->law_count++] = (rac_sim_law){.name = "weight",
                                              .kind = RAC_SIM_CONSTANT,
                                              .a = kg,
                                              .low = -INFINITY,
                                              .high = INFINITY,
                                              .unit = rac_unit_of("kg")};
    people->laws = laws;
    return RAC_OK;
}

static rac_status read_table(rac_call *call, rac_sim_people *people, rac_error *err)
{
    const char *name;
    const rac_text bytes = rac_call_file(call, "covariates", &name);
    if (!bytes.data)
        return RAC_OK;
    rac_csv_table *table = rac_new(call->arena, rac_csv_table);
    const rac_csv_options options = {.file = name, .trim = true};
    const rac_status status = rac_csv_read(call->arena, bytes, &options, table, err);
    if (status)
        return status;
    if (!table->rows)
        return rac_fail(err, RAC_INVALID, "%s has no people: one row each", name);
    people->table = table;
    for (size_t i = 0; i < people->law_count; i++)
        if (rac_csv_find(table, people->laws[i].name)) {
            rac_fail(err, RAC_INVALID, "%s is given by %s and by --people or --weight: keep one",
                     people->laws[i].name, name);
            return RAC_INVALID;
        }
    return RAC_OK;
}

rac_status rac_sim_people_read(rac_call *call, uint64_t seed, rac_sim_people *people, rac_error *err)
{
    *people = (rac_sim_people){.seed = seed};
    const char *typed = rac_call_value(call, "people");
    rac_status status =
        typed ? rac_sim_parse_people(call->arena, typed, &people->laws, &people->law_count, err) : RAC_OK;
    if (!status)
        status = read_weight(call, people, err);
    return status ? status : read_table(call, people, err);
}

static rac_status check_name(rac_text name, const rac_model *const *models, size_t count, rac_error *err)
{
    const char *known[RAC_SIM_MODELS * RAC_SIM_COVARIATES] = {0};
    size_t known_count = 0;
    for (size_t m = 0; m < count; m++)
        for (size_t c = 0; c < rac_model_covariates(models[m]); c++) {
            const char *covariate = rac_model_covariate(models[m], c)->name;
            if (rac_text_is(name, covariate))
                return RAC_OK;
            if (known_count < sizeof known / sizeof *known)
                known[known_count++] = covariate;
        }
    const char *near = rac_text_nearest(name, known, known_count);
    rac_fail(err, RAC_INVALID, "no model here has a covariate '%.*s'", RAC_TEXT(rac_text_shorten(name, 40)));
    if (near)
        rac_error_hint(err, "did you mean %s?", near);
    else if (known_count)
        rac_error_hint(err, "there is %s", known[0]);
    return RAC_INVALID;
}

/* A table may have other columns (an id, a site): of those nothing is said; of a table with none that a model
 * uses, something is. */
rac_status rac_sim_people_known(rac_call *call, const rac_sim_people *people, const rac_model *const *models,
                                size_t count, rac_error *err)
{
    for (size_t i = 0; i < people->law_count; i++) {
        const rac_status status = check_name(rac_text_of(people->laws[i].name), models, count, err);
        if (status && strcmp(people->laws[i].name, "weight") == 0 && rac_call_value(call, "weight"))
            continue; /* --weight may be for doses per kg alone; a model without weight refuses those itself
                       */
        if (status)
            return status;
    }
    size_t used = 0;
    for (size_t c = 0; people->table && c < people->table->column_count; c++)
        used += !check_name(people->table->columns[c].name, models, count, NULL);
    if (people->table && !used)
        return rac_fail(err, RAC_INVALID, "%s has no column named as a covariate of the model",
                        people->table->file);
    return RAC_OK;
}

/* ---- bound to a model ---- */

static rac_status bind_law(const rac_sim_law *law, const rac_covariate *covariate, rac_error *err)
{
    const rac_unit wanted = rac_unit_of(covariate->unit);
    if (rac_dimension_same(law->unit.dimension, wanted.dimension) &&
        (law->unit.text[0] || rac_dimension_is_pure(wanted.dimension)))
        return RAC_OK;
    rac_fail(err, RAC_INVALID, "%s is in %s, given in %s", covariate->name, covariate->unit,
             law->unit.text[0] ? law->unit.text : "no unit");
    rac_error_hint(err, "write the unit: %s = 70 %s", covariate->name, covariate->unit);
    return RAC_INVALID;
}

static rac_status bind_column(rac_arena *arena, const rac_csv_table *table, const rac_csv_column *column,
                              const rac_covariate *covariate, const double **values, rac_error *err)
{
    const size_t at = (size_t)(column - table->columns);
    const rac_unit unit = rac_unit_of(covariate->unit);
    double *numbers = rac_many(arena, double, table->rows);
    for (size_t row = 0; row < table->rows; row++) {
        const rac_text cell = rac_text_trim(column->cells[row]);
        const bool missing = !cell.size || rac_text_is(cell, ".") || rac_text_is(cell, "NA");
        rac_status status = RAC_OK;
        double value = covariate->fallback;
        if (missing && !covariate->has_fallback)
            status =
                rac_fail(err, RAC_INVALID, "%s is missing, and the model has no default", covariate->name);
        else if (!missing && !(status = rac_number_parse(cell, &value, err)))
            value = rac_quantity_base((rac_quantity){value, unit});
        if (!status && !rac_covariate_possible(covariate, value))
            status = rac_fail(err, RAC_INVALID, "%s is %.*s %s, which cannot be", covariate->name,
                              RAC_TEXT(cell), covariate->unit);
        if (status) {
            rac_csv_place(table, row, at, err);
            return status;
        }
        numbers[row] = value;
    }
    *values = numbers;
    return RAC_OK;
}

rac_status rac_sim_bind(rac_arena *arena, const rac_sim_people *people, const rac_model *model,
                        rac_sim_binding *binding, rac_error *err)
{
    const size_t count = rac_model_covariates(model);
    *binding = (rac_sim_binding){.model = model,
                                 .people = people,
                                 .count = count,
                                 .constants = rac_many(arena, double, count),
                                 .law = rac_many(arena, int, count),
                                 .table = rac_many(arena, const double *, count),
                                 .outside = rac_many(arena, size_t, count)};
    for (size_t c = 0; c < count; c++) {
        const rac_covariate *covariate = rac_model_covariate(model, c);
        const rac_csv_column *column = people->table ? rac_csv_find(people->table, covariate->name) : NULL;
        rac_status status = RAC_OK;
        binding->law[c] = -1;
        for (size_t i = 0; i < people->law_count; i++)
            if (!strcmp(people->laws[i].name, covariate->name))
                binding->law[c] = (int)i;
        binding->constants[c] = covariate->fallback;
        if (binding->law[c] >= 0) {
            const rac_sim_law *law = &people->laws[binding->law[c]];
            status = bind_law(law, covariate, err);
            binding->constants[c] = law->a;
            binding->varies |= law->kind != RAC_SIM_CONSTANT;
        } else if (column) {
            status = bind_column(arena, people->table, column, covariate, &binding->table[c], err);
            binding->varies = true;
        } else if (!covariate->has_fallback) {
            status = rac_fail(err, RAC_INVALID, "the model '%s' needs the covariate %s",
                              rac_model_describe(model)->name, covariate->name);
            rac_error_hint(err, "--people '%s = NUMBER %s'", covariate->name, covariate->unit);
        }
        if (status)
            return status;
    }
    return RAC_OK;
}

/* ---- drawn ---- */

static double draw_once(const rac_sim_law *law, rac_random *stream)
{
    switch (law->kind) {
    case RAC_SIM_CONSTANT:
        return law->a;
    case RAC_SIM_NORMAL:
        return law->a + law->b * rac_random_normal(stream);
    case RAC_SIM_LOGNORMAL:
        return law->a * exp(sqrt(log1p(law->b * law->b)) * rac_random_normal(stream));
    case RAC_SIM_UNIFORM:
        return law->a + (law->b - law->a) * rac_random_uniform(stream);
    case RAC_SIM_CHANCE:
        return rac_random_uniform(stream) < law->a;
    }
    return NAN;
}

/* All laws of one person, in the order written, whether or not this model uses them: two models see the same
 * people.  Each law begins at a block of its own, so that one drawn again does not move the next. */
static rac_status draw_person(const rac_sim_people *people, uint64_t person, double *drawn, rac_error *err)
{
    enum { TRIES = 10000, APART = 1 << 16 };
    for (size_t i = 0; i < people->law_count; i++) {
        const rac_sim_law *law = &people->laws[i];
        rac_random stream = rac_random_open(people->seed, person, RAC_RANDOM_COVARIATE);
        stream.block = (uint32_t)i * APART;
        int tries = 0;
        do
            drawn[i] = draw_once(law, &stream);
        while ((drawn[i] < law->low || drawn[i] > law->high) && ++tries < TRIES);
        if (tries == TRIES)
            return rac_fail(err, RAC_INVALID, "almost nobody's %s lies inside the limits given", law->name);
    }
    return RAC_OK;
}

bool rac_sim_is_outside(const rac_model *model, const double *covariates)
{
    bool outside = false;
    for (size_t c = 0; c < rac_model_covariates(model); c++) {
        const rac_covariate *covariate = rac_model_covariate(model, c);
        outside |= covariates[c] < covariate->low || covariates[c] > covariate->high;
    }
    return outside;
}

rac_status rac_sim_draw(rac_sim_binding *binding, uint64_t first, size_t count, double *const *columns,
                        unsigned char *strange, rac_error *err)
{
    const rac_sim_people *people = binding->people;
    double drawn[RAC_SIM_COVARIATES + 1];
    for (size_t i = 0; i < count; i++) {
        const rac_status status = draw_person(people, first + i, drawn, err);
        if (status)
            return status;
        unsigned char outside = 0;
        for (size_t c = 0; c < binding->count; c++) {
            const rac_covariate *covariate = rac_model_covariate(binding->model, c);
            const double value = binding->law[c] >= 0 ? drawn[binding->law[c]]
                                 : binding->table[c]  ? binding->table[c][(first + i) % people->table->rows]
                                                      : binding->constants[c];
            if (!rac_covariate_possible(covariate, value)) {
                const double shown = rac_quantity_from_base(value, rac_unit_of(covariate->unit)).value;
                rac_fail(err, RAC_INVALID, "person %llu has %s %.4g %s, which cannot be",
                         (unsigned long long)(first + i + 1), covariate->name, shown, covariate->unit);
                rac_error_hint(err, "limit what is drawn: in LOW..HIGH");
                return RAC_INVALID;
            }
            const bool beyond = value < covariate->low || value > covariate->high;
            binding->outside[c] += beyond;
            outside |= beyond;
            if (columns[c])
                columns[c][i] = value;
        }
        if (strange)
            strange[i] = outside;
    }
    binding->drawn += count;
    return RAC_OK;
}

void rac_sim_outside(rac_arena *arena, const rac_sim_binding *binding, const char ***lines, size_t *count)
{
    *lines = rac_many(arena, const char *, binding->count);
    *count = 0;
    for (size_t c = 0; c < binding->count; c++) {
        const rac_covariate *covariate = rac_model_covariate(binding->model, c);
        const rac_unit unit = rac_unit_of(covariate->unit);
        const double low = rac_quantity_from_base(covariate->low, unit).value;
        const double high = rac_quantity_from_base(covariate->high, unit).value;
        if (!binding->outside[c])
            continue;
        if (binding->outside[c] == binding->drawn && !binding->varies)
            (*lines)[(*count)++] = rac_format(arena, "%s %g %s, studied %g to %g %s", covariate->name,
                                              rac_quantity_from_base(binding->constants[c], unit).value,
                                              covariate->unit, low, high, covariate->unit);
        else
            (*lines)[(*count)++] = rac_format(
                arena, "%s: %.3g %% of people outside %g to %g %s", covariate->name,
                100 * (double)binding->outside[c] / (double)binding->drawn, low, high, covariate->unit);
    }
}
