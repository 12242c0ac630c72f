/* MLLP framing: whole, in pieces, many at once, with garbage, cut off, too large. */
#include "check.h"

#include "link/mllp.h"

#define FRAME(text) "\x0B" text "\x1C\x0D"

typedef struct outcome {
    char messages[400]; /* each followed by ';' */
    int malformed;
} outcome;

/* Feeds `bytes` in pieces of `step`, keeping a buffer as a connection would. */
static outcome feed(rac_mllp_decoder *decoder, rac_text bytes, size_t step)
{
    outcome out = {0};
    char buffer[4096];
    size_t held = 0;
    for (size_t at = 0; at < bytes.size; at += step) {
        const size_t piece = bytes.size - at < step ? bytes.size - at : step;
        memcpy(buffer + held, bytes.data + at, piece);
        held += piece;
        for (;;) {
            rac_text message;
            size_t consumed;
            const rac_mllp_result result =
                rac_mllp_decode(decoder, (rac_text){buffer, held}, &message, &consumed);
            assert_true(consumed <= held);
            if (result == RAC_MLLP_MESSAGE) {
                strncat(out.messages, message.data, message.size);
                strcat(out.messages, ";");
            }
            out.malformed += result == RAC_MLLP_MALFORMED;
            memmove(buffer, buffer + consumed, held - consumed);
            held -= consumed;
            if (result == RAC_MLLP_NEED_MORE)
                break;
        }
    }
    return out;
}

static void test_link_mllp__any_split_gives_the_same_messages(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *messages;
        int malformed;
        uint64_t skipped;
    } cases[] = {
        {FRAME("MSH|a"), "MSH|a;", 0, 0},
        {FRAME("one") FRAME("two\rthree\r") FRAME("4"), "one;two\rthree\r;4;", 0, 0},
        {"junk\r\n\x1C" FRAME("one") "more" FRAME("two"), "one;two;", 0, 11},
        {"\x0Bone\x1C\x0Btwo\x1C", "one;two;", 0, 0},
        {"\x0B"
         "cut" FRAME("whole"),
         "whole;", 1, 4},
        {FRAME("") FRAME("x"), "x;", 1, 3},
        {FRAME("1234567890123456789012345678901") FRAME("ok"), "ok;", 1, 34},
        {"\x0Bunfinished", "", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const rac_text bytes = rac_text_of(cases[i].bytes);
        for (size_t step = 1; step <= bytes.size; step++) {
            rac_mllp_decoder decoder = {.max_bytes = 30};
            const outcome out = feed(&decoder, bytes, step);
            assert_string_equal(out.messages, cases[i].messages);
            assert_int_equal(out.malformed, cases[i].malformed);
            if (step == bytes.size && i < 6) /* a CR that comes later is counted as skipped */
                assert_int_equal(decoder.skipped, cases[i].skipped);
        }
    }
}

static void test_link_mllp__what_is_encoded_decodes(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    rac_mllp_decoder decoder = {0};
    rac_text message;
    size_t consumed;
    const rac_text frame = rac_mllp_encode(arena, rac_text_of("MSH|^~\\&|\r"));
    assert_int_equal(rac_mllp_decode(&decoder, frame, &message, &consumed), RAC_MLLP_MESSAGE);
    assert_true(rac_text_is(message, "MSH|^~\\&|\r"));
    assert_int_equal(consumed, frame.size);
    rac_arena_free(arena);
}

static void test_link_mllp__a_megabyte_is_the_limit(void **state)
{
    (void)state;
    rac_arena *arena = rac_arena_new();
    char *large = rac_arena_alloc(arena, (1 << 20) + 1);
    memset(large, 'x', (1 << 20) + 1);
    for (size_t over = 0; over <= 1; over++) {
        rac_mllp_decoder decoder = {0};
        rac_text message;
        size_t consumed;
        const rac_text frame = rac_mllp_encode(arena, (rac_text){large, (1 << 20) + over});
        assert_int_equal(rac_mllp_decode(&decoder, frame, &message, &consumed),
                         over ? RAC_MLLP_MALFORMED : RAC_MLLP_MESSAGE);
    }
    rac_arena_free(arena);
}

RAC_TESTS(cmocka_unit_test(test_link_mllp__any_split_gives_the_same_messages),
          cmocka_unit_test(test_link_mllp__what_is_encoded_decodes),
          cmocka_unit_test(test_link_mllp__a_megabyte_is_the_limit))
