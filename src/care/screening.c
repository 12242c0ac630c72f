/* May this patient be treated, and why: see racemate/care/screening.h. */
#include "racemate/care/screening.h"

#include <string.h>

#include "care/values.h"

static const char *const decisions[] = {"eligible", "not eligible", "review", "cannot say yet"};
static const char *const verdicts[] = {"passes", "blocks", "asks for review", "needs facts"};

const char *rac_decision_name(rac_decision decision)
{
    return decisions[decision];
}

const char *rac_verdict_name(rac_verdict verdict)
{
    return verdicts[verdict];
}

/* ---- facts -----------------------------------------------------------------------------------------------
 */

const rac_fact *rac_fact_at(const rac_protocol *protocol, const rac_facts *facts, rac_text name,
                            rac_instant now)
{
    const rac_fact *latest = NULL;
    for (size_t i = 0; i < facts->count; i++) {
        const rac_fact *fact = &facts->items[i];
        if (rac_text_is(name, fact->name) && fact->at.ms <= now.ms &&
            (!latest || fact->at.ms >= latest->at.ms))
            latest = fact;
    }
    if (!latest)
        return NULL;
    const rac_fact_definition *definition = rac_protocol_fact(protocol, latest->name);
    if (!definition || definition->kind != latest->kind) /* answered under another protocol */
        return NULL;
    if (definition->valid_for.ms > 0 && now.ms - latest->at.ms > definition->valid_for.ms)
        return NULL;
    return latest;
}

static char *join(rac_arena *arena, rac_words words)
{
    char *line = rac_string_copy(arena, "");
    for (size_t i = 0; i < words.count; i++)
        line = rac_format(arena, "%s%s%s", line, i ? ", " : "", words.items[i]);
    return line;
}

static rac_status parse_truth(const rac_fact_definition *definition, rac_text answer, rac_fact *fact,
                              rac_error *err)
{
    static const char *const yes[] = {"yes", "y", "true"}, *const no[] = {"no", "n", "false"};
    for (size_t i = 0; i < 3; i++) {
        if (rac_text_is(answer, yes[i]) || rac_text_is(answer, no[i])) {
            fact->truth = rac_text_is(answer, yes[i]);
            return RAC_OK;
        }
    }
    const rac_status status =
        rac_fail(err, RAC_INVALID, "'%.*s' does not answer '%s'", (int)(answer.size > 40 ? 40 : answer.size),
                 answer.data, definition->ask);
    rac_error_hint(err, "answer yes or no");
    return status;
}

static rac_status parse_number(const rac_fact_definition *definition, rac_text answer, rac_fact *fact,
                               rac_error *err)
{
    rac_quantity quantity;
    rac_status status = rac_quantity_parse(answer, &quantity, err);
    if (status)
        return status;
    if (quantity.unit.text[0] == '\0') /* a bare number is in the unit the question names */
        fact->number = quantity.value;
    else if ((status = rac_quantity_in(quantity, rac_unit_of(definition->unit), &fact->number, err)))
        return status;
    if (fact->number < definition->low || fact->number > definition->high) {
        status = rac_fail(err, RAC_INVALID, "%s: %g %s is not plausible", definition->ask, fact->number,
                          definition->unit);
        rac_error_hint(err, "accepted: %g to %g %s", definition->low, definition->high, definition->unit);
    }
    return status;
}

static rac_status parse_word(rac_arena *arena, const rac_fact_definition *definition, rac_text answer,
                             rac_fact *fact, rac_error *err)
{
    for (size_t i = 0; i < definition->words.count; i++) {
        if (rac_text_is(answer, definition->words.items[i])) {
            fact->word = definition->words.items[i];
            return RAC_OK;
        }
    }
    const rac_status status =
        rac_fail(err, RAC_INVALID, "'%.*s' does not answer '%s'", (int)(answer.size > 40 ? 40 : answer.size),
                 answer.data, definition->ask);
    rac_error_hint(err, "answers: %s", join(arena, definition->words));
    return status;
}

rac_status rac_fact_parse(rac_arena *arena, const rac_fact_definition *definition, rac_text answer,
                          rac_instant at, rac_fact *fact, rac_error *err)
{
    const rac_text trimmed = rac_text_trim(answer);
    *fact = (rac_fact){.name = definition->name, .kind = definition->kind, .at = at};
    const rac_status status = definition->kind == RAC_FACT_TRUTH ? parse_truth(definition, trimmed, fact, err)
                              : definition->kind == RAC_FACT_NUMBER
                                  ? parse_number(definition, trimmed, fact, err)
                                  : parse_word(arena, definition, trimmed, fact, err);
    if (status)
        rac_error_field(err, definition->name);
    return status;
}

