/* Limits and goals as people type them: "ketamine < 300 ng/mL in 95 %", "ketamine > 100 ng/mL at 40 min in 80
 * %". */
#include <string.h>

#include "app/dose.h"
#include "base/units.h"

/* Cuts `text` at the last `word`; true when it was there. */
static bool cut(rac_text *text, const char *word, rac_text *after)
{
    const size_t size = strlen(word);
    for (size_t at = text->size >= size ? text->size - size + 1 : 0; at-- > 0;)
        if (memcmp(text->data + at, word, size) == 0) {
            *after = rac_text_trim((rac_text){text->data + at + size, text->size - at - size});
            *text = rac_text_trim((rac_text){text->data, at});
            return true;
        }
    return false;
}

static rac_status hours(rac_text text, double *h, rac_error *err)
{
    rac_duration duration;
    const rac_status status = rac_duration_parse(text, &duration, err);
    *h = status ? 0 : (double)duration.ms / 3.6e6;
    return status;
}

/* "at 40 min", "at end", "from 1 h to 2 h", "until 2 h", or nothing: always. */
static rac_status parse_when(rac_text *text, rac_search_target *to, rac_error *err)
{
    rac_text when, end;
    rac_status status = RAC_OK;
    if (cut(text, " at ", &when)) {
        to->at_end = rac_text_is(when, "end");
        if (!to->at_end)
            status = hours(when, &to->target.from_h, err);
        to->target.until_h = to->target.from_h;
        if (!status && !to->at_end && !(to->target.from_h > 0))
            status = rac_fail(err, RAC_INVALID, "a moment of a limit or goal is after the start");
    } else if (cut(text, " from ", &when)) {
        if (!cut(&when, " to ", &end))
            return rac_fail(err, RAC_INVALID, "'from %.*s' has no end: 'from 1 h to 2 h'", RAC_TEXT(when));
        if (!(status = hours(when, &to->target.from_h, err)))
            status = hours(end, &to->target.until_h, err);
    } else if (cut(text, " until ", &when)) {
        status = hours(when, &to->target.until_h, err);
    }
    return status;
}

static rac_status find_output(rac_arena *arena, const rac_model *model, rac_text name, int *output,
                              rac_error *err)
{
    const size_t count = rac_model_outputs(model);
    const char **known = rac_many(arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        known[i] = rac_model_output_name(model, i);
    *output = rac_model_find_output(model, rac_text_copy(arena, name));
    if (*output >= 0)
        return RAC_OK;
    rac_fail(err, RAC_INVALID, "the model '%s' has no output '%.*s'", rac_model_describe(model)->name,
             RAC_TEXT(name));
    const char *nearest = rac_text_nearest(name, known, count);
    const char *all = "";
    for (size_t i = 0; i < count; i++)
        all = rac_format(arena, "%s%s%s", all, i ? ", " : "", known[i]);
    rac_error_hint(err, nearest ? "did you mean %s?" : "it has %s", nearest ? nearest : all);
    return RAC_INVALID;
}

static rac_status parse_level(const rac_model *model, rac_text text, rac_target *to, rac_error *err)
{
    rac_quantity quantity;
    rac_unit unit;
    const char *base = rac_model_output_unit(model, (size_t)to->output);
    rac_status status = rac_quantity_parse(text, &quantity, err);
    if (status || (status = rac_unit_parse(rac_text_of(base), &unit, err)))
        return status;
    if ((status = rac_quantity_in(quantity, unit, &to->level, err))) {
        if (!quantity.unit.text[0]) /* the model's mg/L would be a thousand times what a laboratory writes */
            rac_error_hint(err, "write the unit: %g ng/mL, if that is meant", quantity.value);
        return status;
    }
    return to->level > 0 ? RAC_OK : rac_fail(err, RAC_INVALID, "'%.*s' is no level: above 0", RAC_TEXT(text));
}

static rac_status parse_share(rac_text text, double *share, rac_error *err)
{
    rac_quantity quantity;
    rac_status status = rac_quantity_parse(text, &quantity, err);
    if (!status)
        status = rac_quantity_in(quantity, rac_unit_of("%"), share, err);
    *share /= 100;
    if (!status && !(*share > 0 && *share <= 1))
        status = rac_fail(err, RAC_INVALID, "'%.*s' is no share of patients", RAC_TEXT(text));
    return status;
}

static rac_status parse_target(rac_arena *arena, const rac_model *model, rac_text typed, bool goal,
                               rac_search_target *to, rac_error *err)
{
    rac_text text = typed, share, level;
    *to = (rac_search_target){.target = {.goal = goal}};
    if (!cut(&text, " in ", &share))
        return rac_fail(err, RAC_INVALID, "'%.*s' does not say in how many patients: '... in 95 %%'",
                        RAC_TEXT(rac_text_shorten(typed, 60)));
    rac_status status = parse_share(share, &to->target.probability, err);
    if (status || (status = parse_when(&text, to, err)))
        return status;
    if (!cut(&text, goal ? ">" : "<", &level))
        return rac_fail(err, RAC_INVALID, "'%.*s' is no %s: 'ketamine %s 100 ng/mL in 95 %%'",
                        RAC_TEXT(rac_text_shorten(typed, 60)), goal ? "goal" : "limit", goal ? ">" : "<");
    status = find_output(arena, model, text, &to->target.output, err);
    return status ? status : parse_level(model, level, &to->target, err);
}

rac_status rac_app_search_targets(rac_call *call, rac_app_search *search, rac_error *err)
{
    static const char *const arguments[] = {"limit", "goal"};
    size_t count = 0, capacity = 0, words_capacity = 0;
    for (int a = 0; a < 2; a++) {
        const char *typed = rac_call_value(call, arguments[a]);
        for (rac_text rest = rac_text_of(typed), part; typed && rest.data;) {
            rac_search_target target;
            part = rac_text_trim(rac_text_split(rest, ';', &rest));
            if (!part.size)
                continue;
            const rac_status status = parse_target(call->arena, search->model, part, a == 1, &target, err);
            if (status) {
                rac_error_field(err, arguments[a]);
                return status;
            }
            size_t words = count;
            rac_push(call->arena, search->words, words, words_capacity, rac_text_copy(call->arena, part));
            rac_push(call->arena, search->targets, count, capacity, target);
        }
    }
    if (!count)
        return rac_fail(err, RAC_INVALID, "give a --limit, a --goal, or both");
    search->ask.targets = search->targets;
    search->ask.target_count = count;
    return RAC_OK;
}
