/* study/frame.h: the chart as the estimators want it. */
#ifndef RACEMATE_STUDY_FRAME_H
#define RACEMATE_STUDY_FRAME_H

#include "racemate/study.h"

/* Options with their zero values filled in. */
rac_study_options rac_study_filled(const rac_study_options *options);

static inline double rac_frame_score(const rac_chart *chart, size_t patient, size_t visit)
{
    return chart->score[patient * chart->visits + visit];
}
static inline double rac_frame_change(const rac_chart *chart, size_t patient, size_t visit)
{
    return rac_frame_score(chart, patient, visit) - rac_frame_score(chart, patient, 0);
}
/* The change at the last visit with a score; NaN when there is none or no baseline. */
double rac_frame_last_change(const rac_chart *chart, size_t patient);

/* Patients with a baseline, changes over the visits seen in both arms: what the mixed model reads. */
typedef struct rac_frame {
    size_t patients, visits;
    const size_t *patient; /* the chart's index of each */
    const size_t *visit;
    size_t left_out;
    const size_t *left_out_visit;
    const double *change; /* patients x visits */
    const double *baseline;
    const int32_t *arm;
    rac_mixed_covariate covariate;
    rac_mixed_usual model; /* borrows the frame */
} rac_frame;
/* RAC_INVALID: an arm where nobody has a baseline, no visit seen in both arms (the message names it). */
rac_status rac_frame_make(rac_arena *arena, const rac_chart *chart, rac_frame **frame, rac_error *err);
/* The same without patients whose keep is false. */
rac_frame *rac_frame_subset(rac_arena *arena, const rac_frame *frame, const bool *keep);
/* Fits and answers means; covariates at their mean over analysed rows. */
rac_status rac_frame_fit(rac_arena *arena, const rac_frame *frame, const rac_study_options *options,
                         rac_mixed_fit *fit, rac_mixed_means *means, rac_error *err);

/* Chosen covariates: by name, "BASE" the baseline score; all of them and BASE when none is named, leaving out
 * copies of the baseline and columns with one value. */
typedef struct rac_frame_column {
    const char *name;
    const double *value; /* chart->patients */
    size_t levels;
    const char *const *level_name;
} rac_frame_column;
rac_status rac_frame_columns(rac_arena *arena, const rac_chart *chart, const rac_study_options *options,
                             rac_frame_column **columns, size_t *count, rac_error *err);

#endif
