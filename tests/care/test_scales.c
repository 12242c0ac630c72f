/* Rating scales: what must hold of every row, and scores worked by hand. */
#include "check.h"

#include "racemate/care/scales.h"

static const rac_scale *scale_named(const char *id)
{
    const rac_scale *scale = NULL;
    rac_error err = {0};
    check_ok(rac_scale_find(rac_text_of(id), &scale, &err));
    return scale;
}

/* Bands cover the range without gaps or overlaps, ids are unique, the reachable totals are the stated ones.
 */
static void test_care_scales__every_row_is_consistent(void **state)
{
    (void)state;
    size_t count;
    const rac_scale *scales = rac_scale_list(&count);
    for (size_t s = 0; s < count; s++) {
        const rac_scale *scale = &scales[s];
        int next = scale->low;
        for (int b = 0; b < scale->band_count; b++) {
            assert_int_equal(scale->bands[b].from, next);
            assert_true(scale->bands[b].to >= scale->bands[b].from);
            next = scale->bands[b].to + 1;
        }
        assert_int_equal(next, scale->high + 1);
        int least[RAC_SCALE_ITEMS_MAX], most[RAC_SCALE_ITEMS_MAX];
        for (int i = 0; i < scale->item_count; i++) {
            least[i] = scale->items[i].low;
            most[i] = scale->items[i].high;
            for (int j = 0; j < i; j++)
                assert_string_not_equal(scale->items[i].id, scale->items[j].id);
        }
        rac_score score;
        rac_error err = {0};
        check_ok(rac_scale_score(scale, least, scale->item_count, (rac_instant){0}, &score, &err));
        assert_int_equal(score.total, scale->low);
        check_ok(rac_scale_score(scale, most, scale->item_count, (rac_instant){0}, &score, &err));
        assert_int_equal(score.total, scale->high);
        assert_true(strlen(scale->licence) > 5 && strlen(scale->source) > 5);
    }
}

static void test_care_scales__phq9_needs_all_nine(void **state)
{
    (void)state;
    rac_score score;
    rac_error err = {0};
    int answers[9] = {2, 3, 2, 3, 1, 2, 2, 1, 1};
    check_ok(rac_scale_score(scale_named("PHQ-9"), answers, 9, (rac_instant){0}, &score, &err));
    assert_true(score.total_known);
    assert_int_equal(score.total, 17);
    assert_string_equal(score.band, "moderately severe");
    assert_int_equal(score.suicide, 1);
    answers[4] = RAC_SCALE_MISSING;
    check_ok(rac_scale_score(scale_named("PHQ-9"), answers, 9, (rac_instant){0}, &score, &err));
    assert_false(score.total_known);
    assert_null(score.band);
    assert_int_equal(score.suicide, 1);
    answers[4] = 4;
    check_status(rac_scale_score(scale_named("PHQ-9"), answers, 9, (rac_instant){0}, &score, &err),
                 RAC_INVALID);
    assert_string_equal(err.field, "q5");
    check_status(rac_scale_score(scale_named("PHQ-9"), answers, 8, (rac_instant){0}, &score, &err),
                 RAC_INVALID);
}

/* max(1,3,0,2) + 2 + max(0,2,1,0) + 1 + 2 + 0 + 2 + 3 + max(1,2) = 3+2+2+1+2+0+2+3+2 = 17; a simple sum would
 * be 24. */
static void test_care_scales__qids_takes_domain_maxima(void **state)
{
    (void)state;
    rac_score score;
    rac_error err = {0};
    int answers[16] = {1, 3, 0, 2, 2, 0, 2, 1, 0, 1, 2, 0, 2, 3, 1, 2};
    check_ok(rac_scale_score(scale_named("QIDS-SR16"), answers, 16, (rac_instant){0}, &score, &err));
    assert_int_equal(score.total, 17);
    assert_string_equal(score.band, "severe");
    assert_int_equal(score.suicide, 0);
    answers[0] = RAC_SCALE_MISSING; /* sleep already holds a 3 */
    check_ok(rac_scale_score(scale_named("QIDS-SR16"), answers, 16, (rac_instant){0}, &score, &err));
    assert_true(score.total_known);
    assert_int_equal(score.total, 17);
    answers[7] = RAC_SCALE_MISSING; /* appetite holds only a 2: it could be 3 */
    check_ok(rac_scale_score(scale_named("QIDS-SR16"), answers, 16, (rac_instant){0}, &score, &err));
    assert_false(score.total_known);
}

static void test_care_scales__a_total_alone_leaves_the_suicide_item_unknown(void **state)
{
    (void)state;
    rac_score score;
    rac_error err = {0};
    check_ok(rac_scale_total(scale_named("MADRS"), 34, (rac_instant){0}, &score, &err));
    assert_string_equal(score.band, "moderate");
    assert_int_equal(score.suicide, RAC_SCALE_MISSING);
    assert_false(score.items_known);
    check_status(rac_scale_total(scale_named("MADRS"), 61, (rac_instant){0}, &score, &err), RAC_INVALID);
    const rac_scale *scale;
    check_status(rac_scale_find(rac_text_of("PHQ9"), &scale, &err), RAC_NOT_FOUND);
    check_contains(err.hint, "PHQ-9");
}

RAC_TESTS(cmocka_unit_test(test_care_scales__every_row_is_consistent),
          cmocka_unit_test(test_care_scales__phq9_needs_all_nine),
          cmocka_unit_test(test_care_scales__qids_takes_domain_maxima),
          cmocka_unit_test(test_care_scales__a_total_alone_leaves_the_suicide_item_unknown))
