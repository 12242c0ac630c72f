/* One virtual session, from the file's numbers to its outcome: see virtual.h. */
#include "study/virtual.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "study/virtual_visit.h"

static const double min_per_hour = 60;

const rac_instant rac_virtual_morning = {INT64_C(1772442000000)}; /* 2026-03-02 09:00 UTC */

static double number(const rac_virtual_patient *p, rac_virtual_name name)
{
    return p->number[name].value;
}

/* ---- the clinic ---- */

rac_status rac_virtual_covariates(const rac_model *model, double weight_kg, double age_year, double *values,
                                  rac_error *err)
{
    for (size_t i = 0; i < rac_model_covariates(model); i++) {
        const rac_covariate *c = rac_model_covariate(model, i);
        if (strcmp(c->name, "weight") == 0)
            values[i] = weight_kg;
        else if (strcmp(c->name, "age") == 0)
            values[i] = age_year * rac_unit_of("year").up / rac_unit_of("year").down;
        else if (c->has_fallback)
            values[i] = c->fallback;
        else
            return rac_fail(err, RAC_INVALID,
                            "the model '%s' asks for %s, which a virtual patient does not have",
                            rac_model_describe(model)->name, c->name);
    }
    return RAC_OK;
}

/* The typical driver at the end of the infusion the published rises belong to. */
static rac_status reference_of(rac_arena *arena, rac_virtual_clinic *clinic, rac_error *err)
{
    const rac_virtual_patient *p = clinic->patient;
    const double end_h = number(p, RAC_VIRTUAL_RISE_DURATION) / min_per_hour;
    double *covariates = rac_many(arena, double, rac_model_covariates(clinic->model));
    rac_status status = rac_virtual_covariates(clinic->model, number(p, RAC_VIRTUAL_WEIGHT_MEAN),
                                               number(p, RAC_VIRTUAL_AGE_MEAN), covariates, err);
    if (status)
        return status;
    rac_regimen regimen = rac_regimen_new(arena);
    rac_dose dose = rac_dose_infusion(
        0, clinic->route, number(p, RAC_VIRTUAL_RISE_DOSE) * number(p, RAC_VIRTUAL_WEIGHT_MEAN), end_h);
    rac_regimen_add(&regimen, dose);
    const rac_prediction_request request = {
        .covariates = covariates, .regimen = &regimen, .times_h = &end_h, .times = 1};
    rac_prediction prediction;
    if ((status = rac_pharma_predict(arena, clinic->model, &request, &prediction, err)))
        return status;
    clinic->reference = prediction.typical[clinic->driver];
    if (!(clinic->reference > 0))
        return rac_fail(err, RAC_INVALID, "'%s' is %g at the end of the reference infusion", p->driver,
                        clinic->reference);
    return RAC_OK;
}

rac_status rac_virtual_open(rac_arena *arena, const rac_virtual_patient *patient,
                            const rac_protocol *protocol, const rac_model *model, rac_virtual_clinic *clinic,
                            rac_error *err)
{
    const rac_model_about *about = rac_model_describe(model);
    rac_status status = rac_model_check_ready(model, err);
    *clinic = (rac_virtual_clinic){.patient = patient, .protocol = protocol, .model = model};
    if (status)
        return status;
    const size_t open = rac_protocol_open_places(protocol);
    if (open) {
        status = rac_fail(err, RAC_REFUSED, "%s has %zu open places", protocol->file, open);
        rac_error_hint(err, "give the site's values (protocols/demo-site.yaml shows how)");
        return status;
    }
    if (!strstr(about->substance, protocol->drug_form))
        return rac_fail(err, RAC_INVALID, "the protocol gives %s %s, the model is for %s",
                        protocol->drug_form, protocol->drug_name, about->substance);
    clinic->driver = rac_model_find_output(model, patient->driver);
    clinic->route = rac_model_find_route(model, protocol->route);
    if (clinic->driver < 0 || clinic->route < 0)
        return rac_fail(err, RAC_INVALID, "the model '%s' has no %s '%s'", about->name,
                        clinic->driver < 0 ? "output" : "route",
                        clinic->driver < 0 ? patient->driver : protocol->route);
    return reference_of(arena, clinic, err);
}

/* ---- what happened ---- */

static void close_curves(const rac_visit *v, const double *values, size_t outputs)
{
    rac_virtual_curves *curves = v->curves;
    size_t at = 0;
    for (size_t m = 0; m < curves->minutes; m++) {
        const int64_t ms = v->start.ms + (int64_t)m * 60000;
        while (at + 1 < v->change_count && v->changes[at + 1].at.ms <= ms)
            at++;
        curves->state[m] = (unsigned char)v->changes[at].state;
        curves->concentration[m] = values ? values[m * outputs + (size_t)v->clinic->driver] : 0;
        curves->sbp[m] = rac_virtual_true(&v->person, 0, curves->concentration[m]);
    }
}

/* ---- a session ---- */

static rac_status run(rac_visit *v, uint64_t seed, uint64_t subject, rac_error *err)
{
    const rac_virtual_clinic *clinic = v->clinic;
    const size_t minutes = v->curves ? v->curves->minutes : 0;
    double *covariates = rac_many(v->arena, double, rac_model_covariates(clinic->model));
    double *times_h = rac_many(v->arena, double, minutes);
    for (size_t m = 0; m < minutes; m++)
        times_h[m] = (double)m / min_per_hour;
    rac_status status =
        rac_virtual_covariates(clinic->model, v->person.weight_kg, v->person.age_year, covariates, err);
    if (status)
        return status;
    const double longest_h = number(clinic->patient, RAC_VIRTUAL_LONGEST_SESSION);
    const rac_control_request request = {.model = clinic->model,
                                         .covariates = covariates,
                                         .seed = seed,
                                         .subject = subject,
                                         .until_h = fmax(longest_h, minutes ? times_h[minutes - 1] : 0),
                                         .controller = rac_visit_turn,
                                         .context = v,
                                         .times_h = times_h,
                                         .times = minutes};
    rac_control_run answer;
    if ((status = rac_pharma_control(v->arena, &request, &answer, err)))
        return status;
    if (v->curves)
        close_curves(v, answer.values, rac_model_outputs(clinic->model));
    return RAC_OK;
}

rac_status rac_virtual_session(rac_arena *arena, const rac_virtual_clinic *clinic, uint64_t seed,
                               uint64_t subject, rac_virtual_outcome *outcome, rac_virtual_curves *curves,
                               const rac_event **events, rac_error *err)
{
    const double longest_h = number(clinic->patient, RAC_VIRTUAL_LONGEST_SESSION);
    const size_t minutes = (size_t)(longest_h * min_per_hour) + 1;
    const rac_virtual_person person = rac_virtual_draw(arena, clinic, seed, subject, minutes);
    rac_visit visit;
    rac_status status = rac_visit_open(arena, clinic, &person, rac_virtual_morning, outcome, &visit, err);
    visit.curves = curves;
    for (size_t m = 0; curves && m < curves->minutes; m++)
        curves->reading_sbp[m] = curves->reading_dbp[m] = NAN;
    bool ready = false;
    if (!status)
        status = rac_visit_prepare(&visit, &ready, err);
    if (!status && ready)
        status = run(&visit, seed, subject, err);
    else if (!status && curves)
        close_curves(&visit, NULL, 0);
    if (status)
        return status;
    rac_visit_close(&visit);
    if (events)
        *events = visit.events;
    return RAC_OK;
}
