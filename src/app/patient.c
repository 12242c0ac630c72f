/* Patients, their facts and scores, and the questions asked of them: screening, plan preview, course. */
#include <math.h>
#include <string.h>

#include "app/internal.h"

static char *patient_subject(rac_arena *arena, const char *id)
{
    return rac_format(arena, "patient/%s", id);
}

static const char *copied(rac_arena *arena, const json_t *body, const char *key)
{
    const char *value = json_string_value(json_object_get(body, key));
    return value ? rac_string_copy(arena, value) : NULL;
}

rac_status rac_app_patient(rac_app *app, rac_arena *arena, const char *id, rac_person *person, rac_error *err)
{
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {.subject = patient_subject(arena, id),
                                   .kind = "patient.registered",
                                   .newest_first = true,
                                   .limit = 1};
    rac_status status = rac_store_load(arena, rac_app_store(app), &query, &entries, &count, err);
    if (status)
        return status;
    if (!count) {
        rac_fail(err, RAC_NOT_FOUND, "there is no patient %.40s", id);
        rac_error_hint(err, "racemate patient list shows them");
        return RAC_NOT_FOUND;
    }
    json_t *body = NULL;
    if ((status = rac_json_parse(rac_text_of(entries[0].body), NULL, &body, err)))
        return status;
    *person = (rac_person){id, copied(arena, body, "name"), copied(arena, body, "born"),
                           copied(arena, body, "allergies")};
    json_decref(body);
    return RAC_OK;
}

/* Initials and year of birth: enough to tell four chairs apart, little enough for a wall. */
char *rac_person_label(rac_arena *arena, const rac_person *person)
{
    char *label = rac_string_copy(arena, "");
    bool start = true;
    for (const char *c = person->name ? person->name : ""; *c;) {
        size_t size = 1;
        while (((unsigned char)c[size] & 0xC0) == 0x80)
            size++;
        if (*c == ' ' || *c == '-') {
            start = true;
        } else if (start) {
            label = rac_format(arena, "%s%.*s", label, (int)size, c);
            start = false;
        }
        c += size;
    }
    return person->born ? rac_format(arena, "%s %.4s", label, person->born) : label;
}

rac_status rac_app_facts(rac_app *app, rac_arena *arena, const char *id, rac_facts *facts, rac_error *err)
{
    rac_store_entry *entries;
    size_t count;
    const rac_store_query query = {.subject = patient_subject(arena, id), .kind = "fact.answered"};
    const rac_status status = rac_store_load(arena, rac_app_store(app), &query, &entries, &count, err);
    if (status)
        return status;
    rac_fact *items = rac_many(arena, rac_fact, count);
    for (size_t i = 0; i < count; i++) {
        json_t *body = NULL;
        const rac_status read = rac_json_parse(rac_text_of(entries[i].body), NULL, &body, err);
        if (read)
            return read;
        const json_t *answer = json_object_get(body, "answer");
        items[i] = (rac_fact){.name = copied(arena, body, "name"), .at = entries[i].at};
        items[i].kind = json_is_boolean(answer)  ? RAC_FACT_TRUTH
                        : json_is_number(answer) ? RAC_FACT_NUMBER
                                                 : RAC_FACT_WORD;
        items[i].truth = json_is_true(answer);
        items[i].number = json_number_value(answer);
        items[i].word = copied(arena, body, "answer");
        json_decref(body);
    }
    *facts = (rac_facts){items, count};
    return RAC_OK;
}

static rac_status read_score(const rac_store_entry *entry, rac_score *score, rac_error *err)
{
    json_t *body = NULL;
    rac_status status = rac_json_parse(rac_text_of(entry->body), NULL, &body, err);
    if (status)
        return status;
    const rac_scale *scale = NULL;
    const json_t *items = json_object_get(body, "items"), *total = json_object_get(body, "total");
    const char *id = json_string_value(json_object_get(body, "scale"));
    status = rac_scale_find(rac_text_of(id), &scale, err);
    if (!status && json_is_array(items)) {
        int answers[RAC_SCALE_ITEMS_MAX];
        const size_t count =
            json_array_size(items) < RAC_SCALE_ITEMS_MAX ? json_array_size(items) : RAC_SCALE_ITEMS_MAX;
        for (size_t i = 0; i < count; i++) {
            const json_t *item = json_array_get(items, i);
            answers[i] = json_is_integer(item) ? (int)json_integer_value(item) : RAC_SCALE_MISSING;
        }
        status = rac_scale_score(scale, answers, (int)count, entry->at, score, err);
    } else if (!status) {
        status = rac_scale_total(scale, (int)json_integer_value(total), entry->at, score, err);
    }
    json_decref(body);
    return status;
}

