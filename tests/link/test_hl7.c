/* HL7 v2: separators, parts, escapes, character sets, times, identity, acknowledgements, bad input. */
#include "check.h"

#include "link/hl7.h"

#define PART(...) ((rac_hl7_path){__VA_ARGS__})

static rac_hl7_message parse(rac_arena *arena, const char *bytes)
{
    rac_hl7_message message;
    rac_error err = {0};
    check_ok(rac_hl7_parse(arena, rac_text_of(bytes), NULL, &message, &err));
    return message;
}

static char *text_at(rac_arena *arena, const rac_hl7_message *message, const char *segment, rac_hl7_path path)
{
    return rac_hl7_text(arena, message,
                        rac_hl7_part(message, rac_hl7_segment_named(message, segment, NULL), path));
}

static void test_link_hl7__parts_are_found_by_number(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_hl7_message m =
        parse(arena, "MSH|^~\\&|APP^12&34^ISO|FAC\r\nPID|||1^^^A~2^x&y&z^^B||\"\"\nZZ9\r");
    assert_int_equal(m.count, 3);
    assert_string_equal(text_at(arena, &m, "MSH", PART(.field = 1)), "|");
    assert_string_equal(text_at(arena, &m, "MSH", PART(.field = 2)), "^~\\&");
    assert_string_equal(text_at(arena, &m, "MSH", PART(.field = 3, .component = 2, .subcomponent = 2)), "34");
    assert_string_equal(text_at(arena, &m, "MSH", PART(.field = 4, .component = 1)), "FAC");
    assert_string_equal(text_at(arena, &m, "MSH", PART(.field = 4, .component = 2)), "");
    assert_string_equal(text_at(arena, &m, "PID", PART(.field = 3, .component = 4)), "A");
    assert_string_equal(
        text_at(arena, &m, "PID", PART(.field = 3, .repetition = 2, .component = 2, .subcomponent = 3)), "z");
    assert_string_equal(text_at(arena, &m, "PID", PART(.field = 3, .repetition = 3)), "");
    assert_string_equal(text_at(arena, &m, "PID", PART(.field = 99)), "");
    assert_string_equal(text_at(arena, &m, "OBX", PART(.field = 1)), "");
    const rac_hl7_segment *pid = rac_hl7_segment_named(&m, "PID", NULL);
    assert_int_equal(rac_hl7_repetitions(&m, pid, 3), 2);
    assert_int_equal(rac_hl7_repetitions(&m, pid, 4), 0);
    assert_null(rac_hl7_segment_named(&m, "PID", pid));
    assert_int_equal(rac_hl7_presence_of(rac_hl7_part(&m, pid, PART(.field = 5))), RAC_HL7_DELETED);
    assert_int_equal(rac_hl7_presence_of(rac_hl7_part(&m, pid, PART(.field = 4))), RAC_HL7_EMPTY);
    assert_int_equal(rac_hl7_presence_of(rac_hl7_part(&m, pid, PART(.field = 3))), RAC_HL7_VALUE);
    rac_arena_free(arena);
}

static void test_link_hl7__separators_come_from_the_message(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_hl7_message m = parse(arena, "MSH#*!?%#APP*1%2\rPID###a!b*c\r");
    assert_string_equal(text_at(arena, &m, "MSH", PART(.field = 3, .component = 2, .subcomponent = 2)), "2");
    assert_string_equal(text_at(arena, &m, "PID", PART(.field = 3, .repetition = 2, .component = 2)), "c");
    rac_arena_free(arena);
}

