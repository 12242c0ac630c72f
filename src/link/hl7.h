/* link/hl7.h: HL7 version 2 messages: bytes in, fields out.
 *
 * A message is a list of segments ("PID"), a segment a list of fields apart by '|', a field may
 * repeat ('~') and has components ('^') and subcomponents ('&').  Which characters those are is said
 * by MSH-1 and MSH-2 of each message and never assumed.  Numbers count as HL7's do, from 1; MSH-1
 * is the field separator itself.
 *
 * Text is converted to UTF-8 before it is cut up: MSH-18 "UNICODE UTF-8" and "8859/1" are followed;
 * without a usable MSH-18 the bytes are taken as UTF-8 if they are, else as Latin-1; in a character
 * set not known here bytes outside ASCII become U+FFFD.
 *
 *     rac_hl7_message message;
 *     rac_try(rac_hl7_parse(arena, bytes, NULL, &message, err));
 *     const rac_hl7_segment *pid = rac_hl7_segment_named(&message, "PID", NULL);
 *     char *id = rac_hl7_text(arena, &message, rac_hl7_part(&message, pid, (rac_hl7_path){.field = 3}));
 *
 * Everything returned is in the arena given to rac_hl7_parse, or borrowed from it; the bytes are not
 * needed afterwards. */
#ifndef RACEMATE_LINK_HL7_H
#define RACEMATE_LINK_HL7_H

#include "racemate/base.h"

/* All zero is the usual. */
typedef struct rac_hl7_limits {
    size_t max_bytes;    /* 0: 1 MiB */
    size_t max_segments; /* 0: 20,000 */
    size_t max_fields;   /* of one segment; 0: 1,000 */
} rac_hl7_limits;

typedef struct rac_hl7_segment {
    char name[4];
    rac_text *fields; /* fields[n] is field n as sent, 1 <= n < count; fields[0] is the name */
    size_t count;
} rac_hl7_segment;

typedef struct rac_hl7_message {
    char field, component, repetition, escape, subcomponent; /* 0: the message names none */
    rac_hl7_segment *segments;                               /* the first is MSH */
    size_t count;
    size_t skipped; /* lines that are no segment (text broken over lines, vendors' comments) */
} rac_hl7_message;

/* RAC_INVALID when it does not start with MSH, separators are unusable or a NUL byte is inside;
 * RAC_LIMIT over a limit.  A line that is no segment is skipped and counted, never an error. */
rac_status rac_hl7_parse(rac_arena *arena, rac_text bytes, const rac_hl7_limits *limits,
                         rac_hl7_message *message, rac_error *err);

/* The next segment of that name after `after` (NULL: from the start); NULL when there is none. */
const rac_hl7_segment *rac_hl7_segment_named(const rac_hl7_message *message, const char *name,
                                             const rac_hl7_segment *after);

/* Where a value is.  0 means the first repetition; the whole field (component 0); the whole
 * component (subcomponent 0). */
typedef struct rac_hl7_path {
    size_t field, repetition, component, subcomponent;
} rac_hl7_path;

/* The part as sent, escapes untouched; empty when it is not there or `segment` is NULL.  Asking for
 * component 1 of a field without components gives the field. */
rac_text rac_hl7_part(const rac_hl7_message *message, const rac_hl7_segment *segment, rac_hl7_path path);
/* How often a field repeats; 0 when it is empty. */
size_t rac_hl7_repetitions(const rac_hl7_message *message, const rac_hl7_segment *segment, size_t field);

/* Empty says nothing; two quotes ("") say that a value known before is to be deleted. */
typedef enum rac_hl7_presence { RAC_HL7_EMPTY, RAC_HL7_DELETED, RAC_HL7_VALUE } rac_hl7_presence;
rac_hl7_presence rac_hl7_presence_of(rac_text part);

/* The text of a part for people: escapes undone (\F\ \S\ \T\ \R\ \E\ \X..\ ; others stay as they are),
 * blanks at both ends dropped; "" for both kinds of absence.  NUL-terminated. */