rac_status rac_app_scores(rac_app *app, rac_arena *arena, const char *id, rac_score **scores, size_t *count,
                          rac_error *err)
{
    rac_store_entry *entries;
    const rac_store_query query = {.subject = patient_subject(arena, id), .kind = "score.recorded"};
    rac_status status = rac_store_load(arena, rac_app_store(app), &query, &entries, count, err);
    *scores = status ? NULL : rac_many(arena, rac_score, *count);
    for (size_t i = 0; !status && i < *count; i++)
        status = read_score(&entries[i], &(*scores)[i], err);
    return status;
}

rac_status rac_app_course_sessions(rac_app *app, rac_arena *arena, const char *id,
                                   rac_course_session **sessions, size_t *count, rac_error *err)
{
    rac_store_entry *opened;
    size_t opened_count;
    const rac_store_query query = {.kind = rac_event_name(RAC_EVENT_OPENED)};
    rac_status status = rac_store_load(arena, rac_app_store(app), &query, &opened, &opened_count, err);
    *sessions = status ? NULL : rac_many(arena, rac_course_session, opened_count);
    *count = 0;
    for (size_t i = 0; !status && i < opened_count; i++) {
        rac_event event = {0};
        if ((status = rac_event_find(rac_text_of(opened[i].kind), &event.kind, err)) ||
            (status = rac_event_decode(arena, rac_text_of(opened[i].body), &event, err)))
            break;
        if (strcmp(event.name, id) != 0)
            continue;
        rac_case c;
        status = rac_case_load(app, arena, opened[i].subject + strlen("session/"), rac_app_now(app), &c, err);
        if (!status)
            (*sessions)[(*count)++] = rac_course_session_of(c.session_id, &c.session, rac_app_now(app));
    }
    return status;
}

/* ---- use cases
 * -------------------------------------------------------------------------------------------------- */

RAC_DO(rac_do_patient_add)
{
    const char *name = rac_call_value(call, "name"), *born = rac_call_value(call, "born");
    const char *allergies = rac_call_value(call, "allergies");
    rac_instant birth;
    rac_status status;
    if (born && (status = rac_instant_parse(rac_text_of(born), &birth, err))) {
        rac_error_hint(err, "write the date of birth like 1988-04-30");
        return status;
    }
    if (born && birth.ms > rac_app_now(call->app).ms)
        return rac_fail(err, RAC_INVALID, "the date of birth %s is in the future", born);
    const rac_store_entry by = {.subject = "clinic",
                                .kind = "number",
                                .at = rac_app_now(call->app),
                                .recorded = rac_app_now(call->app),
                                .actor = call->actor,
                                .source = call->source,
                                .body = "{}"};
    int64_t number;
    if ((status = rac_store_next_number(rac_app_store(call->app), "patient", 1, &by, &number, err)))
        return status;
    const char *id = rac_format(call->arena, "P%04lld", (long long)number);
    status = rac_app_record(
        call, patient_subject(call->arena, id), "patient.registered", rac_app_now(call->app),
        json_pack("{s:s, s:s*, s:s*}", "name", name, "born", born, "allergies", allergies), NULL, err);
    reply->text = rac_format(call->arena, "%s is %s.\n", id, name);
    reply->json =
        json_pack("{s:s, s:s, s:s*, s:s*}", "id", id, "name", name, "born", born, "allergies", allergies);
    return status;
}

