/* Shrinkage over the subjects of a table: see racemate/pharma/fit.h. */
#include <math.h>

#include "pharma/fit_inside.h"

/* Mean and variance in one pass (Welford 1962, doi:10.1080/00401706.1962.10490022). */
typedef struct moments {
    double count, mean, squares;
} moments;

static void add(moments *m, double x)
{
    const double off = x - m->mean;
    m->count++;
    m->mean += off / m->count;
    m->squares += off * (x - m->mean);
}

static double shrinkage(const moments *m, double expected_sd)
{
    return m->count > 1 && expected_sd > 0 ? 1 - sqrt(m->squares / (m->count - 1)) / expected_sd : NAN;
}

static bool first_of_occasion(const rac_fit_request *ask, int epoch)
{
    for (int e = 0; e < epoch; e++)
        if (!ask->occasion || ask->occasion[e] == ask->occasion[epoch])
            return false;
    return true;
}

static void add_etas(const rac_model *m, const rac_fit_request *ask, const rac_fit *fit, moments *etas,
                     double *before)
{
    const int epochs = ask->epochs ? ask->epochs : 1;
    for (size_t b = 0; b < m->block_count; b++)
        for (int e = 0; e < epochs; e++)
            for (int i = 0; i < m->blocks[b].count; i++) {
                const size_t eta = (size_t)(m->blocks[b].first + i), at = (size_t)e * m->eta_count + eta;
                if (m->blocks[b].occasion ? !first_of_occasion(ask, e) : e > 0)
                    continue;
                add(&etas[eta], fit->etas[at]);
                before[eta] = fit->eta_sd_before[at];
            }
}

void rac_pharma_shrinkage(rac_arena *arena, const rac_model *model, const rac_fit_request *requests,
                          const rac_fit *fits, size_t count, rac_shrinkage *out)
{
    moments *etas = rac_many(arena, moments, model->eta_count),
            *residuals = rac_many(arena, moments, model->output_count);
    double *before = rac_many(arena, double, model->eta_count),
           *eta = rac_many(arena, double, model->eta_count),
           *residual = rac_many(arena, double, model->output_count);
    *out = (rac_shrinkage){.eta = eta, .residual = residual};
    for (size_t s = 0; s < count; s++) {
        if (!fits[s].converged)
            continue;
        out->subjects++;
        add_etas(model, &requests[s], &fits[s], etas, before);
        for (size_t i = 0; i < requests[s].sample_count; i++)
            if (!isnan(fits[s].residual[i]))
                add(&residuals[requests[s].samples[i].output], fits[s].residual[i]);
    }
    for (size_t i = 0; i < model->eta_count; i++)
        eta[i] = shrinkage(&etas[i], before[i]);
    for (size_t o = 0; o < model->output_count; o++)
        residual[o] = shrinkage(&residuals[o], 1);
}

int rac_model_eta_parameter(const rac_model *model, size_t eta)
{
    return model->etas[eta].parameter;
}