static void test_link_hl7__escapes_are_undone_and_made(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    static const struct {
        const char *sent, *text;
    } cases[] = {
        {"a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f"},
        {"\\XC3A9\\ \\X0D0A\\", "\xC3\xA9 \r\n"},
        {"\\.br\\ \\H\\x\\N\\ \\Z1\\", "\\.br\\ \\H\\x\\N\\ \\Z1\\"},
        {"\\X00\\ \\XFF\\ \\X1\\ \\X\\", "\\X00\\ \\XFF\\ \\X1\\ \\X\\"},
        {"open \\F", "open \\F"},
        {"  blanks ", "blanks"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const rac_hl7_message m = parse(arena, rac_format(arena, "MSH|^~\\&|\rNTE|||%s\r", cases[i].sent));
        assert_string_equal(text_at(arena, &m, "NTE", PART(.field = 3)), cases[i].text);
    }
    const rac_hl7_message marks = parse(arena, "MSH|^~\\&|");
    const char *const awkward = "a|b^c&d~e\\f\rPID|||x\x01";
    const char *const escaped = rac_hl7_escape(arena, &marks, rac_text_of(awkward));
    assert_null(strpbrk(escaped, "|^&~\r"));
    assert_string_equal(rac_hl7_text(arena, &marks, rac_text_of(escaped)), awkward);
    rac_arena_free(arena);
}

static void test_link_hl7__character_sets_become_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *charset, *name, *expected;
    } cases[] = {
        {"8859/1", "J\xE9r\xF4me", "J\xC3\xA9r\xC3\xB4me"},
        {"UNICODE UTF-8", "J\xC3\xA9", "J\xC3\xA9"},
        {"", "J\xC3\xA9", "J\xC3\xA9"},
        {"", "J\xE9", "J\xC3\xA9"},
        {"ASCII", "J\xE9", "J\xC3\xA9"},
        {"UNICODE UTF-8~8859/1", "J\xE9", "J\xC3\xA9"}, /* declared, but not so */
        {"8859/5", "\xB8\xD2", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_arena *arena = rac_arena_new();
        const rac_hl7_message m =
            parse(arena, rac_format(arena, "MSH|^~\\&|A|B|C|D|T||ORU^R01|1|P|2.6||||||%s\rPID|||||%s\r",
                                    cases[i].charset, cases[i].name));
        assert_string_equal(text_at(arena, &m, "PID", PART(.field = 5)), cases[i].expected);
        rac_arena_free(arena);
    }
}

static void test_link_hl7__bad_messages_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size; /* 0: strlen */
        rac_status status;
        const char *words;
    } cases[] = {
        {"", 0, RAC_INVALID, "does not start with an MSH"},
        {"MSH", 0, RAC_INVALID, "MSH"},
        {"MSH|\r\r\r\rPID", 0, RAC_INVALID, "cut off"},
        {"PID|||1\rMSH|^~\\&|", 0, RAC_INVALID, "does not start"},
        {"GET / HTTP/1.1\r\n\r\n", 0, RAC_INVALID, "does not start"},
        {"MSH|^~\\&", 0, RAC_INVALID, "does not name"},
        {"MSH|||||||", 0, RAC_INVALID, "does not name"},
        {"MSH|^^\\&|A", 0, RAC_INVALID, "unusable"},
        {"MSH|^~|&|x|y", 0, RAC_OK, ""},
        {"MSHA^~\\&AxAy", 0, RAC_INVALID, "separator"},
        {"MSH ^~\\& x y", 0, RAC_INVALID, "separator"},
        {"MSH|^~\\&|a\0b|c", 15, RAC_INVALID, "NUL"},
        {"MSH|^~\\&|a\rPID|1\rPID|2\rPID|3\rPID|4", 0, RAC_LIMIT, "more than 4 segments"},
        {"MSH|^~\\&|a\rPID|1|2|3|4|5|6|7|8|9|10|11", 0, RAC_LIMIT, "PID has 11 fields"},
        {"MSH|^~\\&|a\rMSH|^~\\&|b\r", 0, RAC_INVALID, "two messages"},
        {"MSH|^~\\&|a234567890123456789012345678901234567890123456789012345678", 0, RAC_LIMIT, "allowed 60"},
    };
    const rac_hl7_limits limits = {.max_bytes = 60, .max_segments = 4, .max_fields = 10};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_arena *arena = rac_arena_new();
        rac_error err = {0};
        rac_hl7_message message;
        const rac_text bytes = {cases[i].bytes, cases[i].size ? cases[i].size : strlen(cases[i].bytes)};
        check_status(rac_hl7_parse(arena, bytes, &limits, &message, &err), cases[i].status);
        check_contains(err.message, cases[i].words);
        rac_arena_free(arena);
    }
}

static void test_link_hl7__lines_that_are_no_segment_are_skipped(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const rac_hl7_message m = parse(arena, "\r\nMSH|^~\\&|A\r\rfree text\rOBX|1\robx|2\rOB|3\r");
    assert_int_equal(m.count, 2);
    assert_int_equal(m.skipped, 3);
    rac_arena_free(arena);
}

