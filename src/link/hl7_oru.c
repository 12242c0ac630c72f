/* Observation rows and their verdicts: see link/hl7_oru.h.
 *
 * Real feeds are wrong in many ways at once, so a row passes a list of checks in a fixed order and the
 * first that fails gives verdict and reason. */
#include "link/hl7_oru.h"

#include <math.h>
#include <string.h>

static const char *const verdicts[] = {"chart", "simulated", "reject", "conflict", "other"};

const char *rac_hl7_verdict_name(rac_hl7_verdict verdict)
{
    return verdicts[verdict];
}

/* Containers give their time to the metrics below them.  Only the last few can matter: a metric
 * follows its channel. */
enum { remembered_containers = 16 };

typedef struct container {
    const char *place;
    const rac_hl7_segment *segment;
} container;

typedef struct walk {
    rac_arena *arena;
    const rac_hl7_message *message;
    const rac_hl7_sender *sender;
    const rac_hl7_segment *header, *order; /* MSH and the OBR in force */
    size_t order_number;
    const char *patient;
    container containers[remembered_containers];
    size_t container_count;
} walk;

static rac_text part(const walk *w, const rac_hl7_segment *segment, size_t field, size_t component)
{
    return rac_hl7_part(w->message, segment, (rac_hl7_path){.field = field, .component = component});
}

static const char *text(const walk *w, const rac_hl7_segment *segment, size_t field, size_t component)
{
    return rac_hl7_text(w->arena, w->message, part(w, segment, field, component));
}

static bool is_any_of(rac_text word, const char *const *words)
{
    for (; *words; words++)
        if (rac_text_is(word, *words))
            return true;
    return false;
}

/* ---- what is it -------------------------------------------------------------------------------- */

static void decide(rac_hl7_observation *row, rac_hl7_verdict verdict, const char *reason)
{
    row->verdict = verdict;
    row->reason = reason;
}

/* One coding of OBX-3, which has two: components 1 to 3 and 4 to 6. */
typedef struct coding {
    const char *code, *name, *system;
} coding;

static coding read_coding(const walk *w, const rac_hl7_segment *segment, size_t field, size_t first)
{
    return (coding){text(w, segment, field, first), text(w, segment, field, first + 1),
                    text(w, segment, field, first + 2)};
}

typedef struct identified {
    const rac_mdc_term *term;
    const char *conflict; /* NULL when code and name do not contradict each other */
    const char *other;    /* why there is no term */
} identified;

static identified identify(const walk *w, coding c)
{
    uint32_t code = 0;
    rac_error err;
    const bool is_mdil = strcmp(c.system, "MDIL") == 0, is_mdc = strcmp(c.system, "MDC") == 0 || !c.system[0];
    if (!is_mdil && !is_mdc)
        return (identified){.other = rac_format(w->arena, "coded in %s, not in MDC", c.system)};
    const rac_status status = rac_mdc_code_parse(rac_text_of(c.code), &code, &err);
    if (status == RAC_UNSUPPORTED)
        return (identified){.other = "a code private to the vendor"};
    const rac_mdc_term *const by_code = status ? NULL : rac_mdc_find(code);
    if (is_mdil)
        return (identified){.term = by_code, .other = "nothing Racemate charts"};
    const rac_mdc_term *const by_name = rac_mdc_named(rac_text_of(c.name));
    if (by_code && by_code == by_name)
        return (identified){.term = by_code};
    if (by_code && by_name)
        return (identified){.term = by_code,
                            .conflict = rac_format(w->arena, "code %s is %s, but the name is %s", c.code,
                                                   by_code->name, c.name)};
    if (by_code)
        return (identified){.term = by_code,
                            .conflict =
                                rac_format(w->arena, "code %s is %s, which the name '%s' does not confirm",
                                           c.code, by_code->name, c.name)};
    if (by_name && !status)
        return (identified){.term = by_name,
                            .conflict =
                                rac_format(w->arena, "the name is %s, but code %s is not", c.name, c.code)};
    /* A local id under a name of the nomenclature, with the nomenclature named as the system. */
    if (by_name && strcmp(c.system, "MDC") == 0)
        return (identified){.term = by_name};
    return (identified){.other = "nothing Racemate charts"};
}

