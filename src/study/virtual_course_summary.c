/* What happened in many virtual courses: see virtual_course.h. */
#include <math.h>

#include "study/virtual_course.h"
#include "study/virtual_figure.h"

static double percent(bool yes)
{
    return yes ? 100 : 0;
}

/* ---- whole courses ---- */

static const rac_virtual_visited *last_infusion(const rac_virtual_course *c)
{
    return rac_virtual_infusion(c, c->infusions);
}

/* How many visits this is true of. */
static double visits_that(const rac_virtual_course *c, bool (*is)(const rac_virtual_visited *visit))
{
    double count = 0;
    for (size_t i = 0; i < c->visit_count; i++)
        count += is(&c->visits[i]);
    return count;
}

static bool is_sent_home(const rac_virtual_visited *v)
{
    return v->session.end == RAC_VIRTUAL_NOT_STARTED;
}

static bool is_stepped_up(const rac_virtual_visited *v)
{
    return v->infusion && v->move == RAC_MOVE_UP;
}

static bool is_stepped_down(const rac_virtual_visited *v)
{
    return v->infusion && v->move == RAC_MOVE_DOWN;
}

static bool is_step_refused(const rac_virtual_visited *v)
{
    return v->step_refused != NULL;
}

static bool is_held(const rac_virtual_visited *v)
{
    return v->infusion && v->session.holds > 0;
}

static bool is_stopped(const rac_virtual_visited *v)
{
    return v->infusion && v->session.stopped_early;
}

static bool asked_last(const rac_virtual_course *c)
{
    const rac_virtual_visited *v = last_infusion(c);
    return v && v->asked;
}

#define OF_COURSE(name, value)                      \
    static double name(const rac_virtual_course *c) \
    {                                               \
        return (value);                             \
    }
#define OF_TREATED(name, value) OF_COURSE(name, c->infusions ? (double)(value) : NAN)

OF_COURSE(never_planned, percent(c->end == RAC_VIRTUAL_NEVER_PLANNED))
OF_COURSE(never_treated, percent(c->infusions == 0))
OF_COURSE(completed, percent(c->end == RAC_VIRTUAL_COMPLETED))
OF_COURSE(left, percent(c->end == RAC_VIRTUAL_LEFT_COURSE))
OF_COURSE(ran_out, percent(c->end == RAC_VIRTUAL_RAN_OUT))
OF_COURSE(stayed, percent(c->end == RAC_VIRTUAL_STAYED))
OF_COURSE(sent_home, visits_that(c, is_sent_home))
OF_TREATED(infusions, c->infusions)
OF_TREATED(given_mg, c->given_mg)
OF_TREATED(days, c->day)
OF_TREATED(held, percent(visits_that(c, is_held) > 0))
OF_TREATED(sessions_held, visits_that(c, is_held))
OF_TREATED(stopped, percent(visits_that(c, is_stopped) > 0))
OF_TREATED(stepped_up, percent(visits_that(c, is_stepped_up) > 0))
OF_TREATED(stepped_down, percent(visits_that(c, is_stepped_down) > 0))
OF_TREATED(step_refused, percent(visits_that(c, is_step_refused) > 0))
OF_TREATED(score, c->score)
OF_COURSE(response, percent(asked_last(c) && last_infusion(c)->response))
OF_COURSE(remission, percent(asked_last(c) && last_infusion(c)->remission))
OF_COURSE(response_of_completed,
          c->end == RAC_VIRTUAL_COMPLETED && asked_last(c) ? percent(last_infusion(c)->response) : NAN)
OF_COURSE(remission_of_completed,
          c->end == RAC_VIRTUAL_COMPLETED && asked_last(c) ? percent(last_infusion(c)->remission) : NAN)
OF_COURSE(improvement, asked_last(c) ? last_infusion(c)->improvement : NAN)
OF_COURSE(worse, asked_last(c) ? percent(last_infusion(c)->improvement < 0) : NAN)

