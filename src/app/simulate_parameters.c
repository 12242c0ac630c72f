/* The parameters of each person, one row each: id, [replicate,] and the parameters in base units. */
#include <math.h>
#include <string.h>

#include "app/simulate.h"

struct rac_sim_parameters {
    const rac_sim *sim;
    const rac_sim_arm *arm;
    rac_csv_writer csv;
    size_t count;   /* parameters */
    double *values; /* people of the block x parameters; NAN first: nobody */
    size_t people, capacity;
};

rac_status rac_sim_parameters_open(rac_sim *sim, rac_sim_parameters **parameters, rac_error *err)
{
    *parameters = NULL;
    if (!rac_call_value(sim->call, "parameters"))
        return RAC_OK;
    if (sim->arm_count > 1) {
        rac_fail(err, RAC_INVALID, "--parameters writes those of one model");
        rac_error_hint(err, "name one model file; the same seed gives the same people");
        return RAC_INVALID;
    }
    rac_sim_parameters *p = rac_new(sim->arena, rac_sim_parameters);
    *p = (rac_sim_parameters){.sim = sim,
                              .arm = &sim->arms[0],
                              .csv = rac_csv_writer_open(sim->arena, ','),
                              .count = rac_model_parameters(sim->arms[0].model)};
    rac_csv_write_string(&p->csv, "id");
    if (sim->table && sim->n > 1)
        rac_csv_write_string(&p->csv, "replicate");
    for (size_t i = 0; i < p->count; i++)
        rac_csv_write_string(&p->csv, rac_model_parameter_name(p->arm->model, i));
    rac_csv_end_row(&p->csv);
    *parameters = p;
    return RAC_OK;
}

void rac_sim_parameters_begin(rac_sim_parameters *p, size_t people)
{
    if (people > p->capacity) {
        p->capacity = people;
        p->values = rac_many(p->sim->arena, double, people * p->count);
    }
    p->people = people;
}

/* Those of the first epoch: in a table covariates may change later. */
void rac_sim_parameters_add(rac_sim_parameters *p, const rac_population_tile *tile, size_t place)
{
    for (int lane = 0; lane < tile->subjects; lane++) {
        double *person = p->values + (place + (size_t)lane) * p->count;
        for (size_t i = 0; i < p->count; i++)
            person[i] = tile->parameter_values[i * RAC_TILE + (size_t)lane];
        if (tile->failed >> lane & 1)
            person[0] = NAN;
    }
}

rac_status rac_sim_parameters_end(rac_sim_parameters *p, size_t group, uint64_t first, rac_error *err)
{
    rac_text bytes;
    for (size_t person = 0; person < p->people; person++) {
        const double *values = p->values + person * p->count;
        if (isnan(values[0]))
            continue;
        const uint64_t number = first + person + 1;
        rac_csv_write_number(&p->csv, p->sim->table ? p->arm->groups[group].id : (double)number);
        if (p->sim->table && p->sim->n > 1)
            rac_csv_write_integer(&p->csv, (int64_t)number);
        for (size_t i = 0; i < p->count; i++)
            rac_csv_write_number(&p->csv, values[i]);
        rac_csv_end_row(&p->csv);
    }
    const rac_status status = rac_csv_written(&p->csv, &bytes, err);
    return status ? status : rac_call_write(p->sim->call, "parameters", bytes.data, bytes.size, err);
}
