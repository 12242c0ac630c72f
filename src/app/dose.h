/* app/dose.h: what the files of `racemate dose` share. */
#ifndef RACEMATE_APP_DOSE_H
#define RACEMATE_APP_DOSE_H

#include "app/internal.h"
#include "racemate/pharma.h"

/* Doses of a substance that depression trials gave. */
typedef struct rac_app_studied {
    const char *substance;
    double low, high; /* in the unit of the dose */
    double minutes;
    const char *source;
} rac_app_studied;

/* What was asked, of whom, and the answer. */
typedef struct rac_app_search {
    rac_model *model;
    rac_search_request ask;
    rac_search_target *targets; /* those of the request */
    const char **words;         /* each target as it was typed */
    double *covariates;
    rac_regimen before;                /* --after: what the body has had; times below 0 */
    const char *before_words;          /* as it was typed; NULL */
    char *with;                        /* words about other drugs; "" without */
    const struct rac_app_fit *patient; /* NULL: the population */
    rac_app_studied studied;
    bool studied_known;
    const char *unit; /* of amounts: "mg/kg" or "mg" */
    rac_search_point *points;
} rac_app_search;

/* Limits and goals as typed, "ketamine < 300 ng/mL in 95 %; ...". */
rac_status rac_app_search_targets(rac_call *call, rac_app_search *search, rac_error *err);

/* Allowed amounts over durations, as one SVG. */
rac_status rac_app_search_plot(rac_arena *arena, const rac_app_search *search, rac_text *svg, rac_error *err);

/* "studied" when trials gave such a dose over such a time, else "cannot say". */
const char *rac_app_benefit(const rac_app_search *search, double minutes, double amount);

#endif
