/* Acknowledgements: see link/hl7.h.  The rules are those of HL7 v2.6, chapter 2.9. */
#include "link/hl7.h"

#include <stdio.h>
#include <string.h>

static const char *const modes[] = {"auto", "AA", "CA"};

rac_status rac_hl7_ack_mode_find(rac_text name, rac_hl7_ack_mode *mode, rac_error *err)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (rac_text_is(name, modes[i])) {
            *mode = (rac_hl7_ack_mode)i;
            return RAC_OK;
        }
    }
    return rac_fail(err, RAC_NOT_FOUND, "'%.*s' is no way to acknowledge; known are auto, AA and CA",
                    RAC_TEXT(rac_text_shorten(name, 40)));
}

typedef enum family { FAMILY_NONE, FAMILY_APPLICATION, FAMILY_ACCEPT } family;

/* AL always, NE never, ER failures, SU successes. */
static bool wants(rac_text condition, bool failed)
{
    return rac_text_is(condition, "AL") || rac_text_is(condition, failed ? "ER" : "SU");
}

static rac_text header_part(const rac_hl7_message *message, size_t field, size_t component)
{
    if (!message)
        return (rac_text){"", 0};
    return rac_text_trim(
        rac_hl7_part(message, &message->segments[0], (rac_hl7_path){.field = field, .component = component}));
}

static family choose(const rac_hl7_message *message, const rac_hl7_answer *answer)
{
    if (rac_text_is(header_part(message, 9, 1), "ACK") || rac_text_is(header_part(message, 9, 1), "MCF"))
        return FAMILY_NONE;
    if (answer->mode != RAC_HL7_ACK_AUTO)
        return answer->mode == RAC_HL7_ACK_AA ? FAMILY_APPLICATION : FAMILY_ACCEPT;
    const rac_text accept = header_part(message, 15, 0), application = header_part(message, 16, 0);
    if (rac_hl7_presence_of(accept) != RAC_HL7_VALUE && rac_hl7_presence_of(application) != RAC_HL7_VALUE)
        return FAMILY_APPLICATION;
    const bool failed = answer->outcome != RAC_HL7_ACCEPTED;
    if (wants(accept, failed))
        return FAMILY_ACCEPT;
    return wants(application, failed) ? FAMILY_APPLICATION : FAMILY_NONE;
}

/* HL7 table 0357, the rows used here. */
static const struct {
    int code;
    const char *text;
} errors[] = {
    {100, "Segment sequence error"},   {101, "Required field missing"}, {102, "Data type error"},
    {200, "Unsupported message type"}, {201, "Unsupported event code"}, {207, "Application internal error"},
};

static const char *error_text(int code)
{
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            return errors[i].text;
    return "Error";
}

/* The part copied as it came: the answer uses the separators of the message. */
static const char *echo(rac_arena *arena, const rac_hl7_message *message, size_t field, const char *otherwise)
{
    const rac_text part = message && field < message->segments[0].count
                              ? rac_text_trim(message->segments[0].fields[field])
                              : (rac_text){"", 0};
    return part.size ? rac_text_copy(arena, part) : otherwise;
}

static const rac_hl7_message usual_separators = {
    .field = '|', .component = '^', .repetition = '~', .escape = '\\', .subcomponent = '&'};

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

rac_text rac_hl7_acknowledge(rac_arena *arena, const rac_hl7_message *message, const rac_hl7_answer *answer)
{
    static const char outcomes[] = {[RAC_HL7_ACCEPTED] = 'A', [RAC_HL7_ERROR] = 'E', [RAC_HL7_REFUSED] = 'R'};
    if (message && !message->count)
        message = NULL;
    /* Bytes that are no message at all were not for us. */
    const rac_hl7_outcome outcome =
        !message && answer->outcome == RAC_HL7_ERROR ? RAC_HL7_REFUSED : answer->outcome;
    const family used = choose(message, answer);
    if (used == FAMILY_NONE)
        return (rac_text){"", 0};
    const rac_hl7_message *const marks = message ? message : &usual_separators;
    const char f = marks->field, c = marks->component;
    const rac_text event = header_part(message, 9, 2);
    const char *const type = event.size ? rac_format(arena, "ACK%c%.*s%cACK", c, RAC_TEXT(event), c) : "ACK";
    const char *const receiver = echo(arena, message, 3, ""), *const facility = echo(arena, message, 4, "");
    const char *const said = answer->text ? rac_hl7_escape(arena, marks, rac_text_of(answer->text)) : "";
    const char *const control = echo(arena, message, 10, "");
    const bool plain = is_ascii(receiver) && is_ascii(facility) && is_ascii(said) && is_ascii(control);
    const char *text = rac_format(arena, "MSH%c%s%cRACEMATE%c%c%s%c%s%c%s%c%c%s%c%s%c%s%c%s", f,
                                  echo(arena, message, 2, "^~\\&"), f, f, f, receiver, f, facility, f,
                                  rac_hl7_time_format(arena, answer->now), f, f, type, f,
                                  rac_hl7_escape(arena, marks, rac_text_of(answer->control_id)), f,
                                  echo(arena, message, 11, "P"), f, echo(arena, message, 12, "2.6"));
    if (!plain)
        text = rac_format(arena, "%s%c%c%c%c%c%cUNICODE UTF-8", text, f, f, f, f, f, f);
    text = rac_format(arena, "%s\rMSA%c%c%c%c%s", text, f, used == FAMILY_ACCEPT ? 'C' : 'A',
                      outcomes[outcome], f, control);
    if (answer->outcome == RAC_HL7_ACCEPTED)
        return rac_text_of(rac_format(arena, "%s\r", text));
    const int code = answer->code ? answer->code : 207;
    return rac_text_of(rac_format(arena, "%s%c%s\rERR%c%c%c%d%c%s%cHL70357%cE%c%c%c%s\r", text, f, said, f, f,
                                  f, code, c, error_text(code), c, f, f, f, f, said));
}

void rac_hl7_answer_for(const rac_error *problem, rac_hl7_answer *answer)
{
    answer->text = problem->status == RAC_OK ? NULL : problem->message;
    switch (problem->status) {
    case RAC_OK:
        answer->outcome = RAC_HL7_ACCEPTED;
        answer->code = 0;
        break;
    case RAC_UNSUPPORTED: /* not an ORU^R01 */
        answer->outcome = RAC_HL7_REFUSED;
        answer->code = 200;
        break;
    case RAC_INVALID: /* a segment is missing */
        answer->outcome = RAC_HL7_ERROR;
        answer->code = 100;
        break;
    case RAC_LIMIT:
        answer->outcome = RAC_HL7_REFUSED;
        answer->code = 102;
        break;
    default:
        answer->outcome = RAC_HL7_ERROR;
        answer->code = 207;
        break;
    }
}