/* False when the row has its verdict. */
static bool find_term(const walk *w, const rac_hl7_segment *segment, rac_hl7_observation *row)
{
    const identified first = identify(w, read_coding(w, segment, 3, 1));
    const coding second_coding = read_coding(w, segment, 3, 4);
    const identified second = second_coding.system[0] ? identify(w, second_coding) : (identified){0};
    const identified *const chosen = first.term || !second.term ? &first : &second;
    row->term = chosen->term;
    row->quantity = row->term ? row->term->quantity : RAC_QUANTITY_NONE;
    if (!row->term)
        decide(row, RAC_HL7_OTHER, chosen->other);
    else if (chosen->conflict)
        decide(row, RAC_HL7_CONFLICT, chosen->conflict);
    else if (first.term && second.term && first.term->quantity != second.term->quantity)
        decide(row, RAC_HL7_CONFLICT, "its two codes name different quantities");
    else
        return true;
    return false;
}

/* ---- the value --------------------------------------------------------------------------------- */

/* Numbers devices were seen to send for "no value".  Most are outside every range anyway; naming
 * them gives the feed's page a better reason. */
static const double no_value_marks[] = {8388607, 8388608, -1,    -99.9,  -100,
                                        -999,    -10000,  65535, -32768, 2147483647};

static bool check_value(const walk *w, const rac_hl7_segment *segment, rac_hl7_observation *row, double *sent)
{
    const char *const type = text(w, segment, 2, 0);
    const rac_text value = rac_text_trim(part(w, segment, 5, 0));
    if (rac_hl7_presence_of(value) == RAC_HL7_EMPTY)
        decide(row, RAC_HL7_REJECTED, "the value is empty");
    else if (rac_hl7_presence_of(value) == RAC_HL7_DELETED)
        decide(row, RAC_HL7_REJECTED, "the sender deletes an earlier value; a person must correct the chart");
    else if (strcmp(type, "NM") != 0)
        decide(row, RAC_HL7_REJECTED, rac_format(w->arena, "the value type is '%s', not NM", type));
    else if (rac_hl7_repetitions(w->message, segment, 5) > 1)
        decide(row, RAC_HL7_REJECTED, "more than one value");
    else if (rac_number_parse(value, sent, NULL))
        decide(row, RAC_HL7_REJECTED, "the value is not a plain number");
    else
        return true;
    return false;
}

static bool is_no_value(double number)
{
    for (size_t i = 0; i < sizeof no_value_marks / sizeof *no_value_marks; i++)
        if (number == no_value_marks[i])
            return true;
    return false;
}

/* The unit of OBX-6, or NULL with the reason: its code and its name must not contradict each other. */
static const rac_mdc_unit *find_unit(const walk *w, const rac_hl7_segment *segment, const char **reason)
{
    const coding c = read_coding(w, segment, 6, 1);
    uint32_t code = 0;
    const bool is_code = c.code[0] && rac_mdc_code_parse(rac_text_of(c.code), &code, NULL) == RAC_OK;
    const rac_mdc_unit *const by_code =
        is_code ? rac_mdc_unit_find(code) : rac_mdc_unit_named(rac_text_of(c.code));
    const rac_mdc_unit *const by_name = c.name[0] ? rac_mdc_unit_named(rac_text_of(c.name)) : NULL;
    if (!c.code[0] && !c.name[0])
        *reason = "it has no unit";
    else if (c.code[0] && !by_code)
        *reason = rac_format(w->arena, "the unit '%s' is not known", c.code);
    else if (by_code && by_name && strcmp(by_code->ucum, by_name->ucum) != 0)
        *reason = rac_format(w->arena, "the unit's code is %s, but its name %s", by_code->ucum, c.name);
    else if (by_code && is_code && c.name[0] && !by_name && strcmp(c.system, "MDIL") != 0)
        *reason = rac_format(w->arena, "the unit's code is %s, which the name '%s' does not confirm",
                             by_code->ucum, c.name);
    else
        return by_code ? by_code : by_name;
    return NULL;
}

