/* Answers of SUNDIALS CVODES for tests/data/nonlinear: see README.md.
 *
 *     reference FOLDER     writes FOLDER/NAME.csv for each case
 */
#include <cvodes/cvodes.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_version.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"

/* Moments closer than this are one: sums of the same lengths in another order. */
static const double NEAR_H = 1e-9;

enum { STATES_MAX = 10, TIMES_MAX = 400, BREAKS_MAX = 200 };

/* ---- the equations; `in` is the input into the first amount, mg/h ---- */

static void benchmark_b(double in, const double *x, double *dx)
{
    const double V1 = 25, V2 = 56, V3 = 157, CL = 84, Q2 = 161, Q3 = 79, VM = 98.638, CLM = 57.72,
                 VPM = 160.04, QM = 42.778, ke0 = 5.01, EC50 = 0.121, hill = 2.385, Emax = 1.5, kout1 = 0.08,
                 kout2 = 0.02, base = 10;
    dx[0] = in - (CL + Q2 + Q3) / V1 * x[0] + Q2 / V2 * x[1] + Q3 / V3 * x[2];
    dx[1] = Q2 / V1 * x[0] - Q2 / V2 * x[1];
    dx[2] = Q3 / V1 * x[0] - Q3 / V3 * x[2];
    dx[3] = CL / V1 * x[0] - (QM + CLM) / VM * x[3] + QM / VPM * x[4];
    dx[4] = QM / VM * x[3] - QM / VPM * x[4];
    dx[5] = ke0 * (x[0] / V1 - x[5]);
    const double e = pow(fmax(x[5], 0) / EC50, hill);
    dx[6] = kout1 * base * (1 + Emax * e / (1 + e)) - kout1 * x[6];
    dx[7] = kout2 * (x[6] - x[7]);
}

static void inhibition(double in, const double *x, double *dx)
{
    const double c = fmax(x[0], 0) / 18, e = pow(c / 0.9, 1.7), kin = 4.2, kout = 0.13, tau = 9.5;
    dx[0] = in - 6.3 / 18 * x[0];
    dx[1] = kin * (1 - 0.85 * e / (1 + e)) - kout * x[1];
    dx[2] = (x[1] - x[2]) / tau;
}

static void saturable(double in, const double *x, double *dx)
{
    const double V = 12, c = x[0] / V;
    dx[0] = in - 14 * c / (1.3 + c) - 1.1 * c - 0.9 * x[0] + 0.4 * x[1];
    dx[1] = 0.9 * x[0] - 0.4 * x[1];
}

static void stiff(double in, const double *x, double *dx)
{
    dx[0] = in - 0.04 * x[0] + 1e4 * x[1] * x[2];
    dx[1] = 0.04 * x[0] - 1e4 * x[1] * x[2] - 3e7 * x[1] * x[1];
    dx[2] = 3e7 * x[1] * x[1];
}

static void pauses(double in, const double *x, double *dx)
{
    dx[0] = in - 8.5 * x[0] / (6 + x[0]);
}

static void feedback(double in, const double *x, double *dx)
{
    const double e = pow(fmax(x[0], 0) / 20 / 0.3, 1.4), r0 = 20;
    dx[0] = in - 0.6 * x[0];
    dx[1] = 2 * (1 - e / (1 + e)) * 2 * r0 / (r0 + x[2]) - 0.1 * x[1];
    dx[2] = (x[1] - x[2]) / 6;
}

typedef struct equations {
    void (*rate)(double in, const double *x, double *dx);
    int states;
    double start[STATES_MAX];
    int output[3]; /* which states are answers */
} equations;

static const equations EQUATIONS[REFERENCE_CASE_COUNT] = {
    {benchmark_b, 8, {0, 0, 0, 0, 0, 0, 10, 10}, {6, 7}},
    {inhibition, 3, {0, 4.2 / 0.13, 4.2 / 0.13}, {1, 2}},
    {saturable, 2, {0, 0}, {0, 1}},
    {stiff, 3, {1, 0, 0}, {0, 1, 2}},
    {pauses, 1, {0}, {0}},
    {feedback, 3, {0, 20, 20}, {1, 2}},
};

/* ---- one run ---- */

typedef struct problem {
    const reference_case *c;
    const equations *e;
    double in;
} problem;

