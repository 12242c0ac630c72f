/* Reading: every filter against a plain loop, subjects, and changes by another process. */
#include "fixture.h"

static void fill_mixed(fixture *f, int count)
{
    static const char *const subjects[] = {"patient/P0147", "session/8812", "session/88", "staff/rk"};
    static const char *const kinds[] = {"reading", "note", "dosing.started"};
    rac_error err = {0};
    for (int i = 0; i < count; i++) {
        rac_store_entry entry = reading(f->arena, subjects[i * 7 % 11 % 4], i);
        entry.kind = kinds[i * 5 % 7 % 3];
        check_ok(rac_store_append(f->store, &entry, 1, NULL, NULL, &err));
    }
}

static bool matches(const rac_store_query *query, const rac_store_entry *entry)
{
    return (!query->subject || strcmp(query->subject, entry->subject) == 0) &&
           (!query->kind || strcmp(query->kind, entry->kind) == 0) && entry->seq >= query->from_seq &&
           (!query->to_seq || entry->seq <= query->to_seq);
}

static void test_store_read__every_filter_agrees_with_a_plain_loop(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    fill_mixed(f, 60);
    rac_store_entry *all, *some;
    size_t n_all, n_some;
    check_ok(rac_store_load(f->arena, f->store, NULL, &all, &n_all, &err));
    assert_int_equal(n_all, 61);
    size_t seen = 0;
    for (int bits = 0; bits < 64; bits++) {
        const rac_store_query query = {
            .subject = bits & 1 ? "session/8812" : NULL,
            .kind = bits & 2 ? "note" : NULL,
            .from_seq = bits & 4 ? 17 : 0,
            .to_seq = bits & 8 ? 41 : 0,
            .limit = bits & 16 ? 3 : 0,
            .newest_first = bits & 32,
        };
        check_ok(rac_store_load(f->arena, f->store, &query, &some, &n_some, &err));
        size_t at = 0;
        for (size_t i = 0; i < n_all && !(query.limit && at == (size_t)query.limit); i++) {
            const rac_store_entry *entry = &all[query.newest_first ? n_all - 1 - i : i];
            if (!matches(&query, entry))
                continue;
            assert_true(at < n_some);
            assert_int_equal(some[at].seq, entry->seq);
            assert_string_equal(some[at].body, entry->body);
            at++;
        }
        assert_int_equal(at, n_some);
        seen += n_some;
    }
    assert_true(seen > 200);
}

static void test_store_read__subjects_come_sorted_with_their_ends(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    fill_mixed(f, 60);
    rac_store_subject *subjects;
    size_t count;
    check_ok(rac_store_subjects(f->arena, f->store, "session/", &subjects, &count, &err));
    assert_int_equal(count, 2);
    assert_string_equal(subjects[0].name, "session/88");
    assert_string_equal(subjects[1].name, "session/8812");
    for (size_t i = 0; i < count; i++) {
        rac_store_entry *entries;
        size_t n;
        int64_t last;
        check_ok(rac_store_load(f->arena, f->store, &(rac_store_query){.subject = subjects[i].name}, &entries,
                                &n, &err));
        assert_int_equal(subjects[i].first_seq, entries[0].seq);
        assert_int_equal(subjects[i].last_seq, entries[n - 1].seq);
        check_ok(rac_store_last(f->store, subjects[i].name, &last, &err));
        assert_int_equal(last, entries[n - 1].seq);
    }
    check_ok(rac_store_subjects(f->arena, f->store, "session/88", &subjects, &count, &err));
    assert_int_equal(count, 2);
    check_ok(rac_store_subjects(f->arena, f->store, "", &subjects, &count, &err));
    assert_int_equal(count, 5);
    check_ok(rac_store_subjects(f->arena, f->store, "zzz", &subjects, &count, &err));
    assert_int_equal(count, 0);
    int64_t last = 7;
    check_ok(rac_store_last(f->store, "zzz", &last, &err));
    assert_int_equal(last, 0);
}

typedef struct visitor {
    fixture *f;
    int seen;
} visitor;

/* Appends while it reads: what it adds must not come up in the same reading. */
static bool append_and_stop_at_five(void *context, const rac_store_entry *entry)
{
    visitor *v = context;
    rac_error err = {0};
    const rac_store_entry added = reading(v->f->arena, "session/added", (int)entry->seq);
    check_ok(rac_store_append(v->f->store, &added, 1, NULL, NULL, &err));
    return ++v->seen < 5;
}

static void test_store_read__a_visit_may_append_and_stop(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    fill(f, "session/1", 2);
    visitor v = {f, 0};
    check_ok(rac_store_read(f->store, NULL, append_and_stop_at_five, &v, &err));
    assert_int_equal(v.seen, 3);
    check_ok(rac_store_read(f->store, NULL, append_and_stop_at_five, &v, &err));
    assert_int_equal(v.seen, 5);
    check_intact(f->store, 8);
}

static void test_store_read__changes_by_somebody_else_are_noticed(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store *other;
    check_ok(rac_store_open(f->path, NULL, &other, &err));
    int64_t seen = 0;
    bool changed = false;
    check_ok(rac_store_changed(f->store, &seen, &changed, &err));
    assert_true(changed && seen == 1);
    check_ok(rac_store_changed(f->store, &seen, &changed, &err));
    assert_false(changed);
    const rac_store_entry entry = reading(f->arena, "session/1", 0);
    check_ok(rac_store_append(other, &entry, 1, NULL, NULL, &err));
    check_ok(rac_store_changed(f->store, &seen, &changed, &err));
    assert_true(changed && seen == 2);
    rac_store_close(other);
}

static void test_store_read__the_head_is_the_last_hash(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    fill(f, "session/1", 3);
    rac_store_head head;
    rac_store_entry *entries;
    size_t count;
    check_ok(rac_store_head_now(f->store, &head, &err));
    check_ok(rac_store_load(f->arena, f->store, &(rac_store_query){.newest_first = true, .limit = 1},
                            &entries, &count, &err));
    assert_int_equal(head.seq, 4);
    assert_memory_equal(head.hash, entries[0].hash, RAC_STORE_HASH_BYTES);
    assert_int_equal(strlen(head.print), 19);
    unsigned first = 0;
    assert_int_equal(sscanf(head.print, "%4x ", &first), 1);
    assert_int_equal(first, head.hash[0] * 256 + head.hash[1]);
}

RAC_TESTS(store_test(test_store_read__every_filter_agrees_with_a_plain_loop),
          store_test(test_store_read__subjects_come_sorted_with_their_ends),
          store_test(test_store_read__a_visit_may_append_and_stop),
          store_test(test_store_read__changes_by_somebody_else_are_noticed),
          store_test(test_store_read__the_head_is_the_last_hash))