RAC_DO(rac_do_patient_list)
{
    rac_store_subject *subjects;
    size_t count;
    rac_status status =
        rac_store_subjects(call->arena, rac_app_store(call->app), "patient/", &subjects, &count, err);
    char *text = rac_string_copy(call->arena, "");
    reply->json = json_array();
    for (size_t i = 0; !status && i < count; i++) {
        rac_person person;
        if ((status = rac_app_patient(call->app, call->arena, subjects[i].name + strlen("patient/"), &person,
                                      err)))
            break;
        text = rac_format(call->arena, "%s%s  %s  %s\n", text, person.id,
                          person.born ? person.born : "          ", person.name);
        json_array_append_new(reply->json, json_pack("{s:s, s:s, s:s*}", "id", person.id, "name", person.name,
                                                     "born", person.born));
    }
    reply->text = count ? text : "No patients yet: racemate patient add NAME --born DATE\n";
    return status;
}

RAC_DO(rac_do_patient_show)
{
    rac_person person;
    rac_facts facts;
    const rac_protocol *protocol = NULL;
    const char *id = rac_call_value(call, "patient");
    rac_status status;
    if ((status = rac_app_patient(call->app, call->arena, id, &person, err)) ||
        (status = rac_app_facts(call->app, call->arena, id, &facts, err)) ||
        (status = rac_app_protocol(call->app, NULL, rac_call_value(call, "protocol"), &protocol, NULL, err)))
        return status;
    char *text = rac_format(call->arena, "%s  %s%s%s\nAllergies  %s\n", person.id, person.name,
                            person.born ? ", born " : "", person.born ? person.born : "",
                            person.allergies ? person.allergies : "not recorded");
    json_t *answers = json_object();
    for (size_t i = 0; i < protocol->fact_count; i++) {
        const rac_fact *fact =
            rac_fact_at(protocol, &facts, rac_text_of(protocol->facts[i].name), rac_app_now(call->app));
        const char *answer = fact ? rac_fact_format(call->arena, &protocol->facts[i], fact) : "not known";
        text = rac_format(call->arena, "%s  %-34s %s\n", text, protocol->facts[i].name, answer);
        if (fact)
            json_object_set_new(answers, protocol->facts[i].name, json_string(answer));
    }
    reply->text = text;
    reply->json = json_pack("{s:s, s:s, s:s*, s:s*, s:o}", "id", person.id, "name", person.name, "born",
                            person.born, "allergies", person.allergies, "facts", answers);
    return RAC_OK;
}

static json_t *answer_json(const rac_fact *fact)
{
    if (fact->kind == RAC_FACT_TRUTH)
        return json_boolean(fact->truth);
    return fact->kind == RAC_FACT_NUMBER ? json_real(fact->number) : json_string(fact->word);
}

static const rac_fact_definition *fact_named(const rac_protocol *protocol, const char *name, rac_error *err)
{
    const rac_fact_definition *definition = rac_protocol_fact(protocol, name);
    if (definition)
        return definition;
    rac_arena *arena = rac_arena_new();
    const char **known = rac_many(arena, const char *, protocol->fact_count);
    for (size_t i = 0; i < protocol->fact_count; i++)
        known[i] = protocol->facts[i].name;
    const char *nearest = rac_text_nearest(rac_text_of(name), known, protocol->fact_count);
    rac_fail(err, RAC_NOT_FOUND, "the protocol asks nothing called '%.40s'", name);
    if (nearest)
        rac_error_hint(err, "did you mean %s?", nearest);
    rac_arena_free(arena);
    return NULL;
}

RAC_DO(rac_do_fact)
{
    const char *id = rac_call_value(call, "patient");
    const rac_protocol *protocol = NULL;
    rac_person person;
    rac_instant at;
    rac_fact fact;
    rac_status status;
    if ((status = rac_app_patient(call->app, call->arena, id, &person, err)) ||
        (status =
             rac_app_protocol(call->app, NULL, rac_call_value(call, "protocol"), &protocol, NULL, err)) ||
        (status = rac_app_time(call->app, rac_call_value(call, "at"), &at, err)))
        return status;
    const rac_fact_definition *definition = fact_named(protocol, rac_call_value(call, "name"), err);
    if (!definition)
        return RAC_NOT_FOUND;
    if ((status = rac_fact_parse(call->arena, definition, rac_text_of(rac_call_value(call, "answer")), at,
                                 &fact, err)))
        return status;
    if (at.ms > rac_app_now(call->app).ms + 60000)
        return rac_fail(err, RAC_INVALID, "%s is in the future", rac_instant_format(call->arena, at));
    const char *shown = rac_fact_format(call->arena, definition, &fact);
    status = rac_app_record(call, patient_subject(call->arena, id), "fact.answered", at,
                            json_pack("{s:s, s:o, s:s*}", "name", definition->name, "answer",
                                      answer_json(&fact), "unit", definition->unit),
                            NULL, err);
    reply->text = rac_format(call->arena, "%s: %s: %s\n", id, definition->ask, shown);
    reply->json = json_pack("{s:s, s:s, s:s}", "patient", id, "name", definition->name, "answer", shown);
    return status;
}