static void test_link_hl7__times_need_a_zone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has_zone;
        int zone_min;
        rac_status status;
        const char *iso;
    } cases[] = {
        {"20210425230331.496-0400", false, 0, RAC_OK, "2021-04-26T03:03:31.496Z"},
        {"20260302101500.0000+0530", false, 0, RAC_OK, "2026-03-02T04:45:00Z"},
        {"202603021015+0000", true, 60, RAC_OK, "2026-03-02T10:15:00Z"},
        {"20260302101500", true, -300, RAC_OK, "2026-03-02T15:15:00Z"},
        {" 20260302101500 ", true, 345, RAC_OK, "2026-03-02T04:30:00Z"},
        {"20260302101500", false, 0, RAC_NOT_FOUND, NULL},
        {"20260302", true, 0, RAC_INVALID, NULL},
        {"20260302+0100", true, 0, RAC_INVALID, NULL},
        {"20260230101500", true, 0, RAC_INVALID, NULL},
        {"20260302101560", true, 0, RAC_INVALID, NULL},
        {"2026030210", true, 0, RAC_INVALID, NULL},
        {"20260302101500.", true, 0, RAC_INVALID, NULL},
        {"20260302101500+01", true, 0, RAC_INVALID, NULL},
        {"20260302101500 +0100", true, 0, RAC_INVALID, NULL},
        {"", true, 0, RAC_INVALID, NULL},
        {"now", true, 0, RAC_INVALID, NULL},
    };
    rac_arena *arena = rac_arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_error err = {0};
        rac_instant instant;
        const rac_hl7_sender sender = {.has_zone = cases[i].has_zone, .zone_min = cases[i].zone_min};
        check_status(rac_hl7_time_parse(rac_text_of(cases[i].text), &sender, &instant, &err),
                     cases[i].status);
        if (cases[i].iso)
            assert_string_equal(rac_instant_format(arena, instant), cases[i].iso);
    }
    rac_instant instant;
    rac_error err = {0};
    check_ok(rac_instant_parse(rac_text_of("2026-03-02T10:15:00.250Z"), &instant, &err));
    assert_string_equal(rac_hl7_time_format(arena, instant), "20260302101500.250+0000");
    rac_arena_free(arena);
}

static void test_link_hl7__the_same_message_is_recognised(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    const char *const body = "PID|||1\rOBX|1|NM|x||60\r";
    const rac_hl7_message first =
        parse(arena, rac_format(arena, "MSH|^~\\&|A|B|||20260302101500||ORU^R01|7|P|2.6\r%s", body));
    const rac_hl7_message again =
        parse(arena, rac_format(arena, "MSH|^~\\&|A|B|||20260302101501||ORU^R01|7|P|2.6\r%s", body));
    const rac_hl7_message later =
        parse(arena, "MSH|^~\\&|A|B|||2026||ORU^R01|7|P|2.6\rPID|||1\rOBX|1|NM|x||61\r");
    const rac_hl7_message other =
        parse(arena, rac_format(arena, "MSH|^~\\&|AB||||2026||ORU^R01|7|P|2.6\r%s", body));
    const rac_hl7_message nameless = parse(arena, rac_format(arena, "MSH|^~\\&|A|B\r%s", body));
    assert_string_equal(rac_hl7_identify(&first).key, rac_hl7_identify(&again).key);
    assert_string_equal(rac_hl7_identify(&first).content, rac_hl7_identify(&again).content);
    assert_string_equal(rac_hl7_identify(&first).key, rac_hl7_identify(&later).key);
    assert_string_not_equal(rac_hl7_identify(&first).content, rac_hl7_identify(&later).content);
    assert_string_not_equal(rac_hl7_identify(&first).key, rac_hl7_identify(&other).key);
    assert_string_equal(rac_hl7_identify(&nameless).key, "");
    assert_int_equal(strlen(rac_hl7_identify(&first).key), 32);
    rac_arena_free(arena);
}

