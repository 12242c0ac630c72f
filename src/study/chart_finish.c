/* What only the whole chart can show: which arms, baselines, order in time; and then the chart laid out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study/chart_draft.h"

/* ---- arms -------------------------------------------------------------------------------------------------
 */

static bool same_folded(rac_text a, rac_text b)
{
    return a.size == b.size && strncasecmp(a.data, b.data, a.size) == 0;
}

static bool starts_folded(rac_text text, rac_text prefix)
{
    return text.size >= prefix.size && strncasecmp(text.data, prefix.data, prefix.size) == 0;
}

static rac_text arms_listed(const rac_draft *draft)
{
    const char *text = "";
    for (size_t k = 0; k < draft->arms.count && k < 8; k++)
        text = rac_format(draft->arena, "%s%s'%.*s'", text, k ? ", " : "",
                          RAC_TEXT(rac_text_shorten(draft->arms.word[k], 40)));
    return rac_text_of(text);
}

/* The label that `asked` means: the same in any case, or the only one that starts with it. */
static size_t arm_asked(rac_draft *draft, const char *asked)
{
    size_t found = SIZE_MAX, starts = 0;
    const rac_text want = rac_text_of(asked);
    for (size_t k = 0; k < draft->arms.count; k++)
        if (same_folded(draft->arms.word[k], want))
            return k;
    for (size_t k = 0; k < draft->arms.count; k++)
        if (starts_folded(draft->arms.word[k], want)) {
            found = k;
            starts++;
        }
    if (starts == 1)
        return found;
    rac_error *problem =
        rac_draft_problem(draft, (rac_place){0}, "%s '%s'",
                          starts ? "more than one arm begins with" : "no patient is in arm", asked);
    rac_error_hint(problem, "the arms are %s", arms_listed(draft).data);
    return SIZE_MAX;
}

static bool contains_folded(rac_text text, const char *word)
{
    const size_t size = strlen(word);
    for (size_t i = 0; i + size <= text.size; i++)
        if (strncasecmp(text.data + i, word, size) == 0)
            return true;
    return false;
}

/* Two arms and nobody said which is which: esketamine is the reference, else the alphabetically first. */
static size_t usual_reference(const rac_draft *draft)
{
    const bool first = contains_folded(draft->arms.word[0], "esketamine");
    const bool second = contains_folded(draft->arms.word[1], "esketamine");
    if (first != second)
        return first ? 0 : 1;
    const rac_text a = draft->arms.word[0], b = draft->arms.word[1];
    const int order = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);
    return order < 0 || (order == 0 && a.size < b.size) ? 0 : 1;
}

/* By the mapping file: every label must be there. */
static void arms_mapped(rac_draft *draft, int *arm_of_word)
{
    static const char *const roles[] = {"reference", "treated", "ignored"};
    for (size_t k = 0; k < draft->arms.count; k++) {
        const rac_yaml *arms = draft->map.arms;
        size_t i = 0, role;
        while (i < arms->count && !rac_text_equal(arms->keys[i].text, draft->arms.word[k]))
            i++;
        if (i == arms->count) {
            for (size_t p = 0; p < draft->ids.count; p++)
                if (draft->patient[p].arm == k) {
                    rac_error_hint(rac_draft_problem(draft, draft->patient[p].at,
                                                     "arm '%.*s' is not in the mapping file",
                                                     RAC_TEXT(rac_text_shorten(draft->arms.word[k], 40))),
                                   "add it under 'arms' as treated, reference or ignored");
                    break;
                }
            continue;
        }
        for (role = 0; role < 3 && !rac_text_is(arms->items[i].text, roles[role]); role++) {
        }
        arm_of_word[k] = role < 2 ? (int)role : -1;
        if (role < 2 && !draft->chart->arm_name[role])
            draft->chart->arm_name[role] = rac_text_copy(draft->arena, draft->arms.word[k]);
    }
}

static void arms_spelled_twice(rac_draft *draft)
{
    for (size_t k = 1; k < draft->arms.count; k++)
        for (size_t j = 0; j < k; j++) {
            if (!same_folded(draft->arms.word[k], draft->arms.word[j]))
                continue;
            for (size_t p = 0; p < draft->ids.count; p++)
                if (draft->patient[p].arm == k) {
                    rac_draft_problem(draft, draft->patient[p].at,
                                      "one arm is spelled two ways: '%.*s' and '%.*s'",
                                      RAC_TEXT(draft->arms.word[j]), RAC_TEXT(draft->arms.word[k]));
                    break;
                }
        }
}