/* ---- screening
 * ----------------------------------------------------------------------------------------------------- */

static json_t *words_json(rac_words words)
{
    json_t *list = json_array();
    for (size_t i = 0; i < words.count; i++)
        json_array_append_new(list, json_string(words.items[i]));
    return list;
}

static char *screening_text(rac_arena *arena, const rac_protocol *protocol, const rac_screening *screening,
                            bool all)
{
    char *text = rac_format(arena, "%s: %s\n", protocol->title, rac_decision_name(screening->decision));
    for (size_t i = 0; i < screening->count; i++) {
        const rac_rule_result *r = &screening->results[i];
        if (r->verdict == RAC_PASSES && !all)
            continue;
        text = rac_format(arena, "%s\n  %s %s: %s\n      %s\n", text, rac_verdict_name(r->verdict),
                          r->rule->id, r->rule->because, r->explanation);
        if (r->verdict != RAC_PASSES)
            text = rac_format(arena, "%s      clears: %s\n", text, r->rule->clears);
        for (size_t s = 0; s < r->rule->sources.count; s++) {
            const rac_source *source = rac_protocol_source(protocol, r->rule->sources.items[s]);
            text = rac_format(arena, "%s      [%s] %s\n", text, r->rule->sources.items[s],
                              source ? source->title : "");
        }
    }
    if (screening->ask.count)
        text = rac_format(arena, "%s\nAsk next:\n", text);
    for (size_t i = 0; i < screening->ask.count; i++) {
        const rac_fact_definition *fact = rac_protocol_fact(protocol, screening->ask.items[i]);
        text = rac_format(arena, "%s  %-34s %s\n", text, screening->ask.items[i], fact ? fact->ask : "");
    }
    return text;
}

static json_t *screening_json(const rac_screening *screening)
{
    json_t *rules = json_array();
    for (size_t i = 0; i < screening->count; i++) {
        const rac_rule_result *r = &screening->results[i];
        json_array_append_new(rules,
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "id", r->rule->id, "verdict",
                                        rac_verdict_name(r->verdict), "because", r->rule->because,
                                        "explanation", r->explanation, "clears", r->rule->clears, "missing",
                                        words_json(r->missing), "sources", words_json(r->rule->sources)));
    }
    return json_pack("{s:s, s:o, s:o}", "decision", rac_decision_name(screening->decision), "rules", rules,
                     "ask", words_json(screening->ask));
}

