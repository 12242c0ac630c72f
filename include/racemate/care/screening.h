/* racemate/care/screening.h: may this patient be treated under this protocol, and why.
 *
 * Protocol x facts -> a decision with the reason for each rule.  Unknown is not false: a rule over a
 * missing fact says what it needs, and never passes.  The program recommends; a clinician decides
 * and signs.
 */
#ifndef RACEMATE_CARE_SCREENING_H
#define RACEMATE_CARE_SCREENING_H

#include "racemate/protocol.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One answered fact.  Later answers replace earlier ones of the same name. */
typedef struct rac_fact {
    const char *name;
    rac_fact_kind kind;
    double number; /* in the unit of its definition */
    bool truth;
    const char *word;
    rac_instant at; /* when it was true */
} rac_fact;

typedef struct rac_facts {
    const rac_fact *items; /* any order */
    size_t count;
} rac_facts;

/* The answer to use at `now`: the latest with at <= now that has not outlived valid_for; NULL when
 * there is none (unknown). */
const rac_fact *rac_fact_at(const rac_protocol *protocol, const rac_facts *facts, rac_text name,
                            rac_instant now);

/* Reads what a person typed for a fact ("yes", "no", "3", "140 mmHg", "MDD"): RAC_INVALID names the
 * allowed answers or the plausible range; a number in another unit of the same dimension is converted. */
rac_status rac_fact_parse(rac_arena *arena, const rac_fact_definition *definition, rac_text answer,
                          rac_instant at, rac_fact *fact, rac_error *err);
/* The answer as people read it: "3", "140 mmHg", "yes", "MDD". */
char *rac_fact_format(rac_arena *arena, const rac_fact_definition *definition, const rac_fact *fact);

typedef enum rac_decision {
    RAC_ELIGIBLE,
    RAC_NOT_ELIGIBLE,
    RAC_REVIEW,        /* only cautions stand: a documented decision is needed */
    RAC_CANNOT_SAY_YET /* facts are missing */
} rac_decision;
const char *rac_decision_name(rac_decision decision); /* "eligible", "not eligible", ... */

typedef enum rac_verdict { RAC_PASSES, RAC_BLOCKS, RAC_ASKS_REVIEW, RAC_NEEDS_FACTS } rac_verdict;
const char *rac_verdict_name(rac_verdict verdict);

typedef struct rac_rule_result {
    const rac_rule *rule;
    rac_verdict verdict;
    const char *explanation; /* the expression with its values: "failed_trials 1 >= 2" */
    rac_words missing;       /* facts that could still decide it */
} rac_rule_result;

typedef struct rac_screening {
    rac_decision decision;
    const rac_rule_result *results; /* one a rule, in the protocol's order */
    size_t count;
    /* Facts worth asking next, the most useful first: those that can still exclude come before those that
     * only complete the picture, ties in the order of the file. */
    rac_words ask;
} rac_screening;

rac_status rac_screening_decide(rac_arena *arena, const rac_protocol *protocol, const rac_facts *facts,
                                rac_instant now, rac_screening *screening, rac_error *err);

#ifdef __cplusplus
}
#endif
#endif