static void arms_chosen(rac_draft *draft, int *arm_of_word)
{
    const rac_chart_options *o = draft->options;
    size_t chosen[RAC_CHART_ARMS] = {SIZE_MAX, SIZE_MAX};
    if (o->treated && o->reference) {
        chosen[RAC_CHART_TREATED] = arm_asked(draft, o->treated);
        chosen[RAC_CHART_REFERENCE] = arm_asked(draft, o->reference);
        if (chosen[0] != SIZE_MAX && chosen[0] == chosen[1])
            rac_draft_problem(draft, (rac_place){0}, "an arm cannot be compared with itself");
    } else if (draft->arms.count == 2) {
        chosen[RAC_CHART_REFERENCE] = usual_reference(draft);
        chosen[RAC_CHART_TREATED] = 1 - chosen[RAC_CHART_REFERENCE];
    } else if (draft->arms.count) {
        rac_error *problem =
            rac_draft_problem(draft, (rac_place){0}, "the file has %zu arm%s: %s", draft->arms.count,
                              draft->arms.count == 1 ? "" : "s", arms_listed(draft).data);
        rac_error_hint(problem, draft->arms.count == 1 ? "a comparison needs patients in two arms"
                                                       : "choose two: --arms treated,reference");
    }
    for (int a = 0; a < RAC_CHART_ARMS; a++)
        if (chosen[a] != SIZE_MAX) {
            arm_of_word[chosen[a]] = a;
            draft->chart->arm_name[a] = rac_text_copy(draft->arena, draft->arms.word[chosen[a]]);
        }
}

/* arm_of_word[k]: 0, 1, or -1 for an arm that is not compared. */
static int *arms_of(rac_draft *draft)
{
    int *arm_of_word = rac_many(draft->arena, int, draft->arms.count + 1);
    for (size_t k = 0; k < draft->arms.count; k++)
        arm_of_word[k] = -1;
    if (draft->map.arms)
        arms_mapped(draft, arm_of_word);
    else {
        arms_spelled_twice(draft);
        if (!draft->problems->count)
            arms_chosen(draft, arm_of_word);
    }
    return arm_of_word;
}

/* ---- scores -----------------------------------------------------------------------------------------------
 */