static bool convert(const walk *w, const rac_hl7_segment *segment, double sent, rac_hl7_observation *row)
{
    const rac_mdc_quantity_row quantity = rac_mdc_quantity_about(row->quantity);
    const char *reason = "the unit is not known";
    if (is_no_value(sent)) {
        decide(row, RAC_HL7_REJECTED, rac_format(w->arena, "%s stands for no value", row->value));
        return false;
    }
    const rac_mdc_unit *const unit = find_unit(w, segment, &reason);
    if (unit && unit->dimension != quantity.dimension)
        reason = rac_format(w->arena, "the unit %s cannot be converted to %s", row->unit, quantity.ucum);
    if (!unit || unit->dimension != quantity.dimension) {
        decide(row, RAC_HL7_REJECTED, reason);
        return false;
    }
    const double converted = rac_mdc_convert(unit, sent);
    if (!(converted >= quantity.low && converted <= quantity.high)) {
        decide(row, RAC_HL7_REJECTED,
               rac_format(w->arena, "%s %s is outside the possible range %g to %g %s", row->value, row->unit,
                          quantity.low, quantity.high, quantity.ucum));
        return false;
    }
    row->has_value = true;
    row->converted = converted;
    return true;
}

/* ---- status and flags -------------------------------------------------------------------------- */

static const struct {
    const char *status, *reason; /* NULL: may be charted */
} statuses[] = {
    {"", NULL},
    {"R", NULL},
    {"F", NULL},
    {"P", "status P: a preliminary value"},
    {"C", "status C: the sender corrects an earlier value; a person must correct the chart"},
    {"D", "status D: the sender deletes an earlier value; a person must correct the chart"},
    {"X", "status X: no result could be obtained"},
};

static bool check_status(const walk *w, rac_hl7_observation *row)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (strcmp(row->status, statuses[i].status) != 0)
            continue;
        if (statuses[i].reason)
            decide(row, RAC_HL7_REJECTED, statuses[i].reason);
        return !statuses[i].reason;
    }
    decide(row, RAC_HL7_REJECTED, rac_format(w->arena, "status %s", row->status));
    return false;
}

/* OBX-8 as IHE PCD-01 uses it, with the flags of HL7 table 0078 that only say high or low. */
static const struct {
    const char *flag;
    rac_hl7_verdict verdict;
    const char *reason;
} flags[] = {
    {"INV", RAC_HL7_REJECTED, "flag INV: the device calls it invalid"},
    {"NAV", RAC_HL7_REJECTED, "flag NAV: not available"},
    {"QUES", RAC_HL7_REJECTED, "flag QUES: the device calls it questionable"},
    {"CAL", RAC_HL7_REJECTED, "flag CAL: calibration in progress"},
    {"EARLY", RAC_HL7_REJECTED, "flag EARLY: an estimate before the measurement is complete"},
    {"<", RAC_HL7_REJECTED, "flag <: below what the device can measure"},
    {">", RAC_HL7_REJECTED, "flag >: above what the device can measure"},
    {"DEMO", RAC_HL7_SIMULATED, "flag DEMO: demonstration data"},
    {"TEST", RAC_HL7_SIMULATED, "flag TEST: test data"},
};
static const char *const harmless_flags[] = {"",   "N",  "H",  "L",  "HH", "LL",    "A",     "AA",
                                             "U",  "D",  "B",  "W",  "PH", "PM",    "PL",    "PN",
                                             "SP", "ST", "SA", "AC", "NO", "ALACT", "ALINH", NULL};