static const struct {
    rac_virtual_row row;
    double (*value)(const rac_virtual_course *course);
} course_rows[] = {
    {{"completed", "course completed", "%", true}, completed},
    {{"left_course", "did not come back", "%", true}, left},
    {{"ran_out", "out of the protocol's weeks", "%", true}, ran_out},
    {{"no_plan", "no plan could be made", "%", true}, never_planned},
    {{"stayed", "never ready to leave", "%", true}, stayed},
    {{"never_treated", "never had an infusion", "%", true}, never_treated},
    {{"sent_home", "appointments sent home", "", false}, sent_home},
    {{"infusions", "infusions", "", false}, infusions},
    {{"days", "days to the last appointment", "", false}, days},
    {{"given_mg", "ketamine in all", "mg", false}, given_mg},
    {{"held", "held in a session", "%", true}, held},
    {{"sessions_held", "sessions held", "", false}, sessions_held},
    {{"stopped_early", "stopped in a session", "%", true}, stopped},
    {{"stepped_up", "dose stepped up", "%", true}, stepped_up},
    {{"stepped_down", "dose stepped down", "%", true}, stepped_down},
    {{"step_refused", "a step up the plan refused", "%", true}, step_refused},
    {{"score", "score at the baseline", "", false}, score},
    {{"improvement", "improvement at the last asking", "%", false}, improvement},
    {{"worse", "worse than before, of those asked", "%", true}, worse},
    {{"response", "response, unasked counted as none", "%", true}, response},
    {{"remission", "remission, unasked counted as none", "%", true}, remission},
    {{"response_of_completed", "response, of those completed", "%", true}, response_of_completed},
    {{"remission_of_completed", "remission, of those completed", "%", true}, remission_of_completed},
};
enum { COURSE_ROWS = sizeof course_rows / sizeof *course_rows };

/* ---- one infusion of each ---- */

/* NaN where it was not given. */
#define OF_INFUSION(name, value)                                          \
    static double name(const rac_virtual_course *c, int infusion)         \
    {                                                                     \
        const rac_virtual_visited *v = rac_virtual_infusion(c, infusion); \
        return v ? (double)(value) : NAN;                                 \
    }

OF_INFUSION(visit_held, percent(is_held(v)))
OF_INFUSION(visit_stopped, percent(is_stopped(v)))
OF_INFUSION(visit_up, percent(is_stepped_up(v)))
OF_INFUSION(visit_down, percent(is_stepped_down(v)))
OF_INFUSION(visit_dose, v->dose_mg_per_kg)
OF_INFUSION(visit_given, v->session.given_mg)
OF_INFUSION(visit_peak, v->driver_peak)
OF_INFUSION(visit_before, v->driver_before)
OF_INFUSION(visit_metabolite, v->metabolite_before)
OF_INFUSION(visit_rise, v->session.peak_rise[0])
OF_INFUSION(visit_chair, v->session.ready_min)
OF_INFUSION(visit_asked, percent(v->asked))
OF_INFUSION(visit_improvement, v->asked ? v->improvement : NAN)
OF_INFUSION(visit_response, v->asked ? percent(v->response) : NAN)
OF_INFUSION(visit_remission, v->asked ? percent(v->remission) : NAN)

static double treated(const rac_virtual_course *c, int infusion)
{
    return percent(rac_virtual_infusion(c, infusion) != NULL);
}

/* Of everybody who came to the first appointment, as known after so many infusions: whoever completed a
 * course before keeps what they were asked last; whoever left or was not asked counts as none. */
static const rac_virtual_visited *known_after(const rac_virtual_course *c, int infusion)
{
    const int last = infusion > c->infusions && c->end == RAC_VIRTUAL_COMPLETED ? c->infusions : infusion;
    const rac_virtual_visited *v = rac_virtual_infusion(c, last);
    return v && v->asked ? v : NULL;
}

static double all_response(const rac_virtual_course *c, int infusion)
{
    const rac_virtual_visited *v = known_after(c, infusion);
    return percent(v && v->response);
}

static double all_remission(const rac_virtual_course *c, int infusion)
{
    const rac_virtual_visited *v = known_after(c, infusion);
    return percent(v && v->remission);
}

