/* Rating scales as rows: see racemate/care/scales.h.
 *
 * Sources of each row stand in the row.  Wording is shipped for PHQ-9 (public domain: no permission needed to
 * reproduce) and MOAA/S (published table); QIDS-SR16 and MADRS carry item identifiers only. */
#include "racemate/care/scales.h"

static const char *const phq_anchors[] = {"Not at all", "Several days", "More than half the days",
                                          "Nearly every day"};

static const rac_scale_item phq9_items[] = {
    {"q1", "Little interest or pleasure in doing things", 0, 3, 0},
    {"q2", "Feeling down, depressed, or hopeless", 0, 3, 0},
    {"q3", "Trouble falling or staying asleep, or sleeping too much", 0, 3, 0},
    {"q4", "Feeling tired or having little energy", 0, 3, 0},
    {"q5", "Poor appetite or overeating", 0, 3, 0},
    {"q6", "Feeling bad about yourself, or that you are a failure or have let yourself or your family down",
     0, 3, 0},
    {"q7", "Trouble concentrating on things, such as reading the newspaper or watching television", 0, 3, 0},
    {"q8",
     "Moving or speaking so slowly that other people could have noticed; or the opposite, being so fidgety "
     "or "
     "restless that you have been moving around a lot more than usual",
     0, 3, 0},
    {"q9", "Thoughts that you would be better off dead or of hurting yourself in some way", 0, 3, 0},
};

static const rac_scale_band phq9_bands[] = {
    {0, 4, "none or minimal"},     {5, 9, "mild"},     {10, 14, "moderate"},
    {15, 19, "moderately severe"}, {20, 27, "severe"},
};

/* Domains 1 sleep, 2 appetite and weight, 3 psychomotor: the highest item counts. */
static const rac_scale_item qids_items[] = {
    {"q1", NULL, 0, 3, 1},  {"q2", NULL, 0, 3, 1},  {"q3", NULL, 0, 3, 1},  {"q4", NULL, 0, 3, 1},
    {"q5", NULL, 0, 3, 0},  {"q6", NULL, 0, 3, 2},  {"q7", NULL, 0, 3, 2},  {"q8", NULL, 0, 3, 2},
    {"q9", NULL, 0, 3, 2},  {"q10", NULL, 0, 3, 0}, {"q11", NULL, 0, 3, 0}, {"q12", NULL, 0, 3, 0},
    {"q13", NULL, 0, 3, 0}, {"q14", NULL, 0, 3, 0}, {"q15", NULL, 0, 3, 3}, {"q16", NULL, 0, 3, 3},
};

static const rac_scale_band qids_bands[] = {
    {0, 5, "none"}, {6, 10, "mild"}, {11, 15, "moderate"}, {16, 20, "severe"}, {21, 27, "very severe"},
};

static const rac_scale_item madrs_items[] = {
    {"q1", NULL, 0, 6, 0}, {"q2", NULL, 0, 6, 0},  {"q3", NULL, 0, 6, 0}, {"q4", NULL, 0, 6, 0},
    {"q5", NULL, 0, 6, 0}, {"q6", NULL, 0, 6, 0},  {"q7", NULL, 0, 6, 0}, {"q8", NULL, 0, 6, 0},
    {"q9", NULL, 0, 6, 0}, {"q10", NULL, 0, 6, 0},
};

static const rac_scale_band madrs_bands[] = {
    {0, 6, "absent"},
    {7, 19, "mild"},
    {20, 34, "moderate"},
    {35, 60, "severe"},
};

static const char *const moaas_anchors[] = {
    "No response to a painful squeeze of the trapezius",
    "Responds only to a painful squeeze of the trapezius",
    "Responds only to mild prodding or shaking",
    "Responds only when the name is called loudly or repeatedly",
    "Lethargic response to the name in a normal tone",
    "Responds readily to the name in a normal tone",
};

static const rac_scale_item moaas_items[] = {{"level", "Response to stimulation", 0, 5, 0}};

static const rac_scale_band moaas_bands[] = {
    {0, 0, "no response"},           {1, 1, "painful squeeze"}, {2, 2, "prodding"},
    {3, 3, "loud or repeated name"}, {4, 4, "lethargic"},       {5, 5, "alert"},
};

#define ROWS(array) array, (int)(sizeof(array) / sizeof *(array))

static const rac_scale scales[] = {
    {"PHQ-9", "Patient Health Questionnaire, nine items", "standard", phq_anchors, ROWS(phq9_items), 0, 27,
     true, 8, 0, "every item must be answered", ROWS(phq9_bands),
     "public domain; no permission needed to reproduce, translate, display or distribute",
     "ucam-department-of-psychiatry/camcops@56a303e1 docs/source/tasks/phq9.rst"},
    {"QIDS-SR16", "Quick Inventory of Depressive Symptomatology, self-report, 16 items", "self-report", NULL,
     ROWS(qids_items), 0, 27, true, 11, 0,
     "every item must be answered, except where a domain already holds its highest score", ROWS(qids_bands),
     "electronic use unresolved: item identifiers and scoring only, a licensed site loads its own wording",
     "nine domains: max(q1..q4) + q5 + max(q6..q9) + q10 + q11 + q12 + q13 + q14 + max(q15, q16); Rush et "
     "al. 2003, "
     "doi:10.1016/S0006-3223(02)01866-8"},
    {"MADRS", "Montgomery-Asberg Depression Rating Scale", "clinician-rated", NULL, ROWS(madrs_items), 0, 60,
     true, 9, 0, "every item must be answered", ROWS(madrs_bands),
     "copyright Royal College of Psychiatrists; item identifiers and scoring only",
     "Montgomery and Asberg 1979, doi:10.1192/bjp.134.4.382; bands 0-6, 7-19, 20-34, 35-60 (other cuts "
     "exist)"},
    {"MOAA/S", "Modified Observer's Assessment of Alertness/Sedation", "0-5, higher is more alert",
     moaas_anchors, ROWS(moaas_items), 0, 5, false, -1, 0, "the level must be given", ROWS(moaas_bands),
     "published table",
     "https://bmcanesthesiol.biomedcentral.com/articles/10.1186/s12871-022-01788-1/tables/2"},
};