char *rac_fact_format(rac_arena *arena, const rac_fact_definition *definition, const rac_fact *fact)
{
    if (fact->kind == RAC_FACT_TRUTH)
        return rac_string_copy(arena, fact->truth ? "yes" : "no");
    if (fact->kind == RAC_FACT_WORD)
        return rac_string_copy(arena, fact->word);
    const bool pure = !definition->unit || strcmp(definition->unit, "1") == 0;
    return rac_format(arena, "%s%s%s", rac_number_format(arena, fact->number), pure ? "" : " ",
                      pure ? "" : definition->unit);
}

/* ---- rules
 * -------------------------------------------------------------------------------------------------- */

static rac_verdict judge(rac_rule_kind kind, rac_truth truth)
{
    if (truth == RAC_UNKNOWN)
        return RAC_NEEDS_FACTS;
    if (kind == RAC_RULE_REQUIRE)
        return truth == RAC_TRUE ? RAC_PASSES : RAC_BLOCKS;
    if (truth == RAC_FALSE)
        return RAC_PASSES;
    return kind == RAC_RULE_EXCLUDE ? RAC_BLOCKS : RAC_ASKS_REVIEW;
}

/* A block decides at once, whatever is still unknown.  Short of that, an unknown that could still block means
 * it cannot be said; an unknown caution does too, because a caution may need a decision. */
static rac_decision decide(const rac_rule_result *results, size_t count)
{
    bool unknown = false, review = false;
    for (size_t i = 0; i < count; i++) {
        if (results[i].verdict == RAC_BLOCKS)
            return RAC_NOT_ELIGIBLE;
        unknown = unknown || results[i].verdict == RAC_NEEDS_FACTS;
        review = review || results[i].verdict == RAC_ASKS_REVIEW;
    }
    return unknown ? RAC_CANNOT_SAY_YET : review ? RAC_REVIEW : RAC_ELIGIBLE;
}

static bool is_missing_in(const rac_rule_result *result, const char *name)
{
    for (size_t i = 0; i < result->missing.count; i++)
        if (strcmp(result->missing.items[i], name) == 0)
            return true;
    return false;
}

/* Blocking rules first; inside each group the order of the file's fact list, which its author chose. */
static rac_words facts_to_ask(rac_arena *arena, const rac_protocol *protocol, const rac_rule_result *results,
                              size_t count)
{
    const char **ask = rac_many(arena, const char *, protocol->fact_count);
    bool *listed = rac_many(arena, bool, protocol->fact_count);
    size_t asked = 0;
    for (int cautions = 0; cautions < 2; cautions++) {
        for (size_t f = 0; f < protocol->fact_count; f++) {
            for (size_t r = 0; !listed[f] && r < count; r++) {
                if ((results[r].rule->kind == RAC_RULE_CAUTION) != (cautions == 1) ||
                    !is_missing_in(&results[r], protocol->facts[f].name))
                    continue;
                listed[f] = true;
                ask[asked++] = protocol->facts[f].name;
            }
        }
    }
    return (rac_words){ask, asked};
}

typedef struct asking {
    const rac_protocol *protocol;
    const rac_facts *facts;
    rac_instant now;
} asking;

static rac_value look_up(const void *context, rac_text name)
{
    const asking *a = context;
    return rac_value_of_fact(a->protocol, a->facts, a->now, name);
}

rac_status rac_screening_decide(rac_arena *arena, const rac_protocol *protocol, const rac_facts *facts,
                                rac_instant now, rac_screening *screening, rac_error *err)
{
    const asking context = {protocol, facts, now};
    rac_rule_result *results = rac_many(arena, rac_rule_result, protocol->rule_count);
    for (size_t i = 0; i < protocol->rule_count; i++) {
        rac_answer answer;
        results[i].rule = &protocol->rules[i];
        const rac_status status = rac_value_evaluate(arena, protocol->rules[i].when, look_up, &context,
                                                     &answer, &results[i].explanation, err);
        if (status)
            return status;
        results[i].verdict = judge(protocol->rules[i].kind, rac_answer_truth(&answer));
        results[i].missing = (rac_words){answer.missing, answer.missing_count};
    }
    screening->results = results;
    screening->count = protocol->rule_count;
    screening->decision = decide(results, protocol->rule_count);
    screening->ask = facts_to_ask(arena, protocol, results, protocol->rule_count);
    return RAC_OK;
}