RAC_DO(rac_do_screen)
{
    const char *id = rac_call_value(call, "patient"), *hash = NULL;
    const rac_protocol *protocol = NULL;
    rac_screening screening;
    rac_person person;
    rac_facts facts;
    rac_status status;
    if ((status = rac_app_patient(call->app, call->arena, id, &person, err)) ||
        (status =
             rac_app_protocol(call->app, NULL, rac_call_value(call, "protocol"), &protocol, &hash, err)) ||
        (status = rac_app_facts(call->app, call->arena, id, &facts, err)) ||
        (status =
             rac_screening_decide(call->arena, protocol, &facts, rac_app_now(call->app), &screening, err)))
        return status;
    reply->text = screening_text(call->arena, protocol, &screening, rac_call_flag(call, "all"));
    reply->json = screening_json(&screening);
    const char *decision = rac_call_value(call, "sign");
    if (!decision)
        return RAC_OK;
    /* A clinician decides and signs; the program's recommendation stands beside the decision. */
    rac_role role;
    if (!call->actor)
        return rac_fail(err, RAC_DENIED, "a decision is signed: give --as STAFF");
    if (strcmp(decision, "accept") != 0 && strcmp(decision, "decline") != 0)
        return rac_fail(err, RAC_INVALID, "sign 'accept' or 'decline'");
    if (!call->pin_checked && (status = rac_app_check_pin(call->app, call->actor, call->pin, &role, err)))
        return status;
    if (strcmp(decision, "accept") == 0 && screening.decision != RAC_ELIGIBLE &&
        !rac_call_value(call, "reason"))
        return rac_fail(err, RAC_REFUSED, "the protocol says '%s': accepting needs --reason",
                        rac_decision_name(screening.decision));
    return rac_app_record(call, patient_subject(call->arena, id), "screening.decided", rac_app_now(call->app),
                          json_pack("{s:s, s:s, s:s, s:s*}", "decision", decision, "recommended",
                                    rac_decision_name(screening.decision), "protocol", hash, "reason",
                                    rac_call_value(call, "reason")),
                          NULL, err);
}

/* ---- scores and course
 * ------------------------------------------------------------------------------------------------ */

/* "2,3,2,3,1,2,2,1,1" or "2 3 - 3 ..." with '-' for an unanswered item. */
static rac_status parse_items(const char *typed, int *answers, int *count, rac_error *err)
{
    rac_text rest = rac_text_trim(rac_text_of(typed));
    const char separator = memchr(rest.data, ',', rest.size) ? ',' : ' ';
    *count = 0;
    while (rest.data && rest.size) {
        const rac_text word = rac_text_trim(rac_text_split(rest, separator, &rest));
        int64_t answer = RAC_SCALE_MISSING;
        if (!word.size)
            continue;
        if (!rac_text_is(word, "-")) {
            const rac_status status = rac_integer_parse(word, &answer, err);
            if (status)
                return status;
            if (answer < 0 || answer > 100)
                return rac_fail(err, RAC_INVALID, "an answer of %lld is not possible", (long long)answer);
        }
        if (*count == RAC_SCALE_ITEMS_MAX)
            return rac_fail(err, RAC_INVALID, "more than %d answers", RAC_SCALE_ITEMS_MAX);
        answers[(*count)++] = (int)answer;
    }
    return RAC_OK;
}

static rac_status score_typed(rac_call *call, const rac_scale *scale, rac_instant at, rac_score *score,
                              rac_error *err)
{
    const char *items = rac_call_value(call, "items"), *total = rac_call_value(call, "total");
    if (!items == !total) {
        rac_fail(err, RAC_INVALID, "give the answers, or --total");
        rac_error_hint(err, "%s has %d items, e.g. racemate score P0001 %s 2,3,2,...", scale->id,
                       scale->item_count, scale->id);
        return RAC_INVALID;
    }
    if (total) {
        int64_t number;
        const rac_status status = rac_integer_parse(rac_text_of(total), &number, err);
        if (status)
            return status;
        return rac_scale_total(scale, number < -1000 || number > 1000 ? -1000 : (int)number, at, score, err);
    }
    int answers[RAC_SCALE_ITEMS_MAX], count;
    const rac_status status = parse_items(items, answers, &count, err);
    return status ? status : rac_scale_score(scale, answers, count, at, score, err);
}

static json_t *score_body(const rac_score *score)
{
    json_t *body = json_pack("{s:s, s:s}", "scale", score->scale->id, "version", score->scale->version);
    if (score->total_known)
        json_object_set_new(body, "total", json_integer(score->total));
    if (!score->items_known)
        return body;
    json_t *items = json_array();
    for (int i = 0; i < score->scale->item_count; i++)
        json_array_append_new(items, score->items[i] == RAC_SCALE_MISSING ? json_null()
                                                                          : json_integer(score->items[i]));
    json_object_set_new(body, "items", items);
    return body;
}