static bool check_flag(const walk *w, rac_text flag, rac_hl7_observation *row)
{
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (rac_text_is(flag, flags[i].flag)) {
            decide(row, flags[i].verdict, flags[i].reason);
            return false;
        }
    }
    if (is_any_of(flag, harmless_flags) || rac_hl7_presence_of(flag) != RAC_HL7_VALUE)
        return true;
    decide(row, RAC_HL7_REJECTED,
           rac_format(w->arena, "flag %s is not known", rac_hl7_text(w->arena, w->message, flag)));
    return false;
}

static bool check_flags(const walk *w, const rac_hl7_segment *segment, rac_hl7_observation *row)
{
    rac_text rest = segment->count > 8 ? segment->fields[8] : (rac_text){"", 0};
    while (rest.data) {
        rac_text repetition = rest;
        if (w->message->repetition)
            repetition = rac_text_split(rest, w->message->repetition, &rest);
        else
            rest.data = NULL;
        while (repetition.data) {
            const rac_text flag = rac_text_split(repetition, w->message->component, &repetition);
            if (!check_flag(w, rac_text_trim(flag), row))
                return false;
        }
    }
    return true;
}

/* MSH-11: P is production; D and T are debugging and training. */
static bool check_processing(const walk *w, rac_hl7_observation *row)
{
    const char *const id = text(w, w->header, 11, 1);
    if (!id[0] || strcmp(id, "P") == 0 || (strcmp(id, "T") == 0 && w->sender && w->sender->training_is_live))
        return true;
    decide(row, RAC_HL7_SIMULATED, rac_format(w->arena, "processing id %s", id));
    return false;
}

/* ---- time, place, device ----------------------------------------------------------------------- */

static bool is_below(const char *place, const char *ancestor)
{
    const size_t size = strlen(ancestor);
    return size && strncmp(place, ancestor, size) == 0 && place[size] == '.';
}

/* A time that is said but unreadable is not replaced by another: the row's time is then unknown. */
static void find_time(walk *w, const rac_hl7_segment *segment, rac_hl7_observation *row, rac_error *err)
{
    rac_text said = part(w, segment, 14, 1);
    for (size_t i = w->container_count; i > 0 && rac_hl7_presence_of(said) != RAC_HL7_VALUE; i--) {
        const container *const c = &w->containers[(i - 1) % remembered_containers];
        if (is_below(row->place, c->place))
            said = part(w, c->segment, 14, 1);
        if (w->container_count - i + 1 == remembered_containers)
            break;
    }
    const rac_text others[] = {part(w, w->order, 7, 1), part(w, w->order, 14, 1), part(w, w->header, 7, 1)};
    for (size_t i = 0; i < 3 && rac_hl7_presence_of(said) != RAC_HL7_VALUE; i++)
        said = others[i];
    row->has_time = rac_hl7_time_parse(said, w->sender, &row->observed, err) == RAC_OK;
}

/* Entity identifier or, where there is one, the universal id "ACDE48234567ABCD" of type EUI-64. */
static const char *device_of(const walk *w, const rac_hl7_segment *segment)
{
    const char *const own = text(w, segment, 18, 1);
    if (own[0])
        return own;
    const char *const third = text(w, segment, 18, 3);
    if (third[0])
        return third;
    const char *const universal = text(w, w->header, 3, 2);
    return universal[0] ? universal : text(w, w->header, 3, 1);
}

/* ---- a row ------------------------------------------------------------------------------------- */

/* The containers of the device tree have no value and no value type. */
static bool is_container(const rac_hl7_observation *row, const char *type)
{
    return !type[0] && !row->value[0] && !row->term;
}