static void test_link_hl7__who_gets_which_acknowledgement(void **state)
{
    (void)state;
    static const struct {
        const char *conditions; /* MSH-15|MSH-16 */
        rac_hl7_ack_mode mode;
        rac_hl7_outcome outcome;
        const char *code; /* NULL: no acknowledgement */
    } cases[] = {
        {"|", RAC_HL7_ACK_AUTO, RAC_HL7_ACCEPTED, "AA"},
        {"|", RAC_HL7_ACK_AUTO, RAC_HL7_ERROR, "AE"},
        {"|", RAC_HL7_ACK_AUTO, RAC_HL7_REFUSED, "AR"},
        {"AL|NE", RAC_HL7_ACK_AUTO, RAC_HL7_ACCEPTED, "CA"},
        {"AL|NE", RAC_HL7_ACK_AUTO, RAC_HL7_ERROR, "CE"},
        {"AL|AL", RAC_HL7_ACK_AUTO, RAC_HL7_REFUSED, "CR"},
        {"NE|AL", RAC_HL7_ACK_AUTO, RAC_HL7_ACCEPTED, "AA"},
        {"|AL", RAC_HL7_ACK_AUTO, RAC_HL7_ACCEPTED, "AA"},
        {"NE|NE", RAC_HL7_ACK_AUTO, RAC_HL7_ACCEPTED, NULL},
        {"NE|ER", RAC_HL7_ACK_AUTO, RAC_HL7_ACCEPTED, NULL},
        {"NE|ER", RAC_HL7_ACK_AUTO, RAC_HL7_ERROR, "AE"},
        {"SU|", RAC_HL7_ACK_AUTO, RAC_HL7_ACCEPTED, "CA"},
        {"SU|", RAC_HL7_ACK_AUTO, RAC_HL7_ERROR, NULL},
        {"AL|NE", RAC_HL7_ACK_AA, RAC_HL7_ACCEPTED, "AA"},
        {"NE|NE", RAC_HL7_ACK_CA, RAC_HL7_ERROR, "CE"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rac_arena *arena = rac_arena_new();
        const rac_hl7_message m =
            parse(arena,
                  rac_format(arena, "MSH|^~\\&|APP^X|FAC|||20260302101500||ORU^R01^ORU_R01|ID^7|P|2.5|||%s\r",
                             cases[i].conditions));
        const rac_hl7_answer answer = {.mode = cases[i].mode,
                                       .outcome = cases[i].outcome,
                                       .code = 101,
                                       .text = cases[i].outcome ? "no | here" : NULL,
                                       .control_id = "R1",
                                       .now = {1000}};
        const rac_text ack = rac_hl7_acknowledge(arena, &m, &answer);
        if (!cases[i].code) {
            assert_int_equal(ack.size, 0);
        } else {
            const rac_hl7_message read = parse(arena, rac_text_copy(arena, ack));
            assert_string_equal(text_at(arena, &read, "MSA", PART(.field = 1)), cases[i].code);
            assert_string_equal(text_at(arena, &read, "MSA", PART(.field = 2)), "ID^7");
            assert_string_equal(text_at(arena, &read, "MSH", PART(.field = 5, .component = 2)), "X");
            assert_string_equal(text_at(arena, &read, "MSH", PART(.field = 6)), "FAC");
            assert_string_equal(text_at(arena, &read, "MSH", PART(.field = 7)), "19700101000001+0000");
            assert_string_equal(text_at(arena, &read, "MSH", PART(.field = 9)), "ACK^R01^ACK");
            assert_string_equal(text_at(arena, &read, "MSH", PART(.field = 10)), "R1");
            assert_string_equal(text_at(arena, &read, "MSH", PART(.field = 12)), "2.5");
            const bool failed = cases[i].outcome != RAC_HL7_ACCEPTED;
            assert_string_equal(text_at(arena, &read, "MSA", PART(.field = 3)), failed ? "no | here" : "");
            assert_string_equal(text_at(arena, &read, "ERR", PART(.field = 3, .component = 1)),
                                failed ? "101" : "");
            assert_string_equal(text_at(arena, &read, "ERR", PART(.field = 7)), failed ? "no | here" : "");
        }
        rac_arena_free(arena);
    }
}

static void test_link_hl7__what_is_no_message_is_refused_and_acks_are_not_answered(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_error err = {0};
    rac_hl7_message m;
    rac_hl7_answer answer = {.control_id = "R|1", .now = {0}};
    check_status(rac_hl7_parse(arena, rac_text_of("hello"), NULL, &m, &err), RAC_INVALID);
    rac_hl7_answer_for(&err, &answer);
    const rac_text ack = rac_hl7_acknowledge(arena, NULL, &answer);
    check_contains(rac_text_copy(arena, ack),
                   "\rMSA|AR||the message does not start with an MSH segment\rERR|||100^");
    check_contains(rac_text_copy(arena, ack), "|R\\F\\1|P|2.6\r");
    m = parse(arena, "MSH|^~\\&|A||||2026||ACK^R01|9|P|2.6\rMSA|AA|1\r");
    const rac_hl7_answer forced = {.mode = RAC_HL7_ACK_AA, .control_id = "1"};
    assert_int_equal(rac_hl7_acknowledge(arena, &m, &forced).size, 0);
    rac_hl7_ack_mode mode;
    check_ok(rac_hl7_ack_mode_find(rac_text_of("CA"), &mode, &err));
    assert_int_equal(mode, RAC_HL7_ACK_CA);
    check_status(rac_hl7_ack_mode_find(rac_text_of("ca"), &mode, &err), RAC_NOT_FOUND);
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_hl7__parts_are_found_by_number),
          cmocka_unit_test(test_link_hl7__separators_come_from_the_message),
          cmocka_unit_test(test_link_hl7__escapes_are_undone_and_made),
          cmocka_unit_test(test_link_hl7__character_sets_become_utf8),
          cmocka_unit_test(test_link_hl7__bad_messages_are_refused),
          cmocka_unit_test(test_link_hl7__lines_that_are_no_segment_are_skipped),
          cmocka_unit_test(test_link_hl7__times_need_a_zone),
          cmocka_unit_test(test_link_hl7__the_same_message_is_recognised),
          cmocka_unit_test(test_link_hl7__who_gets_which_acknowledgement),
          cmocka_unit_test(test_link_hl7__what_is_no_message_is_refused_and_acks_are_not_answered))
