/* stats/mixed_random.c: predicted random effects, b_i = G Z_i' W_i r_i (Laird & Ware 1982). */
#include "stats/mixed_engine.h"

#include <string.h>

void mixed_random_effects(const mixed_engine *e, double *effect)
{
    const mixed_sums *const s = e->sums;
    const rac_mixed_design *const d = s->design;
    const double *const t = e->theta;
    const bool slope = e->kind == RAC_COVARIANCE_RANDOM_SLOPE;
    const double g11 = t[0] * t[0], g12 = slope ? t[0] * t[1] : 0;
    const double g22 = slope ? t[1] * t[1] + t[2] * t[2] : 0;
    memset(effect, 0, d->patients * 2 * sizeof *effect);
    for (size_t i = 0; i < d->patients; i++) {
        if (s->pattern_of[i] == UINT32_MAX)
            continue;
        const mixed_pattern *const k = &s->pattern[s->pattern_of[i]];
        const double *const w = e->w + k->square;
        double residual[RAC_MIXED_VISITS_MAX], level = 0, tilt = 0; /* Z' W r */
        for (size_t j = 0; j < k->seen; j++) {
            const double *const half = e->half + k->visit[j] * s->factors;
            residual[j] = d->outcome[i * s->visits + k->visit[j]] - s->outcome_mean[k->visit[j]];
            for (size_t f = 0; f < s->factors; f++)
                residual[j] -= half[f] * (d->factor[i * s->factors + f] - s->factor_mean[f]);
        }
        for (size_t j = 0; j < k->seen; j++) {
            const double z = !slope ? 0 : k->time ? k->time[j] : d->visit_time[k->visit[j]];
            const double weighted = mixed_dot(w + j * k->seen, residual, k->seen);
            level += weighted;
            tilt += z * weighted;
        }
        effect[2 * i] = g11 * level + g12 * tilt;
        effect[2 * i + 1] = g12 * level + g22 * tilt;
    }
}