static rac_hl7_observation read_row(walk *w, const rac_hl7_segment *segment)
{
    const coding c = read_coding(w, segment, 3, 1);
    rac_hl7_observation row = {
        .set_id = text(w, segment, 1, 0),
        .code = c.code,
        .name = c.name,
        .system = c.system,
        .value = text(w, segment, 5, 0),
        .unit = text(w, segment, 6, 1),
        .limits = text(w, segment, 7, 0),
        .flags = segment->count > 8 ? rac_hl7_text(w->arena, w->message, segment->fields[8]) : "",
        .status = text(w, segment, 11, 1),
        .place = text(w, segment, 4, 0),
        .device = device_of(w, segment),
        .patient = w->patient,
        .reason = "",
    };
    rac_error err = {0};
    double sent = 0;
    find_time(w, segment, &row, &err);
    const bool is_known = find_term(w, segment, &row);
    if (is_container(&row, text(w, segment, 2, 0))) {
        decide(&row, RAC_HL7_OTHER, "describes the device");
        w->containers[w->container_count++ % remembered_containers] = (container){row.place, segment};
    }
    if (!is_known || !check_value(w, segment, &row, &sent) || !convert(w, segment, sent, &row) ||
        !check_status(w, &row) || !check_flags(w, segment, &row) || !check_processing(w, &row))
        return row;
    if (!row.has_time)
        decide(&row, RAC_HL7_REJECTED, rac_string_copy(w->arena, err.message));
    return row;
}

/* ---- measurements ------------------------------------------------------------------------------ */

/* Rows of one OBR with one time: each inflation of the cuff, each arterial line, and the rest. */
typedef struct group {
    size_t order;
    rac_pressure_site site;
    rac_instant observed;
    rac_text channel;                             /* the place without its last number */
    uint32_t has;                                 /* bits of the quantities in it */
    rac_hl7_observation *best[RAC_READING_COUNT]; /* charted, by reading */
} group;

/* A row belongs to a recent group; looking further back would only help a message nobody sends. */
enum { groups_looked_at = 64 };

typedef struct grouping {
    group *groups;
    size_t count, capacity;
} grouping;

static rac_text channel_of(const char *place)
{
    const char *const dot = strrchr(place, '.');
    return (rac_text){place, dot ? (size_t)(dot - place) : 0};
}

static bool fits(const group *g, const group *row, bool same_channel)
{
    return g->order == row->order && g->site == row->site && g->observed.ms == row->observed.ms &&
           (g->site == RAC_SITE_NONE || !(g->has & row->has)) &&
           (!same_channel || rac_text_equal(g->channel, row->channel));
}

/* The group in the same channel, else one that still lacks this pressure (some vendors give systolic
 * and diastolic a channel each), else a new one. */
static group *find_group(const walk *w, grouping *all, const group *row)
{
    const size_t oldest = all->count > groups_looked_at ? all->count - groups_looked_at : 0;
    for (int same_channel = row->site != RAC_SITE_NONE; same_channel >= 0; same_channel--)
        for (size_t i = oldest; i < all->count; i++)
            if (fits(&all->groups[i], row, same_channel))
                return &all->groups[i];
    rac_push(w->arena, all->groups, all->count, all->capacity, *row);
    return &all->groups[all->count - 1];
}

/* Two saturations or three breathing rates at one time: one is preferred, the others stay rows. */
static void prefer(group *g, rac_hl7_observation *row)
{
    const int reading = rac_mdc_quantity_about(row->quantity).reading;
    if (row->verdict != RAC_HL7_CHART || reading < 0)
        return;
    rac_hl7_observation *const best = g->best[reading];
    if (best && best->term->preference <= row->term->preference)
        return;
    if (best)
        best->preferred = false;
    row->preferred = true;
    g->best[reading] = row;
}

static void reject_pressures(group *g)
{
    static const rac_reading_kind pressures[] = {RAC_READING_SBP, RAC_READING_DBP, RAC_READING_MAP};
    for (size_t i = 0; i < 3; i++) {
        rac_hl7_observation *const row = g->best[pressures[i]];
        if (!row)
            continue;
        decide(row, RAC_HL7_REJECTED, "the systolic is not above the diastolic");
        row->preferred = false;
    }
}

