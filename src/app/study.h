/* app/study.h: what the study commands share: a chart opened from whatever was given. */
#ifndef RACEMATE_APP_STUDY_H
#define RACEMATE_APP_STUDY_H

#include "app/app.h"
#include "link/study_document.h"

/* The chart and the options of an analysis from the call's arguments: --store, a tidy file, or --adsl and
 * --adqs.  Problems become the reply.  `inputs`, unless NULL, becomes what was read with its SHA-256. */
rac_status rac_study_open(rac_call *call, rac_chart *chart, rac_study_options *options,
                          rac_study_inputs *inputs, rac_reply *reply, rac_error *err);

/* A list "a,b" as separate names. */
size_t rac_study_names(rac_call *call, const char *argument, const char ***names);

#endif