static int right_side(sunrealtype t, N_Vector y, N_Vector dy, void *context)
{
    const problem *p = context;
    (void)t;
    p->e->rate(p->in, NV_DATA_S(y), NV_DATA_S(dy));
    return 0;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Every moment at which anything changes or is wanted. */
static int find_breaks(const reference_case *c, double *breaks)
{
    int count = 0;
    for (int r = 0; r < c->repeats; r++)
        for (int i = 0; i < c->inputs; i++) {
            breaks[count++] = c->input[i].start_h + r * c->every_h;
            breaks[count++] = c->input[i].end_h + r * c->every_h;
        }
    breaks[count++] = 0;
    qsort(breaks, (size_t)count, sizeof *breaks, ascending);
    return count;
}

/* The input between two breaks, by its middle; boluses at exactly `now`. */
static double input_at(const reference_case *c, double middle_h)
{
    double in = 0;
    for (int r = 0; r < c->repeats; r++)
        for (int i = 0; i < c->inputs; i++)
            if (middle_h > c->input[i].start_h + r * c->every_h &&
                middle_h < c->input[i].end_h + r * c->every_h)
                in += c->input[i].rate;
    return in;
}

static double bolus_at(const reference_case *c, double now_h)
{
    double amount = 0;
    for (int r = 0; r < c->repeats; r++)
        for (int i = 0; i < c->inputs; i++) {
            const double at_h = c->input[i].start_h + r * c->every_h;
            if (c->input[i].start_h == c->input[i].end_h && at_h == now_h)
                amount += c->input[i].rate;
        }
    return amount;
}

static void must(int flag, const char *what)
{
    if (flag < 0) {
        fprintf(stderr, "%s: %d\n", what, flag);
        exit(1);
    }
}

static void integrate(int number, double rtol, double *answers)
{
    const reference_case *c = &REFERENCE_CASES[number];
    problem p = {c, &EQUATIONS[number], 0};
    SUNContext context;
    must(SUNContext_Create(NULL, &context), "context");
    N_Vector y = N_VNew_Serial(p.e->states, context), atol = N_VNew_Serial(p.e->states, context);
    for (int i = 0; i < p.e->states; i++) {
        NV_Ith_S(y, i) = p.e->start[i];
        NV_Ith_S(atol, i) = rtol * (c->step_h < 0 ? 1e-8 : 1e-3);
    }
    SUNMatrix matrix = SUNDenseMatrix(p.e->states, p.e->states, context);
    SUNLinearSolver solver = SUNLinSol_Dense(y, matrix, context);
    void *memory = CVodeCreate(CV_BDF, context);
    must(CVodeInit(memory, right_side, 0, y), "init");
    must(CVodeSVtolerances(memory, rtol, atol), "tolerances");
    must(CVodeSetUserData(memory, &p), "data");
    must(CVodeSetLinearSolver(memory, solver, matrix), "solver");
    must(CVodeSetMaxNumSteps(memory, 100000000), "steps");
    double breaks[BREAKS_MAX];
    const int count = find_breaks(c, breaks);
    int next = 0;
    for (int b = 0; b < count; b++) {
        const double now_h = breaks[b], end_h = b + 1 < count ? breaks[b + 1] : INFINITY;
        if (b == 0 || now_h > breaks[b - 1])
            NV_Ith_S(y, 0) += bolus_at(c, now_h);
        if (!(end_h > now_h))
            continue;
        p.in = input_at(c, isinf(end_h) ? now_h + 1 : 0.5 * (now_h + end_h));
        must(CVodeReInit(memory, now_h, y), "reinit");
        double t = now_h;
        /* at a time with events the answer is the state after them */
        for (; next < c->times && reference_time(c, next) < end_h - NEAR_H; next++) {
            const double wanted_h = reference_time(c, next);
            if (wanted_h > now_h + NEAR_H)
                must(CVode(memory, wanted_h, y, &t, CV_NORMAL), "step");
            for (int o = 0; o < c->outputs; o++)
                answers[next * c->outputs + o] = NV_Ith_S(y, p.e->output[o]);
        }
        if (!isinf(end_h))
            must(CVode(memory, end_h, y, &t, CV_NORMAL), "step");
    }
    CVodeFree(&memory);
    SUNLinSolFree(solver);
    SUNMatDestroy(matrix);
    N_VDestroy(y);
    N_VDestroy(atol);
    SUNContext_Free(&context);
}

static double over_peak(const reference_case *c, const double *a, const double *b)
{
    double worst = 0;
    for (int o = 0; o < c->outputs; o++) {
        double peak = 0, error = 0;
        for (int i = 0; i < c->times; i++) {
            peak = fmax(peak, fabs(b[i * c->outputs + o]));
            error = fmax(error, fabs(a[i * c->outputs + o] - b[i * c->outputs + o]));
        }
        worst = fmax(worst, error / peak);
    }
    return worst;
}

int main(int count, char **arguments)
{
    static double answers[TIMES_MAX * 3], closer[TIMES_MAX * 3];
    char version[64], path[1000];
    if (count != 2 || SUNDIALSGetVersion(version, sizeof version))
        return 2;
    for (int k = 0; k < REFERENCE_CASE_COUNT; k++) {
        const reference_case *c = &REFERENCE_CASES[k];
        integrate(k, 1e-12, answers);
        integrate(k, 1e-13, closer);
        snprintf(path, sizeof path, "%s/%s.csv", arguments[1], c->name);
        FILE *file = fopen(path, "w");
        if (!file) {
            perror(path);
            return 1;
        }
        fprintf(file,
                "# %s, by reference/reference.c: SUNDIALS CVODES %s, BDF, relative tolerance 1e-12\n"
                "# largest difference from a run at 1e-13, over the peak: %.1e\n",
                c->name, version, over_peak(c, answers, closer));
        for (int i = 0; i < c->times; i++) {
            fprintf(file, "%.17g", reference_time(c, i));
            for (int o = 0; o < c->outputs; o++)
                fprintf(file, ",%.17g", answers[i * c->outputs + o]);
            fputc('\n', file);
        }
        fclose(file);
        printf("%s: %.1e\n", c->name, over_peak(c, answers, closer));
    }
    return 0;
}