static void group_rows(walk *w, rac_hl7_observations *all, const size_t *orders)
{
    grouping groups = {0};
    for (size_t i = 0; i < all->count; i++) {
        rac_hl7_observation *const row = &all->rows[i];
        if (!row->term || !row->has_time)
            continue;
        group *const g = find_group(w, &groups,
                                    &(group){.order = orders[i],
                                             .site = rac_mdc_quantity_about(row->quantity).site,
                                             .observed = row->observed,
                                             .channel = channel_of(row->place),
                                             .has = 1U << row->quantity});
        g->has |= 1U << row->quantity;
        row->measurement = (size_t)(g - groups.groups) + 1;
        prefer(g, row);
    }
    for (size_t i = 0; i < groups.count; i++) {
        group *const g = &groups.groups[i];
        const rac_hl7_observation *const systolic = g->best[RAC_READING_SBP],
                                         *diastolic = g->best[RAC_READING_DBP];
        if (systolic && diastolic && systolic->converted <= diastolic->converted)
            reject_pressures(g);
    }
    all->measurements = groups.count;
}

/* ---- the message ------------------------------------------------------------------------------- */

static rac_status check_type(const walk *w, rac_error *err)
{
    const char *const type = text(w, w->header, 9, 1), *const event = text(w, w->header, 9, 2);
    if (strcmp(type, "ORU") == 0 && strcmp(event, "R01") == 0)
        return RAC_OK;
    return rac_fail(err, RAC_UNSUPPORTED, "message type %.*s^%.*s is not read here, only ORU^R01",
                    RAC_TEXT(rac_text_shorten(rac_text_of(type), 20)),
                    RAC_TEXT(rac_text_shorten(rac_text_of(event), 20)));
}

/* PV1-3 is unit, room and bed; monitors leave any of them out. */
static const char *bed_of(const walk *w)
{
    const rac_hl7_segment *const visit = rac_hl7_segment_named(w->message, "PV1", NULL);
    const char *bed = "";
    for (size_t component = 1; component <= 3; component++) {
        const char *const word = text(w, visit, 3, component);
        if (word[0])
            bed = bed[0] ? rac_format(w->arena, "%s %s", bed, word) : word;
    }
    return bed;
}

rac_status rac_hl7_observations_read(rac_arena *arena, const rac_hl7_message *message,
                                     const rac_hl7_sender *sender, rac_hl7_observations *observations,
                                     rac_error *err)
{
    *observations = (rac_hl7_observations){0};
    walk w = {.arena = arena, .message = message, .sender = sender, .patient = ""};
    w.header = rac_hl7_segment_named(message, "MSH", NULL);
    const rac_status status = check_type(&w, err);
    if (status)
        return status;
    if (!rac_hl7_segment_named(message, "OBR", NULL))
        return rac_fail(err, RAC_INVALID, "the OBR segment is missing");
    observations->control_id = text(&w, w.header, 10, 1);
    observations->application = text(&w, w.header, 3, 1);
    observations->facility = text(&w, w.header, 4, 1);
    observations->bed = bed_of(&w);
    observations->patient = text(&w, rac_hl7_segment_named(message, "PID", NULL), 3, 1);
    rac_hl7_observation *const rows = rac_many(arena, rac_hl7_observation, message->count);
    size_t *const orders = rac_many(arena, size_t, message->count);
    observations->rows = rows;
    for (size_t i = 0; i < message->count; i++) {
        const rac_hl7_segment *const segment = &message->segments[i];
        if (strcmp(segment->name, "PID") == 0) {
            w.patient = text(&w, segment, 3, 1);
        } else if (strcmp(segment->name, "OBR") == 0) {
            w.order = segment;
            w.order_number++;
            w.container_count = 0;
        } else if (strcmp(segment->name, "OBX") == 0) {
            orders[observations->count] = w.order_number;
            rows[observations->count++] = read_row(&w, segment);
        }
    }
    group_rows(&w, observations, orders);
    for (size_t i = 0; i < observations->count; i++)
        observations->charted += rows[i].verdict == RAC_HL7_CHART;
    return RAC_OK;
}
