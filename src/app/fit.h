/* app/fit.h: one patient of a table, fitted; what `fit` and `dose` share. */
#ifndef RACEMATE_APP_FIT_H
#define RACEMATE_APP_FIT_H

#include "app/internal.h"
#include "racemate/pharma.h"

/* One subject of the table. */
typedef struct rac_app_fit {
    const rac_events_subject *subject;
    rac_fit_request ask;
    rac_fit fit;
    bool drawn; /* draws and curve are there */
    rac_fit_draws draws;
    double *times_h; /* of the curve */
    size_t times;
    rac_fit_curve curve; /* 5 % and 95 % */
    rac_error error;     /* why it could not be fitted; status RAC_OK when it could */
} rac_app_fit;

/* The table given as --data; its problems become the error, and all of them the reply. */
rac_status rac_app_events_argument(rac_call *call, const rac_model *model, rac_events *events,
                                   rac_reply *reply, rac_error *err);

/* Fits one subject, with `kept` draws when there are any.  What goes wrong stands in `out->error`: one
 * subject must not end the others.  Draws depend on the seed and on the subject's place in the table. */
void rac_app_fit_subject(rac_arena *arena, const rac_model *model, const rac_events_subject *subject,
                         const rac_fit_draw_options *options, bool whole_curve, rac_app_fit *out);

/* Observed against predicted, residuals, and a curve for each of the first subjects, as one SVG. */
rac_status rac_app_fit_plot(rac_arena *arena, const rac_model *model, const rac_app_fit *fits, size_t count,
                            rac_text *svg, rac_error *err);
enum { RAC_APP_FIT_PLOTTED = 24 };

#endif
