/* Appending: order, keys, expectations, numbers, limits. */
#include "fixture.h"

static void test_store_append__numbers_entries_without_gaps(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_entry entries[3];
    rac_store_result results[3];
    for (int i = 0; i < 3; i++)
        entries[i] = reading(f->arena, "session/8812", i);
    check_ok(rac_store_append(f->store, entries, 3, NULL, results, &err));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(results[i].seq, i + 2);
        assert_false(results[i].already);
    }
    rac_store_entry *found;
    size_t count;
    check_ok(rac_store_load(f->arena, f->store, &(rac_store_query){.subject = "session/8812"}, &found, &count,
                            &err));
    assert_int_equal(count, 3);
    assert_string_equal(found[1].body, "{\"n\":1,\"sbp_mmhg\":111}");
    assert_string_equal(found[1].actor, "device/monitor-2");
    assert_string_equal(found[1].source, "hl7:MONITOR2");
    assert_null(found[1].key);
    assert_true(found[1].at.ms == entries[1].at.ms && found[1].recorded.ms == entries[1].recorded.ms);
    assert_memory_equal(found[2].previous, found[1].hash, RAC_STORE_HASH_BYTES);
    check_intact(f->store, 4);
}

static void test_store_append__a_clock_that_goes_back_reorders_nothing(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_entry late = reading(f->arena, "session/1", 0), early = reading(f->arena, "session/1", 1);
    early.at.ms = late.at.ms - 3600000;
    early.recorded.ms = late.recorded.ms - 3600000;
    check_ok(rac_store_append(f->store, &late, 1, NULL, NULL, &err));
    check_ok(rac_store_append(f->store, &early, 1, NULL, NULL, &err));
    rac_store_entry *found;
    size_t count;
    check_ok(
        rac_store_load(f->arena, f->store, &(rac_store_query){.subject = "session/1"}, &found, &count, &err));
    assert_int_equal(count, 2);
    assert_true(found[0].recorded.ms == late.recorded.ms && found[1].recorded.ms == early.recorded.ms);
}

static void test_store_append__a_key_is_stored_once(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_result result;
    rac_store_entry entry = reading(f->arena, "session/1", 7);
    entry.key = "hl7:MONITOR2:000123";
    check_ok(rac_store_append(f->store, &entry, 1, NULL, &result, &err));
    assert_int_equal(result.seq, 2);
    fill(f, "session/2", 1);
    entry.recorded.ms += 5000; /* sent again later */
    check_ok(rac_store_append(f->store, &entry, 1, NULL, &result, &err));
    assert_int_equal(result.seq, 2);
    assert_true(result.already);
    assert_false(result.differs);
    entry.body = "{\"n\":8}";
    check_ok(rac_store_append(f->store, &entry, 1, NULL, &result, &err));
    assert_true(result.already && result.differs);
    const rac_store_entry twice[] = {reading(f->arena, "session/3", 1), entry, entry};
    rac_store_result results[3];
    check_ok(rac_store_append(f->store, twice, 3, NULL, results, &err));
    assert_int_equal(results[0].seq, 4);
    assert_int_equal(results[2].seq, 2);
    rac_store_entry found;
    check_ok(rac_store_find(f->arena, f->store, "hl7:MONITOR2:000123", &found, &err));
    assert_int_equal(found.seq, 2);
    check_status(rac_store_find(f->arena, f->store, "other", &found, &err), RAC_NOT_FOUND);
    check_intact(f->store, 4);
}

static void test_store_append__a_key_twice_in_one_append_is_stored_once(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_entry entries[2] = {reading(f->arena, "session/1", 1), reading(f->arena, "session/1", 1)};
    entries[0].key = entries[1].key = "same";
    rac_store_result results[2];
    check_ok(rac_store_append(f->store, entries, 2, NULL, results, &err));
    assert_int_equal(results[0].seq, results[1].seq);
    assert_true(!results[0].already && results[1].already);
    check_intact(f->store, 2);
}