const rac_scale *rac_scale_list(size_t *count)
{
    *count = sizeof scales / sizeof *scales;
    return scales;
}

rac_status rac_scale_find(rac_text id, const rac_scale **scale, rac_error *err)
{
    enum { count = sizeof scales / sizeof *scales };
    const char *known[count];
    for (size_t i = 0; i < count; i++) {
        known[i] = scales[i].id;
        if (rac_text_is(id, scales[i].id)) {
            *scale = &scales[i];
            return RAC_OK;
        }
    }
    const rac_status status = rac_fail(err, RAC_NOT_FOUND, "no scale is called '%.*s'",
                                       (int)(id.size > 40 ? 40 : id.size), id.data);
    const char *nearest = rac_text_nearest(id, known, count);
    rac_error_hint(err, "%s%s", nearest ? "did you mean " : "known are PHQ-9, QIDS-SR16, MADRS and MOAA/S",
                   nearest ? nearest : "");
    return status;
}

static void set_total(rac_score *score, int total)
{
    score->total = total;
    score->total_known = true;
    for (int i = 0; i < score->scale->band_count; i++)
        if (total >= score->scale->bands[i].from && total <= score->scale->bands[i].to)
            score->band = score->scale->bands[i].name;
}

static rac_score empty_score(const rac_scale *scale, rac_instant at)
{
    rac_score score = {.scale = scale, .at = at, .suicide = RAC_SCALE_MISSING};
    for (int i = 0; i < RAC_SCALE_ITEMS_MAX; i++)
        score.items[i] = RAC_SCALE_MISSING;
    return score;
}

static rac_status check_answer(const rac_scale *scale, int index, int answer, rac_error *err)
{
    const rac_scale_item *item = &scale->items[index];
    if (answer == RAC_SCALE_MISSING || (answer >= item->low && answer <= item->high))
        return RAC_OK;
    const rac_status status = rac_fail(err, RAC_INVALID, "%s item %s is %d, allowed %d to %d", scale->id,
                                       item->id, answer, item->low, item->high);
    rac_error_field(err, item->id);
    return status;
}

/* The score of the domain that item `first` opens: the highest answer.  With an answer missing it is known
 * only when an answered item already has the highest score there is. */
static bool domain_score(const rac_scale *scale, const int *answers, int first, int *score)
{
    const int domain = scale->items[first].domain;
    int highest = RAC_SCALE_MISSING;
    bool missing = false;
    for (int i = first; i < scale->item_count; i++) {
        if (i != first && (domain == 0 || scale->items[i].domain != domain))
            continue;
        if (answers[i] == RAC_SCALE_MISSING)
            missing = true;
        else if (answers[i] > highest)
            highest = answers[i];
    }
    *score = highest;
    return !missing || highest == scale->items[first].high;
}

static bool opens_domain(const rac_scale *scale, int index)
{
    const int domain = scale->items[index].domain;
    for (int i = 0; domain && i < index; i++)
        if (scale->items[i].domain == domain)
            return false;
    return true;
}

rac_status rac_scale_score(const rac_scale *scale, const int *answers, int count, rac_instant at,
                           rac_score *score, rac_error *err)
{
    if (count != scale->item_count)
        return rac_fail(err, RAC_INVALID, "%s has %d items, %d answers were given", scale->id,
                        scale->item_count, count);
    *score = empty_score(scale, at);
    for (int i = 0; i < count; i++) {
        const rac_status status = check_answer(scale, i, answers[i], err);
        if (status)
            return status;
        score->items[i] = answers[i];
    }
    score->items_known = true;
    if (scale->suicide_item >= 0)
        score->suicide = answers[scale->suicide_item];
    int total = 0;
    for (int i = 0; i < count; i++) {
        int points;
        if (!opens_domain(scale, i))
            continue;
        if (!domain_score(scale, answers, i, &points))
            return RAC_OK; /* an answer like any other: the total is not known */
        total += points;
    }
    set_total(score, total);
    return RAC_OK;
}

rac_status rac_scale_total(const rac_scale *scale, int total, rac_instant at, rac_score *score,
                           rac_error *err)
{
    if (total < scale->low || total > scale->high)
        return rac_fail(err, RAC_INVALID, "%s total is %d, allowed %d to %d", scale->id, total, scale->low,
                        scale->high);
    *score = empty_score(scale, at);
    set_total(score, total);
    return RAC_OK;
}
