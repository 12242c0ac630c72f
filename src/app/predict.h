/* app/predict.h: what the files of predicted concentrations share: a model that speaks of a plan, and when it
 * is asked.
 *
 *     predict.c           the usual model, several side by side, the curve of a running session
 *     predict_average.c   several models as one, also by what a patient's samples say of each */
#ifndef RACEMATE_APP_PREDICT_H
#define RACEMATE_APP_PREDICT_H

#include "app/internal.h"
#include "racemate/pharma.h"

enum { RAC_PREDICT_MODELS = 3, RAC_PREDICT_ROWS = 10 };

/* A model that speaks of this plan, and what the pump gave and will give. */
typedef struct rac_predict_question {
    const char *file;
    rac_model *model;
    size_t output; /* ketamine */
    rac_regimen regimen;
    double *covariates; /* NAN where the file's default holds */
    double end_min;     /* when drug last flows */
} rac_predict_question;

/* One of `names` with commas ("racemic-venous"), checked: it comes with the program, runs, and is written for
 * the substance of the plan.  RAC_NOT_FOUND, RAC_REFUSED, RAC_UNSUPPORTED. */
rac_status rac_predict_ask(rac_arena *arena, const rac_plan *plan, rac_text name,
                           rac_predict_question *question, rac_error *err);

/* When a plan is looked at: every 30 min to 4 h, and the end of the infusion. */
typedef struct rac_predict_moment {
    double min; /* since the infusion began */
    const char *remark;
} rac_predict_moment;

typedef struct rac_predict_outlook {
    rac_predict_moment rows[RAC_PREDICT_ROWS];
    size_t count;
} rac_predict_outlook;
rac_predict_outlook rac_predict_moments(double end_min, double now_min);

/* Of how many virtual patients a band is made, and which. */
extern const size_t rac_predict_subjects;
extern const uint64_t rac_predict_seed;

#endif