static const struct {
    rac_virtual_row row;
    double (*value)(const rac_virtual_course *course, int infusion);
} infusion_rows[] = {
    {{"treated", "treated, of all", "%", true}, treated},
    {{"held", "held", "%", true}, visit_held},
    {{"stopped_early", "stopped early", "%", true}, visit_stopped},
    {{"stepped_up", "stepped up", "%", true}, visit_up},
    {{"stepped_down", "stepped down", "%", true}, visit_down},
    {{"dose_mg_per_kg", "dose ordered", "mg/kg", false}, visit_dose},
    {{"given_mg", "dose given", "mg", false}, visit_given},
    {{"driver_before", "level before", "mg/L", false}, visit_before},
    {{"driver_highest", "highest level", "mg/L", false}, visit_peak},
    {{"metabolite_before", "norketamine before", "mg/L", false}, visit_metabolite},
    {{"rise_sbp", "largest systolic rise read", "mmHg", false}, visit_rise},
    {{"chair_min", "start to ready to leave", "min", false}, visit_chair},
    {{"asked", "asked after it", "%", true}, visit_asked},
    {{"improvement", "improvement, of those asked", "%", false}, visit_improvement},
    {{"response_of_asked", "response, of those asked", "%", true}, visit_response},
    {{"remission_of_asked", "remission, of those asked", "%", true}, visit_remission},
    {{"response", "response by then, of all", "%", true}, all_response},
    {{"remission", "remission by then, of all", "%", true}, all_remission},
};
enum { INFUSION_ROWS = sizeof infusion_rows / sizeof *infusion_rows };

/* ---- over patients ---- */

/* The value of one row in one patient; infusion 0: of the whole course. */
static double value_of(const rac_virtual_course *course, int infusion, int row)
{
    return infusion ? infusion_rows[row].value(course, infusion) : course_rows[row].value(course);
}

/* Of b when it is not NULL: b minus a. */
static rac_status figures_of(rac_arena *arena, const rac_virtual_course *a, const rac_virtual_course *b,
                             size_t count, int infusion, rac_virtual_figure **figures, size_t *figure_count,
                             rac_error *err)
{
    if (!count)
        return rac_fail(err, RAC_INVALID, "there are no virtual patients");
    const int rows = infusion ? INFUSION_ROWS : COURSE_ROWS;
    double *values = rac_many(arena, double, count);
    *figures = rac_many(arena, rac_virtual_figure, (size_t)rows);
    *figure_count = (size_t)rows;
    for (int row = 0; row < rows; row++) {
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            const double value = value_of(&a[i], infusion, row);
            const double answer = b ? value_of(&b[i], infusion, row) - value : value;
            if (!isnan(answer))
                values[kept++] = answer;
        }
        rac_virtual_figure *figure = &(*figures)[row];
        *figure =
            rac_virtual_figure_of(infusion ? &infusion_rows[row].row : &course_rows[row].row, values, kept);
        if (b) {
            figure->low = figure->high = NAN;
            figure->share = false;
        }
    }
    return RAC_OK;
}

rac_status rac_virtual_courses_summarise(rac_arena *arena, const rac_virtual_course *courses, size_t count,
                                         rac_virtual_figure **figures, size_t *figure_count, rac_error *err)
{
    return figures_of(arena, courses, NULL, count, 0, figures, figure_count, err);
}

rac_status rac_virtual_infusions_summarise(rac_arena *arena, const rac_virtual_course *courses, size_t count,
                                           int infusion, rac_virtual_figure **figures, size_t *figure_count,
                                           rac_error *err)
{
    if (infusion < 1)
        return rac_fail(err, RAC_INVALID, "infusions are counted from 1");
    return figures_of(arena, courses, NULL, count, infusion, figures, figure_count, err);
}

rac_status rac_virtual_courses_compare(rac_arena *arena, const rac_virtual_course *a,
                                       const rac_virtual_course *b, size_t count, int infusion,
                                       rac_virtual_figure **figures, size_t *figure_count, rac_error *err)
{
    return figures_of(arena, a, b, count, infusion, figures, figure_count, err);
}
