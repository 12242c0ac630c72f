/* stats/mixed_structure.h: the covariance of the visits as a function of its parameters.
 *
 * Every kind writes an entry as Sigma_ij = exp(a_i + a_j) rho_ij(phi), or as ZGZ' + s^2 I for random
 * coefficients, with first and second derivatives in closed form.  Parameters of a group, in order:
 *
 *   own variances     ln sd of each visit, then correlation parameters
 *   one variance      ln sd, then correlation parameters
 *   correlation       toep: m-1 of r = t/sqrt(1+t^2), by lag; adh, ad: m-1 of the same, between neighbours;
 *                     ar1: one of the same; cs: r = -1/(m-1) + (1 + 1/(m-1)) logistic(t)
 *   spatial           ln sd, t; r = logistic(t)^|time between|
 *   random intercept  l11, ln sd of the residual; variance l11^2
 *   random slope      l11, l21, l22, ln sd; G = [l11 0; l21 l22][..]'
 *   unstructured      ln sd of each visit, then the entries below the diagonal of a unit lower triangle T,
 *                     row by row: Sigma = D T T' D.  Used for the full Kenward-Roger alone; the fit itself
 *                     works in the entries of Sigma, where second derivatives vanish. */
#ifndef RACEMATE_SRC_STATS_MIXED_STRUCTURE_H
#define RACEMATE_SRC_STATS_MIXED_STRUCTURE_H

#include "racemate/stats/mixed.h"

/* What a covariance needs to know about the rows it covers. */
typedef struct mixed_shape {
    rac_covariance kind;
    size_t visits;       /* of the grid, or of the one pattern for own times */
    const double *time;  /* visits; NULL unless the kind uses times */
    const double *theta; /* of the group */
} mixed_shape;

bool mixed_structure_uses_time(rac_covariance kind);
bool mixed_structure_is_random(rac_covariance kind);
bool mixed_structure_has_own_variances(rac_covariance kind);

/* Sigma (visits x visits) and, unless NULL, derivatives (parameters x visits x visits). */
void mixed_structure_fill(const mixed_shape *shape, double *sigma, double *derivative);
/* second[a][b] += <g, d2 Sigma / da db>; g is visits x visits, symmetric. */
void mixed_structure_second(const mixed_shape *shape, const double *g, double *second, size_t stride);
/* out (visits x visits) = sum_ab v[a][b] d2 Sigma / da db. */
void mixed_structure_second_sum(const mixed_shape *shape, const double *v, size_t stride, double *out);

/* Correlation from its working parameter and back; `kind` and visits as above. */
double mixed_structure_correlation(rac_covariance kind, size_t visits, double t);
double mixed_structure_working(rac_covariance kind, size_t visits, double correlation);

#endif
