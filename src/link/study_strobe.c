/* The STROBE list for cohort studies: what this document fills, and what the authors must write.
 *
 * Items: von Elm et al. 2007, doi:10.1371/journal.pmed.0040296, in our words.  An item is filled only by what
 * was computed from this chart; when an analysis could not be made, its item says so. */
#include "link/study_parts.h"

/* What an item needs before this document may call it filled. */
typedef enum need {
    NOBODY, /* the program cannot know: the authors write it */
    CHART,  /* a chart is enough */
    DESCRIBED,
    COMPARED,
    RESPONDED,
    BALANCED,
    IMPUTED
} need;

static const struct item {
    const char *number, *asks;
    need need;
    study_part part;  /* where it is, when filled */
    const char *text; /* when filled: what is there; of NOBODY: what to write */
} items[] = {
    {"1a", "design named in the title or abstract", NOBODY, PART_GLANCE,
     "Say in the title or abstract that this is an observational comparison from a clinic's charts"},
    {"1b", "balanced summary", NOBODY, PART_GLANCE,
     "Write the abstract; the numbers at a glance are in section 1"},
    {"2", "background and rationale", NOBODY, PART_GLANCE, "Why the comparison was made, and what is known"},
    {"3", "objectives, hypotheses", NOBODY, PART_GLANCE,
     "State the objective and the one primary result, and where that was written down beforehand"},
    {"4", "key elements of the design", CHART, PART_METHODS,
     "Two treatments compared within one chart, nobody randomised"},
    {"5", "setting, places, dates", NOBODY, PART_FLOW,
     "Clinic, country, dates of treatment and of follow-up, doses, devices, monitoring"},
    {"6a", "eligibility, sources, selection, follow-up", NOBODY, PART_FLOW,
     "Who was eligible for each treatment, and how charts were found"},
    {"6b", "matching", CHART, PART_WEIGHTS, "No matching; weights instead"},
    {"7", "outcomes, exposures, confounders defined", CHART, PART_METHODS,
     "Outcome, response, remission, covariates; say how each covariate was established"},
    {"8", "sources and methods of measurement", NOBODY, PART_METHODS,
     "Who gave the scale, when relative to the infusion, and whether it was the same in both arms"},
    {"9", "efforts against bias", BALANCED, PART_WEIGHTS,
     "Overlap weights and E-values; say what else was done, for instance blind scoring"},
    {"10", "study size", NOBODY, PART_FLOW,
     "How the number of patients came about; racemate study power answers what it could find"},
    {"11", "quantitative variables", CHART, PART_METHODS,
     "Scores and covariates as numbers, not cut into groups"},
    {"12a", "statistical methods, confounding", BALANCED, PART_METHODS, "Model, weights, degrees of freedom"},
    {"12b", "subgroups and interactions", CHART, PART_METHODS,
     "Arm by session; no other subgroup was examined"},
    {"12c", "missing data", IMPUTED, PART_MISSING,
     "Missing at random in the model; other assumptions beside it"},
    {"12d", "loss to follow-up", IMPUTED, PART_MISSING, "Reference-based assumptions for those who left"},
    {"12e", "sensitivity analyses", IMPUTED, PART_MISSING, "MAR, J2R, CIR, CR, tipping point, E-values"},
    {"13a", "numbers at each stage", CHART, PART_FLOW,
     "From the chart on; add how many were eligible and asked"},
    {"13b", "reasons for not taking part", CHART, PART_FLOW,
     "Reasons for leaving; add reasons for never starting"},
    {"13c", "flow diagram", CHART, PART_FLOW, "As a table by session"},
    {"14a", "characteristics of patients", DESCRIBED, PART_BASELINE, "What the chart holds, by arm"},
    {"14b", "missing data per variable", DESCRIBED, PART_BASELINE, "By arm"},
    {"14c", "time of follow-up", CHART, PART_FLOW, "Sessions attended; add the calendar time"},
    {"15", "outcome events or summaries over time", COMPARED, PART_CHANGE, "Means by session and arm"},
    {"16a", "unadjusted and adjusted estimates", BALANCED, PART_WEIGHTS, "Side by side, with intervals"},
    {"16b", "boundaries of categories", RESPONDED, PART_RESPONSE,
     "Response and remission, with the cut-off's source"},
    {"16c", "absolute risks", RESPONDED, PART_RESPONSE, "Differences in percentage points, NNT"},
    {"17", "other analyses", COMPARED, PART_ONSET, "Onset with equal arms, time to response, side effects"},
    {"18", "key results", NOBODY, PART_GLANCE, "Summarise against the objectives"},
    {"19", "limitations", CHART, PART_LIMITS,
     "Those of any chart; add those of this clinic, with their direction"},
    {"20", "interpretation", NOBODY, PART_LIMITS, "A cautious reading beside other evidence"},
    {"21", "generalisability", NOBODY, PART_LIMITS, "To whom this applies"},
    {"22", "funding", NOBODY, PART_LIMITS, "Funders and their role"},
};
enum { item_count = sizeof items / sizeof *items };

static const study_made *made_for(const study_page *page, need what)
{
    switch (what) {
    case DESCRIBED:
        return &page->described;
    case COMPARED:
        return &page->compared;
    case RESPONDED:
        return &page->responded;
    case BALANCED:
        return &page->balanced;
    case IMPUTED:
        return &page->imputed;
    case NOBODY:
    case CHART:
        break;
    }
    return NULL;
}

void study_write_strobe(study_page *page)
{
    size_t filled = 0;
    study_heading(page, PART_STROBE);
    const char *state[item_count], *text[item_count];
    for (size_t i = 0; i < item_count; i++) {
        const study_made *made = made_for(page, items[i].need);
        text[i] = items[i].text;
        if (items[i].need == NOBODY) {
            state[i] = "to be written";
        } else if (made && !made->made) {
            state[i] = "not available";
            text[i] = made->why.message;
        } else {
            state[i] = study_section(page->arena, items[i].part);
            filled++;
        }
    }
    rac_document_paragraph(
        page->document,
        rac_format(
            page->arena,
            "Of %d items and sub-items for cohort studies, %zu are filled from this chart (the section is "
            "named; what else must be added is said) and %zu are missing here and must be written by the "
            "authors. STROBE: von Elm 2007, doi:10.1371/journal.pmed.0040296.",
            (int)item_count, filled, item_count - filled));
    rac_table *t = rac_document_table(page->document, "Items", "lwlw");
    rac_table_row(t, RAC_ROW_HEAD, "item", "asks for", "where", "what is there, or what to write");
    for (size_t i = 0; i < item_count; i++)
        rac_table_row(t, RAC_ROW_PLAIN, items[i].number, items[i].asks, state[i], text[i]);
}
