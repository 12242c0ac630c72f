/* bench_chart: a chart as CSV, from its bytes to the table of `study compare`, beside a floor of the same
 * run.
 *
 *     ninja -C build bench/bench_chart && OPENBLAS_NUM_THREADS=1 build/bench/bench_chart
 *
 * A made-up chart of nine visits and nine columns.  Times are processor time of one thread.  The floor is
 * what no reader can avoid: to look at every byte once for delimiters and line ends.  Memory is what the
 * process has held at most (ru_maxrss), the file's bytes included.  Bars: 100,000 patients in 0.5 s and 200
 * MB. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/random.h"
#include "racemate/study.h"

enum { VISITS = 9, REPEATS = 5 };

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static char *make_file(size_t patients, size_t *size)
{
    char *bytes = NULL;
    FILE *file = open_memstream(&bytes, size);
    fputs("patient,arm,visit,day,score,age,sex,sessions,reason\n", file);
    for (size_t i = 0; i < patients; i++) {
        rac_random r = rac_random_open(20260102, i, RAC_RANDOM_TEST);
        const bool arm = rac_random_uniform(&r) < 0.7, female = rac_random_uniform(&r) < 0.6;
        const int age = 18 + (int)rac_random_below(&r, 58);
        const double baseline = 18 + 3 * rac_random_normal(&r), own = 2.5 * rac_random_normal(&r);
        for (int v = 0; v < VISITS; v++) {
            double score = baseline - (v ? 4 + 0.2 * v * arm : 0) + own * v / 8 + 2 * rac_random_normal(&r);
            score = score < 0 ? 0 : score > 27 ? 27 : score;
            fprintf(file, "P%06zu,%s,%d,%d,%.0f,%d,%s,8,completed\n", i + 1,
                    arm ? "intravenous ketamine" : "intranasal esketamine", v, v ? 1 + 7 * (v - 1) / 2 : 0,
                    score, age, female ? "female" : "male");
        }
    }
    fclose(file);
    return bytes;
}

static double floor_ms(rac_text bytes)
{
    bool ends[256] = {[','] = true, ['\n'] = true, ['\r'] = true, ['"'] = true};
    size_t fields = 0;
    const double start = now_ms();
    for (size_t i = 0; i < bytes.size; i++)
        fields += ends[(unsigned char)bytes.data[i]];
    const double took = now_ms() - start;
    return fields == 1 ? 0 : took; /* the count is used, so that the loop stays */
}

static double run_ms(rac_text bytes)
{
    const double start = now_ms();
    rac_arena *const arena = rac_arena_new();
    rac_problems problems = rac_problems_init(arena);
    rac_chart chart;
    rac_study_comparison compared;
    rac_error err = {0};
    const rac_chart_file file = {"chart.csv", bytes};
    if (rac_chart_read(arena, &file, &(rac_chart_options){.scale = "QIDS-SR16"}, &chart, &problems) !=
            RAC_OK ||
        rac_study_compare(arena, &chart, &(rac_study_options){0}, &compared, &err) != RAC_OK) {
        fprintf(stderr, "%s\n", problems.count ? problems.items[0].message : err.message);
        exit(1);
    }
    rac_arena_free(arena);
    return now_ms() - start;
}

int main(void)
{
    static const size_t sizes[] = {1000, 10000, 100000};
    const double bar_ms = 500, bar_mb = 200;
    double last = 0, before = 0;
    printf("%9s %9s %9s %9s %7s %7s %9s\n", "patients", "MB file", "ms", "floor ms", "ratio", "growth",
           "MB held");
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        rac_text bytes = {0};
        bytes.data = make_file(sizes[k], &bytes.size);
        double t[REPEATS], floor = floor_ms(bytes);
        for (int i = 0; i < REPEATS; i++) {
            const double took = run_ms(bytes);
            int at = i;
            for (; at > 0 && t[at - 1] > took; at--)
                t[at] = t[at - 1];
            t[at] = took;
        }
        last = t[REPEATS / 2];
        struct rusage use;
        getrusage(RUSAGE_SELF, &use);
        printf("%9zu %9.1f %9.1f %9.2f %7.1f %7.2f %9.1f\n", sizes[k], (double)bytes.size / 1e6, last, floor,
               last / floor, k ? last / before / 10 : (double)1, (double)use.ru_maxrss / 1024);
        before = last;
        free((void *)bytes.data);
        if (k + 1 == sizeof sizes / sizeof *sizes &&
            (last > bar_ms || (double)use.ru_maxrss / 1024 > bar_mb)) {
            printf("over the bar of %.0f ms and %.0f MB\n", bar_ms, bar_mb);
            return 1;
        }
    }
    return 0;
}
