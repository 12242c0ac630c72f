/* check.h: cmocka with the few checks it lacks.  A test file lists its tests and ends with
 *
 *     RAC_TESTS(cmocka_unit_test(test_base_decimal__adds_exactly), ...)
 *
 * Names say the claim: test_<folder>_<module>__<what_holds>. */
#ifndef RACEMATE_TESTS_CHECK_H
#define RACEMATE_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "racemate/base.h"

/* |actual - expected| <= absolute + relative * |expected|; a NaN never passes. */
#define check_near(actual, expected, absolute, relative) \
    check_near_at((actual), (expected), (absolute), (relative), #actual, __FILE__, __LINE__)
static inline void check_near_at(double actual, double expected, double absolute, double relative,
                                 const char *what, const char *file, int line)
{
    if (fabs(actual - expected) <= absolute + relative * fabs(expected))
        return;
    fprintf(stderr, "%s:%d: %s is %.17g, expected %.17g (off by %.3g)\n", file, line, what, actual, expected,
            actual - expected);
    _fail(file, line);
}

/* The call succeeded; prints the error when it did not.  Needs a rac_error named err in scope. */
#define check_ok(call)                                                        \
    do {                                                                      \
        const rac_status check_status_ = (call);                              \
        if (check_status_ != RAC_OK) {                                        \
            fprintf(stderr, "%s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, \
                    rac_status_name(check_status_), err.message);             \
            _fail(__FILE__, __LINE__);                                        \
        }                                                                     \
    } while (0)

/* The call failed with this status. */
#define check_status(call, status)                                                         \
    do {                                                                                   \
        const rac_status check_status_ = (call);                                           \
        if (check_status_ != (status)) {                                                   \
            fprintf(stderr, "%s:%d: %s gave %s, expected %s\n", __FILE__, __LINE__, #call, \
                    rac_status_name(check_status_), rac_status_name(status));              \
            _fail(__FILE__, __LINE__);                                                     \
        }                                                                                  \
    } while (0)

/* The text contains the words. */
#define check_contains(text, words)                                                    \
    do {                                                                               \
        const char *const check_text_ = (text);                                        \
        if (!check_text_ || !strstr(check_text_, (words))) {                           \
            fprintf(stderr, "%s:%d: '%s' does not contain '%s'\n", __FILE__, __LINE__, \
                    check_text_ ? check_text_ : "(null)", (words));                    \
            _fail(__FILE__, __LINE__);                                                 \
        }                                                                              \
    } while (0)

#define RAC_TESTS(...)                                    \
    int main(void)                                        \
    {                                                     \
        const struct CMUnitTest tests[] = {__VA_ARGS__};  \
        cmocka_set_message_output(CM_OUTPUT_TAP);         \
        return cmocka_run_group_tests(tests, NULL, NULL); \
    }

#endif