static int by_patient_and_visit(const void *a, const void *b)
{
    const rac_draft_score *x = a, *y = b;
    if (x->patient != y->patient)
        return x->patient < y->patient ? -1 : 1;
    if (x->visit != y->visit)
        return x->visit < y->visit ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Files are mostly in this order already, and a sort takes as much memory again. */
static bool in_order(const rac_draft *draft)
{
    for (size_t i = 1; i < draft->scores; i++)
        if (by_patient_and_visit(&draft->score[i - 1], &draft->score[i]) > 0)
            return false;
    return true;
}

static rac_place place_of(const rac_draft *draft, const rac_draft_score *score)
{
    return (rac_place){draft->score_at.sheet, score->row, draft->score_at.column};
}

/* Sorted scores: one a patient and visit, days not running backwards. */
static void check_scores(rac_draft *draft)
{
    if (!in_order(draft))
        qsort(draft->score, draft->scores, sizeof *draft->score, by_patient_and_visit);
    for (size_t i = 1; i < draft->scores; i++) {
        const rac_draft_score *was = &draft->score[i - 1], *is = &draft->score[i];
        if (was->patient != is->patient)
            continue;
        const double day = rac_sheet_number(draft->score_at.sheet, is->row, draft->day_column),
                     before = rac_sheet_number(draft->score_at.sheet, was->row, draft->day_column);
        const rac_text id = rac_text_shorten(draft->ids.word[is->patient], 40);
        if (was->visit == is->visit)
            rac_draft_problem(draft, place_of(draft, is),
                              is->visit == 0 ? "patient '%.*s' has two baselines; the other is on line %d"
                                             : "patient '%.*s' has this visit twice; the other is on line %d",
                              RAC_TEXT(id), draft->score_at.sheet->lines[was->row]);
        else if (day < before)
            rac_draft_problem(
                draft, place_of(draft, is),
                "patient '%.*s': visits are out of order, day %g here and day %g for the visit before",
                RAC_TEXT(id), day, before);
    }
}

static size_t visit_index(const rac_draft *draft, double number)
{
    size_t v = 0;
    while (v < draft->visits && draft->visit[v] != number)
        v++;
    return v;
}

/* ---- laying out
 * ------------------------------------------------------------------------------------------------ */

/* place[p]: the patient's index in the chart, SIZE_MAX when in no compared arm. */
static size_t *places(rac_draft *draft, const int *arm_of_word)
{
    rac_chart *chart = draft->chart;
    size_t *place = rac_many(draft->arena, size_t, draft->ids.count + 1);
    for (size_t p = 0; p < draft->ids.count; p++) {
        const size_t word = draft->patient[p].arm;
        const bool in = word != SIZE_MAX && arm_of_word[word] >= 0;
        place[p] = in ? chart->patients++ : SIZE_MAX;
        chart->patients_other += !in;
    }
    return place;
}

static void lay_patients(rac_draft *draft, const int *arm_of_word, const size_t *place)
{
    rac_chart *chart = draft->chart;
    const size_t n = chart->patients;
    const char **id = rac_many(draft->arena, const char *, n),
               **reason = rac_many(draft->arena, const char *, n);
    int32_t *arm = rac_many(draft->arena, int32_t, n);
    double *last = rac_many(draft->arena, double, n);
    bool *safety = rac_many(draft->arena, bool, n);
    for (size_t p = 0; p < draft->ids.count; p++) {
        const rac_draft_patient *from = &draft->patient[p];
        const size_t k = place[p];
        if (k == SIZE_MAX)
            continue;
        id[k] = rac_text_copy(draft->arena, draft->ids.word[p]);
        arm[k] = arm_of_word[from->arm];
        last[k] = from->last;
        reason[k] = from->reason;
        safety[k] = from->safety;
    }
    chart->id = id;
    chart->arm = arm;
    chart->last = last;
    chart->reason = reason;
    chart->safety = safety;
}

static void lay_scores(rac_draft *draft, const size_t *place)
{
    rac_chart *chart = draft->chart;
    chart->visits = draft->visits;
    chart->visit_name = draft->visit_name;
    chart->visit_number = draft->visit;
    double *score = rac_many(draft->arena, double, chart->patients * chart->visits);
    for (size_t i = 0; i < chart->patients * chart->visits; i++)
        score[i] = NAN;
    double *last = (double *)chart->last;
    bool *known = rac_many(draft->arena, bool, chart->patients);
    for (size_t p = 0; p < chart->patients; p++)
        known[p] = !isnan(last[p]);
    for (size_t i = 0; i < draft->scores; i++) {
        const rac_draft_score *s = &draft->score[i];
        const size_t k = place[s->patient], v = visit_index(draft, s->visit);
        if (k == SIZE_MAX || v == chart->visits)
            continue;
        const double value = rac_sheet_number(draft->score_at.sheet, s->row, draft->score_at.column);
        chart->rows++;
        score[k * chart->visits + v] = value;
        if (!known[k] && !isnan(value) && !(last[k] >= s->visit))
            last[k] = s->visit;
    }
    chart->score = score;
    for (size_t p = 0; p < chart->patients; p++)
        chart->patients_without_baseline += isnan(score[p * chart->visits]) ? 1 : 0;
}

static void lay_covariates(rac_draft *draft, const size_t *place)
{
    rac_chart *chart = draft->chart;
    for (size_t c = 0; c < draft->covariates; c++) {
        double *value = rac_many(draft->arena, double, chart->patients);
        size_t missing = 0;
        for (size_t p = 0; p < draft->ids.count; p++)
            if (place[p] != SIZE_MAX) {
                value[place[p]] = draft->covariate[c].value[p];
                missing += isnan(value[place[p]]) ? 1 : 0;
            }
        draft->covariate[c].value = value;
        draft->covariate[c].missing = missing;
    }
    chart->covariate = draft->covariate;
    chart->covariates = draft->covariates;
}

static void lay_endpoints(rac_draft *draft, const size_t *place)
{
    for (size_t e = 0; e < draft->endpoints; e++) {
        rac_chart_endpoint *end = &draft->endpoint[e];
        size_t *patient = (size_t *)end->patient, kept = 0;
        double *time = (double *)end->time;
        bool *event = (bool *)end->event;
        for (size_t i = 0; i < end->count; i++) {
            if (place[patient[i]] == SIZE_MAX)
                continue;
            patient[kept] = place[patient[i]];
            time[kept] = time[i];
            event[kept++] = event[i];
        }
        end->count = kept;
    }
    draft->chart->endpoint = draft->endpoint;
    draft->chart->endpoints = draft->endpoints;
    size_t kept = 0;
    for (size_t i = 0; i < draft->events; i++)
        if (place[draft->event[i].patient] != SIZE_MAX) {
            draft->event[kept] = draft->event[i];
            draft->event[kept].patient = place[draft->event[i].patient];
            kept++;
        }
    draft->chart->event = draft->event;
    draft->chart->events = kept;
}

static void check_arms_filled(rac_draft *draft)
{
    size_t n[RAC_CHART_ARMS] = {0};
    for (size_t p = 0; p < draft->chart->patients; p++)
        n[draft->chart->arm[p]]++;
    for (int a = 0; a < RAC_CHART_ARMS; a++)
        if (!n[a] && !draft->problems->count)
            rac_draft_problem(draft, (rac_place){0}, "nobody is in the %s arm%s%s",
                              a ? "treated" : "reference", draft->chart->arm_name[a] ? ", " : "",
                              draft->chart->arm_name[a] ? draft->chart->arm_name[a] : "");
}

rac_status rac_draft_finish(rac_draft *draft)
{
    check_scores(draft);
    if (draft->visits == RAC_MIXED_VISITS_MAX)
        rac_draft_problem(draft, (rac_place){0}, "more than %d visits", RAC_MIXED_VISITS_MAX - 1);
    if (draft->scores && draft->visits && draft->visit[0] != 0)
        rac_error_hint(rac_draft_problem(draft, place_of(draft, &draft->score[0]),
                                         "nobody has a baseline: no row is visit 0"),
                       "say under 'visits' in the mapping file which label is 0");
    const int *arm_of_word = arms_of(draft);
    if (!draft->problems->count) {
        const size_t *place = places(draft, arm_of_word);
        lay_patients(draft, arm_of_word, place);
        lay_scores(draft, place);
        lay_covariates(draft, place);
        lay_endpoints(draft, place);
        check_arms_filled(draft);
    }
    if (draft->said)
        rac_draft_note(draft, "%zu further problems are not listed.", draft->said);
    draft->chart->note = draft->note;
    draft->chart->notes = draft->notes;
    draft->chart->column = draft->column;
    draft->chart->columns = draft->columns;
    return draft->problems->count ? RAC_INVALID : RAC_OK;
}

const rac_chart_covariate *rac_chart_covariate_find(const rac_chart *chart, const char *name)
{
    for (size_t c = 0; c < chart->covariates; c++)
        if (strcmp(chart->covariate[c].name, name) == 0)
            return &chart->covariate[c];
    return NULL;
}

double rac_chart_remission(const rac_chart *chart, const char **source)
{
    static const struct {
        const char *scale;
        double at_most;
        const char *source;
    } rows[] = {
        {"QIDS-SR16", 5,
         "0 to 5 is no depression on the scale's own page, http://ids-qids.org/interpretation.html, after "
         "Rush "
         "2003 and Trivedi 2004"},
        {"PHQ-9", 4, "below 5, as in doi:10.1176/appi.ps.201900295"},
        {"MADRS", 10,
         "10 or less as in KetECT, https://pmc.ncbi.nlm.nih.gov/articles/PMC9154276 (an anchor-based study "
         "uses below 10)"},
    };
    for (size_t i = 0; chart->scale && i < sizeof rows / sizeof *rows; i++)
        if (strcmp(chart->scale->id, rows[i].scale) == 0) {
            *source = rows[i].source;
            return rows[i].at_most;
        }
    *source = "no cut-off is known for this scale";
    return NAN;
}