RAC_DO(rac_do_score)
{
    const char *id = rac_call_value(call, "patient");
    const rac_scale *scale = NULL;
    rac_person person;
    rac_instant at;
    rac_score score;
    rac_status status;
    if ((status = rac_app_patient(call->app, call->arena, id, &person, err)) ||
        (status = rac_scale_find(rac_text_of(rac_call_value(call, "scale")), &scale, err)) ||
        (status = rac_app_time(call->app, rac_call_value(call, "at"), &at, err)) ||
        (status = score_typed(call, scale, at, &score, err)))
        return status;
    if (at.ms > rac_app_now(call->app).ms + 60000)
        return rac_fail(err, RAC_INVALID, "%s is in the future", rac_instant_format(call->arena, at));
    if ((status = rac_app_record(call, patient_subject(call->arena, id), "score.recorded", at,
                                 score_body(&score), NULL, err)))
        return status;
    char *text =
        score.total_known
            ? rac_format(call->arena, "%s %s: %d, %s\n", id, scale->id, score.total, score.band)
            : rac_format(call->arena, "%s %s: total not known, answers are missing\n", id, scale->id);
    if (score.suicide > 0)
        text =
            rac_format(call->arena, "%s! item %s is %d: the suicide screen is due before this visit ends\n",
                       text, scale->items[scale->suicide_item].id, score.suicide);
    reply->text = text;
    reply->json = score_body(&score);
    if (score.band)
        json_object_set_new(reply->json, "band", json_string(score.band));
    return RAC_OK;
}

static const char *change_words(rac_arena *arena, const rac_course_point *p)
{
    if (!p->has_change)
        return "";
    return rac_format(arena, "  %+.0f (%+.1f %%)%s%s%s", p->change, p->change_percent,
                      p->response ? "  response" : "", p->remission ? "  remission" : "",
                      p->relapse ? "  RELAPSE" : "");
}

static json_t *point_json(rac_arena *arena, const rac_course_point *p)
{
    json_t *o = json_pack("{s:s, s:s, s:i, s:b, s:b, s:b}", "scale", p->score.scale->id, "at",
                          rac_instant_format(arena, p->score.at), "after_infusions", p->after_infusions,
                          "response", p->response, "remission", p->remission, "relapse", p->relapse);
    if (p->score.total_known)
        json_object_set_new(o, "total", json_integer(p->score.total));
    if (p->has_change) {
        json_object_set_new(o, "change", json_real(p->change));
        json_object_set_new(o, "change_percent", json_real(p->change_percent));
    }
    return o;
}

static char *add_points(rac_call *call, char *text, const rac_course_point *points, size_t count,
                        json_t *list)
{
    for (size_t i = 0; i < count; i++) {
        const rac_course_point *p = &points[i];
        text = rac_format(call->arena, "%s  %s  %-10s after %2d  %s%s\n", text,
                          rac_instant_format_date(call->arena, p->score.at, rac_app_zone_min(call->app)),
                          p->score.scale->id, p->after_infusions,
                          p->score.total_known ? rac_format(call->arena, "%3d", p->score.total) : "  ?",
                          change_words(call->arena, p));
        json_array_append_new(list, point_json(call->arena, p));
    }
    return text;
}

/* "Dose: 0.75 mg/kg proposed, up from 0.5 (...)": words for the prescriber, who orders. */
static const char *dose_words(rac_arena *arena, const rac_dose_proposal *dose)
{
    const char *from = dose->move == RAC_MOVE_STAY
                           ? " as before"
                           : rac_format(arena, ", %s from %s", rac_dose_move_name(dose->move),
                                        rac_decimal_format_exact(arena, dose->last_mg_per_kg));
    return rac_format(
        arena, "Dose: %s mg/kg%s is proposed (%s%s%s)\n      a prescriber orders it: --dose '%s mg/kg'\n",
        rac_decimal_format_exact(arena, dose->mg_per_kg), from, dose->rule ? dose->rule : "",
        dose->rule ? ": " : "", dose->because, rac_decimal_format_exact(arena, dose->mg_per_kg));
}