static void test_store_append__somebody_faster_is_a_conflict(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_entry start = reading(f->arena, "session/1", 0);
    start.key = "start";
    const rac_store_expect fresh = {"session/1", 0};
    check_ok(rac_store_append(f->store, &start, 1, &fresh, NULL, &err));
    const rac_store_entry other = reading(f->arena, "session/1", 1);
    check_status(rac_store_append(f->store, &other, 1, &fresh, NULL, &err), RAC_CONFLICT);
    check_contains(err.message, "session/1");
    int64_t last;
    check_ok(rac_store_last(f->store, NULL, &last, &err));
    assert_int_equal(last, 2);
    check_ok(rac_store_append(f->store, &other, 1, &(rac_store_expect){"session/1", 2}, NULL, &err));
    /* The first command again: already there, although its expectation no longer holds. */
    rac_store_result result;
    check_ok(rac_store_append(f->store, &start, 1, &fresh, &result, &err));
    assert_true(result.already);
    assert_int_equal(result.seq, 2);
}

static void test_store_append__numbers_of_a_series_never_repeat(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    int64_t number = 0;
    for (int i = 0; i < 12; i++) {
        check_ok(rac_store_next_number(f->store, "session", 8812, &clinic_entry, &number, &err));
        assert_int_equal(number, 8812 + i);
    }
    check_ok(rac_store_next_number(f->store, "patient", 1, &clinic_entry, &number, &err));
    assert_int_equal(number, 1);
    check_status(rac_store_next_number(f->store, "", 1, &clinic_entry, &number, &err), RAC_INVALID);
    check_status(rac_store_next_number(f->store, "x", 0, &clinic_entry, &number, &err), RAC_INVALID);
    check_intact(f->store, 14);
}

static void test_store_append__malformed_entries_are_refused_whole(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    char long_name[RAC_STORE_NAME_MAX + 2];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    char *long_body = rac_format(f->arena, "{\"x\":\"%0*d\"}", RAC_STORE_BODY_MAX, 0);
    const rac_store_entry good = reading(f->arena, "session/1", 0);
    struct {
        rac_store_entry entry;
        rac_status status;
        const char *field;
    } bad[] = {
        {good, RAC_INVALID, "subject"}, {good, RAC_INVALID, "kind"}, {good, RAC_LIMIT, "actor"},
        {good, RAC_INVALID, "source"},  {good, RAC_INVALID, "key"},  {good, RAC_INVALID, "body"},
        {good, RAC_LIMIT, "body"},      {good, RAC_INVALID, "body"},
    };
    bad[0].entry.subject = "";
    bad[1].entry.kind = "a\nb";
    bad[2].entry.actor = long_name;
    bad[3].entry.source = "\xff";
    bad[4].entry.key = "";
    bad[5].entry.body = "[1]";
    bad[6].entry.body = long_body;
    bad[7].entry.body = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const rac_store_entry entries[] = {good, bad[i].entry};
        check_status(rac_store_append(f->store, entries, 2, NULL, NULL, &err), bad[i].status);
        assert_string_equal(err.field, rac_format(f->arena, "entries[1].%s", bad[i].field));
    }
    check_status(rac_store_append(f->store, &good, 0, NULL, NULL, &err), RAC_INVALID);
    check_status(rac_store_append(f->store, &good, RAC_STORE_APPEND_MAX + 1, NULL, NULL, &err), RAC_LIMIT);
    check_intact(f->store, 1);
}

RAC_TESTS(store_test(test_store_append__numbers_entries_without_gaps),
          store_test(test_store_append__a_clock_that_goes_back_reorders_nothing),
          store_test(test_store_append__a_key_is_stored_once),
          store_test(test_store_append__a_key_twice_in_one_append_is_stored_once),
          store_test(test_store_append__somebody_faster_is_a_conflict),
          store_test(test_store_append__numbers_of_a_series_never_repeat),
          store_test(test_store_append__malformed_entries_are_refused_whole))
