/* Separation of the outcomes: see separation.h. */
#include "stats/separation.h"

#include <math.h>

static const double on_border =
    1e-6; /* of the largest change; Newton's direction is this good after 14 steps */

rac_separation rac_separation_of(const rac_newton *newton)
{
    double most = 0, least = INFINITY;
    for (size_t i = 0; i < newton->rows; i++) {
        if (newton->weight && !(newton->weight[i] > 0))
            continue;
        const double towards = newton->y[i] > 0.5 ? newton->change[i] : -newton->change[i];
        most = fmax(most, fabs(towards));
        least = fmin(least, towards);
    }
    if (!(most > 0) || least < -on_border * most)
        return RAC_SEPARATION_NONE;
    return least > on_border * most ? RAC_SEPARATION_COMPLETE : RAC_SEPARATION_QUASI;
}

typedef struct column_range {
    double lowest[2], highest[2]; /* by outcome */
    double sum, squares;
    double count;
} column_range;

static column_range range_of(const rac_regression_data *data, size_t column)
{
    column_range range = {.lowest = {INFINITY, INFINITY}, .highest = {-INFINITY, -INFINITY}};
    for (size_t i = 0; i < data->rows; i++) {
        if (data->weight && !(data->weight[i] > 0))
            continue;
        const double x = data->x[i * data->columns + column];
        const int outcome = data->y[i] > 0.5;
        range.lowest[outcome] = fmin(range.lowest[outcome], x);
        range.highest[outcome] = fmax(range.highest[outcome], x);
        range.count++;
        range.sum += x;
        range.squares += x * x;
    }
    return range;
}

size_t rac_separation_column(rac_arena *arena, const rac_regression_data *data, const rac_basis *basis,
                             const rac_newton *newton)
{
    double *const direction = rac_many(arena, double, data->columns);
    rac_basis_coefficients(basis, newton->step, direction);
    size_t best = 0;
    double best_share = -1;
    for (size_t j = 0; j < data->columns; j++) {
        const column_range range = range_of(data, j);
        const double lowest = fmin(range.lowest[0], range.lowest[1]);
        const double highest = fmax(range.highest[0], range.highest[1]);
        if (!(highest > lowest))
            continue; /* constant */
        if (range.highest[0] <= range.lowest[1] || range.highest[1] <= range.lowest[0])
            return j;
        const double mean = range.sum / range.count;
        const double share = fabs(direction[j]) * sqrt(fmax(0, range.squares / range.count - mean * mean));
        if (share > best_share) {
            best = j;
            best_share = share;
        }
    }
    return best;
}