static json_t *dose_json(const rac_dose_proposal *dose)
{
    json_t *sources = json_array(), *missing = json_array();
    for (size_t i = 0; i < dose->sources.count; i++)
        json_array_append_new(sources, json_string(dose->sources.items[i]));
    for (size_t i = 0; i < dose->missing.count; i++)
        json_array_append_new(missing, json_string(dose->missing.items[i]));
    return json_pack("{s:f, s:f, s:s, s:s*, s:s, s:o, s:o}", "mg_per_kg", rac_decimal_double(dose->mg_per_kg),
                     "last_mg_per_kg", rac_decimal_double(dose->last_mg_per_kg), "move",
                     rac_dose_move_name(dose->move), "rule", dose->rule, "because", dose->because, "sources",
                     sources, "missing", missing);
}

RAC_DO(rac_do_course)
{
    const char *id = rac_call_value(call, "patient");
    const rac_protocol *protocol = NULL;
    rac_course_session *sessions;
    rac_score *scores;
    size_t session_count, score_count;
    rac_person person;
    rac_course course;
    rac_status status;
    if ((status = rac_app_patient(call->app, call->arena, id, &person, err)) ||
        (status =
             rac_app_protocol(call->app, NULL, rac_call_value(call, "protocol"), &protocol, NULL, err)) ||
        (status = rac_app_scores(call->app, call->arena, id, &scores, &score_count, err)) ||
        (status = rac_app_course_sessions(call->app, call->arena, id, &sessions, &session_count, err)) ||
        (status = rac_course_fold(call->arena, protocol, scores, score_count, sessions, session_count,
                                  &course, err)))
        return status;
    json_t *points = json_array(), *infusions = json_array();
    const int zone = rac_app_zone_min(call->app);
    char *text = rac_format(call->arena, "%s  %d infusions, %s mg in all\n", id, course.infusions_given,
                            rac_decimal_format(call->arena, course.given_mg_total, 3));
    for (size_t i = 0; i < session_count; i++) {
        const rac_course_session *s = &sessions[i];
        text = rac_format(call->arena, "%s  %s  session %s  #%d  %s  %s mg  peak systolic %.0f\n", text,
                          rac_instant_format_date(call->arena, s->at, zone), s->id, s->number,
                          rac_state_name(s->state), rac_decimal_format(call->arena, s->given_mg, 3),
                          s->peak_sbp_mmhg);
        json_array_append_new(infusions,
                              json_pack("{s:s, s:i, s:s, s:f, s:f}", "id", s->id, "number", s->number,
                                        "state", rac_state_name(s->state), "given_mg",
                                        rac_decimal_double(s->given_mg), "peak_sbp_mmhg", s->peak_sbp_mmhg));
    }
    text = add_points(call, text, course.points, course.count, points);
    text = add_points(call, text, course.others, course.other_count, points);
    text =
        rac_format(call->arena, "%sNext: %s (%s)\n", text, rac_next_step_name(course.step), course.because);
    if (course.has_next)
        text = rac_format(call->arena, "%s      from %s to %s\n", text,
                          rac_instant_format_date(call->arena, course.next_earliest, zone),
                          rac_instant_format_date(call->arena, course.next_latest, zone));
    if (course.dose.made)
        text = rac_format(call->arena, "%s%s", text, dose_words(call->arena, &course.dose));
    if (course.suicide_screen_due)
        text = rac_format(call->arena, "%s! %s\n", text, course.suicide_because);
    reply->text = text;
    reply->json =
        json_pack("{s:i, s:f, s:b, s:b, s:b, s:s, s:s, s:o, s:o, s:s*}", "infusions", course.infusions_given,
                  "given_mg", rac_decimal_double(course.given_mg_total), "response", course.response,
                  "remission", course.remission, "relapse", course.relapse, "next",
                  rac_next_step_name(course.step), "because", course.because, "points", points, "sessions",
                  infusions, "suicide_screen", course.suicide_screen_due ? course.suicide_because : NULL);
    if (course.dose.made)
        json_object_set_new(reply->json, "dose_proposal", dose_json(&course.dose));
    if (course.has_next) {
        json_object_set_new(reply->json, "next_from",
                            json_string(rac_instant_format_date(call->arena, course.next_earliest, zone)));
        json_object_set_new(reply->json, "next_to",
                            json_string(rac_instant_format_date(call->arena, course.next_latest, zone)));
    }
    return RAC_OK;
}