char *rac_hl7_text(rac_arena *arena, const rac_hl7_message *message, rac_text part);
/* A text made safe to put into a field of a message with these separators: separators escaped,
 * control characters as \X..\ . */
char *rac_hl7_escape(rac_arena *arena, const rac_hl7_message *separators, rac_text text);

/* ---- time ---------------------------------------------------------------------------------- */

/* What a clinic has configured about one sender. */
typedef struct rac_hl7_sender {
    bool has_zone;         /* whether zone_min is set; without it a time without a zone is unknown */
    int zone_min;          /* minutes east of UTC, -840 to 840 */
    bool training_is_live; /* real values come with MSH-11 T (seen in Philips feeds) */
} rac_hl7_sender;

/* YYYYMMDDHHMM[SS[.S...]][+ZZZZ].  RAC_INVALID when it is no such time or has no clock part,
 * RAC_NOT_FOUND when it has no zone and the sender none configured: never silently UTC. */
rac_status rac_hl7_time_parse(rac_text text, const rac_hl7_sender *sender, rac_instant *instant,
                              rac_error *err);
/* "20260302101500.250+0000"; the fraction is left out when it is zero. */
char *rac_hl7_time_format(rac_arena *arena, rac_instant instant);

/* ---- the same message again ------------------------------------------------------------------ */

/* Senders repeat a message until it is acknowledged.  Same key and same content: the same message,
 * acknowledge and store nothing.  Same key, other content: a counter that started again; a new
 * message.  Hexadecimal BLAKE2b-128 digests, so their size does not depend on the sender. */
typedef struct rac_hl7_identity {
    char key[33];     /* of MSH-3, MSH-4 and MSH-10; empty when MSH-10 is */
    char content[33]; /* of every segment after MSH */
} rac_hl7_identity;

rac_hl7_identity rac_hl7_identify(const rac_hl7_message *message);

/* ---- acknowledgements -------------------------------------------------------------------------- */

/* What the clinic set for a source.  AUTO follows MSH-15 and MSH-16. */
typedef enum rac_hl7_ack_mode { RAC_HL7_ACK_AUTO, RAC_HL7_ACK_AA, RAC_HL7_ACK_CA } rac_hl7_ack_mode;
/* "auto", "AA", "CA" */
rac_status rac_hl7_ack_mode_find(rac_text name, rac_hl7_ack_mode *mode, rac_error *err);

typedef enum rac_hl7_outcome {
    RAC_HL7_ACCEPTED, /* stored and durable: AA or CA */
    RAC_HL7_ERROR,    /* the content is wrong, or we failed: AE or CE */
    RAC_HL7_REFUSED   /* not a message for us: AR or CR */
} rac_hl7_outcome;

typedef struct rac_hl7_answer {
    rac_hl7_ack_mode mode;
    rac_hl7_outcome outcome;
    int code;               /* of HL7 table 0357, such as 101; 0 when accepted */
    const char *text;       /* what is wrong, for the sender's log; NULL when accepted */
    const char *control_id; /* our own MSH-10, unique for us */
    rac_instant now;        /* our own MSH-7 */
} rac_hl7_answer;

/* The acknowledgement to send, or the empty text when the sender wants none (or sent one itself:
 * acknowledgements are never acknowledged).  `message` is NULL when the bytes could not be parsed.
 * Original mode (MSH-15 and -16 empty) answers AA/AE/AR; MSH-15 AL answers CA/CE/CR; MSH-15 NE or
 * empty with MSH-16 AL answers AA/AE/AR; ER asks for failures only, SU for successes only. */
rac_text rac_hl7_acknowledge(rac_arena *arena, const rac_hl7_message *message, const rac_hl7_answer *answer);

/* Outcome and code for what reading a message gave (see rac_hl7_observations). */
void rac_hl7_answer_for(const rac_error *problem, rac_hl7_answer *answer);

#endif
