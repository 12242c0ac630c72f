/* racemate/care/scales.h: rating scales as table rows.
 *
 * A scale row holds item identifiers, ranges, direction, the scoring formula, the missing-item rule,
 * severity bands and the licence.  Wording ships only where the licence allows it.  A total entered
 * without its items is accepted and leaves every item, above all the suicide item, unknown.
 */
#ifndef RACEMATE_CARE_SCALES_H
#define RACEMATE_CARE_SCALES_H

#include "racemate/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RAC_SCALE_ITEMS_MAX = 24, RAC_SCALE_MISSING = -1 };

typedef struct rac_scale_item {
    const char *id;      /* "q9" */
    const char *wording; /* NULL where the licence does not allow shipping it */
    int low, high;
    int domain; /* items sharing a domain above 0 count as their maximum; 0 = counted by itself */
} rac_scale_item;

typedef struct rac_scale_band {
    int from, to; /* both included */
    const char *name;
} rac_scale_band;

typedef struct rac_scale {
    const char *id; /* "PHQ-9" */
    const char *title;
    const char *version;        /* where copies differ: which one this is */
    const char *const *anchors; /* wording of 0, 1, 2 ...; NULL where not shipped */
    const rac_scale_item *items;
    int item_count;
    int low, high; /* range of the total */
    bool higher_is_worse;
    int suicide_item;    /* index into items; -1 when it has none */
    int missing_allowed; /* items that may be missing; scored as missing_rule says */
    const char *missing_rule;
    const rac_scale_band *bands; /* cover low..high without gaps */
    int band_count;
    const char *licence;
    const char *source;
} rac_scale;

const rac_scale *rac_scale_list(size_t *count);
/* RAC_NOT_FOUND, with the nearest name as hint. */
rac_status rac_scale_find(rac_text id, const rac_scale **scale, rac_error *err);

/* One scored scale.  `total_known` is false when missing items leave it undecided. */
typedef struct rac_score {
    const rac_scale *scale;
    rac_instant at;
    bool total_known;
    int total;
    const char *band; /* severity in the scale's words; NULL without a total */
    /* Answers by item index, RAC_SCALE_MISSING where unanswered; all missing when only a total was given. */
    int items[RAC_SCALE_ITEMS_MAX];
    bool items_known;
    /* The suicide item: 0 = asked and denied, > 0 = positive, RAC_SCALE_MISSING = unknown.  A denial
     * never clears anybody: see the protocol's suicide screen. */
    int suicide;
} rac_score;

/* Scores answers given in item order; RAC_SCALE_MISSING for an unanswered one.  A wrong count or an
 * answer out of range is RAC_INVALID naming the item. */
rac_status rac_scale_score(const rac_scale *scale, const int *answers, int count, rac_instant at,
                           rac_score *score, rac_error *err);
/* A total only, e.g. from a letter or a scale whose wording may not be held here. */
rac_status rac_scale_total(const rac_scale *scale, int total, rac_instant at, rac_score *score,
                           rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
