/* reference/cases.h: inputs and times of the reference cases, for the program that computes them and the
 * test. */
#ifndef RACEMATE_REFERENCE_CASES_H
#define RACEMATE_REFERENCE_CASES_H

#include <math.h>

/* A constant input of rate mg/h into the first amount, or (end_h = start_h) a bolus of `rate` mg. */
typedef struct reference_input {
    double start_h, end_h, rate;
} reference_input;

typedef struct reference_case {
    const char *name;
    int outputs;
    int inputs, repeats; /* all inputs come `repeats` times, every_h apart */
    reference_input input[4];
    double every_h;
    int times;
    double first_h, step_h; /* times first_h + i step_h; with a negative step, first_h times 10^(-i step_h) */
} reference_case;

static inline double reference_time(const reference_case *c, int i)
{
    return c->step_h < 0 ? c->first_h * pow(10, -c->step_h * i) : c->first_h + c->step_h * i;
}

static const reference_case REFERENCE_CASES[] = {
    /* 35 mg in 40 min, twice a week, 35 days */
    {"benchmark-b", 2, 1, 8, {{0, 40 / 60.0, 52.5}}, 84, 200, 4.2, 4.2},
    /* a bolus a day inhibits production, two stages */
    {"inhibition", 2, 1, 5, {{1, 1, 120}}, 24, 120, 0.5, 1.25},
    /* two compartments, saturable and linear elimination side by side */
    {"saturable", 2, 2, 2, {{0.5, 2.5, 60}, {5, 5, 80}}, 12, 97, 0, 0.25},
    /* Robertson 1966: rate constants from 0.04 to 3e7, times from 0.01 to 1e6 */
    {"stiff", 3, 0, 1, {{0, 0, 0}}, 0, 9, 0.01, -1},
    /* an infusion that is paused, resumed, and made slower, into saturable elimination */
    {"pauses", 1, 3, 1, {{1, 1.4, 30}, {1.7, 2.5, 30}, {2.5, 4, 12}}, 0, 81, 0, 0.1},
    /* a response that a moderator follows and holds back (a loop: no cascade) */
    {"feedback", 2, 1, 3, {{2, 4, 25}}, 24, 120, 0, 0.9},
};

enum { REFERENCE_CASE_COUNT = sizeof REFERENCE_CASES / sizeof *REFERENCE_CASES };

#endif
