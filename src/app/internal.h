/* app/internal.h: what the files of src/app share. */
#ifndef RACEMATE_APP_INTERNAL_H
#define RACEMATE_APP_INTERNAL_H

#include "app/app.h"
#include "racemate/pharma/dosing.h"
#include "racemate/pharma/model.h"
#include "racemate/pharma/sources.h"

/* ---- the clinic (clinic.c) ---- */

/* "now", "-3m", "10:25" (today, clinic time), ISO 8601, "@<ms>"; NULL gives now. */
rac_status rac_app_time(const rac_app *app, const char *text, rac_instant *at, rac_error *err);
/* RAC_DENIED unless the call's person has shown the PIN. */
rac_status rac_call_sign(rac_call *call, rac_error *err);
/* Checks the second person named by --second and --second-pin; NULL when none was named. */
rac_status rac_call_second(rac_call *call, const char **second, rac_error *err);

/* Appends one entry with a JSON body (a reference this call takes over). */
rac_status rac_app_record(rac_call *call, const char *subject, const char *kind, rac_instant at, json_t *body,
                          int64_t *seq, rac_error *err);

/* ---- what was decoded of open sessions (recent.c) ---- */

typedef struct rac_recents rac_recents;
rac_recents *rac_recents_new(void);
void rac_recents_free(rac_recents *recents);
rac_recents *rac_app_recents(rac_app *app);
/* A session's events up to now (count 0: there is no such session).  They are borrowed, must not be changed,
 * and last at least a quarter of an hour. */
rac_status rac_recents_events(rac_app *app, const char *session_id, rac_event **events, size_t *count,
                              int64_t *last_seq, rac_error *err);
/* Whether the session is known to be over; false is no answer. */
bool rac_recents_over(rac_app *app, const char *session_id);
void rac_recents_set_over(rac_app *app, const char *session_id);
/* Whether a device or bed was ever bound to the session: only then can it be bound now. */
rac_status rac_recents_had_device(rac_app *app, const char *session_id, const char *device, const char *bed,
                                  bool *had, rac_error *err);

/* ---- patients (patient.c) ---- */

typedef struct rac_person {
    const char *id;
    const char *name, *born, *allergies;
} rac_person;
rac_status rac_app_patient(rac_app *app, rac_arena *arena, const char *id, rac_person *person,
                           rac_error *err);
/* Facts and scores recorded about a patient. */
rac_status rac_app_facts(rac_app *app, rac_arena *arena, const char *id, rac_facts *facts, rac_error *err);
rac_status rac_app_scores(rac_app *app, rac_arena *arena, const char *id, rac_score **scores, size_t *count,
                          rac_error *err);
/* The patient's sessions, as the course sees them. */
rac_status rac_app_course_sessions(rac_app *app, rac_arena *arena, const char *id,
                                   rac_course_session **sessions, size_t *count, rac_error *err);
/* "AB 1988": what a board may show. */
char *rac_person_label(rac_arena *arena, const rac_person *person);

/* ---- what comes with the program (data.c) ---- */

/* RAC_NOT_FOUND when it is not installed; at most 1 MiB. */
rac_status rac_app_read_data(rac_arena *arena, const char *folder, const char *name, rac_text *bytes,
                             rac_error *err);
/* The one called `name`, with or without ".yaml", whatever stands in it.  RAC_NOT_FOUND, with those there are
 * as the hint. */
rac_status rac_app_read_named(rac_arena *arena, const char *folder, const char *name, rac_text *bytes,
                              rac_error *err);
/* The names of the files in it that end so (".yaml"), in the order of the alphabet. */
rac_status rac_app_list_data(rac_arena *arena, const char *folder, const char *ending, const char ***names,
                             size_t *count, rac_error *err);

/* ---- files given as arguments (problems.c, model.c) ---- */

/* Every problem of files given as arguments, with the line each stands on and a caret; and as a list. */
char *rac_app_problems_text(const rac_call *call, const rac_problems *problems);
json_t *rac_app_problems_json(const rac_problems *problems);

/* The model file given as `argument`; problems become the error, and all of them the reply. */
rac_status rac_app_model_argument(rac_call *call, const char *argument, rac_model **model, rac_reply *reply,
                                  rac_error *err);
/* A covariate vector from --weight; NAN where the file's default holds. */
rac_status rac_app_subject(rac_call *call, const rac_model *model, double **covariates, rac_error *err);
/* The same with every covariate filled in: the file's default, 70 kg, or the middle of what was studied;
 * *words says who that is ("weight 70 kg, age 52 year"). */
rac_status rac_app_typical(rac_call *call, const rac_model *model, double **covariates, char **words,
                           rac_error *err);

/* ---- where numbers come from (model_numbers.c) ---- */

/* Every number of a model with its source, a line each, and what was read. */
rac_status rac_app_model_numbers(rac_call *call, const rac_model *model, rac_reply *reply, rac_error *err);
/* Lines "  source        ..." of one number. */
char *rac_app_origin_text(rac_arena *arena, const rac_origin *origin);
json_t *rac_app_origin_json(const rac_origin *origin);
/* Its name, where it was published, who was studied, where it was read: lines, the first not indented. */
char *rac_app_reference_text(rac_arena *arena, const rac_reference *reference);
/* Those a source names; all of them without one. */
json_t *rac_app_references_json(const rac_model *model, const char *source);
/* "84 L/h"; a pure number stands alone. */
char *rac_app_with_unit(rac_arena *arena, double value, const char *unit);

/* "weight 300 kg, studied 40 to 160 kg": what of a person lies beyond what the model's authors studied; "".
 */
char *rac_app_outside(rac_arena *arena, const rac_model *model, const double *covariates);

/* ---- other drugs (model_with.c) ---- */

/* Replaces the model by the one with the modifiers of --with (names with commas), for doses by the routes of
 * this regimen (NULL: nothing is given, parameters are looked at).  *words says what was changed, one
 * modifier a line;
 * "" without --with.  RAC_NOT_FOUND, RAC_REFUSED: see rac_model_with. */
rac_status rac_app_with(rac_call *call, const rac_regimen *regimen, rac_model **model, char **words,
                        rac_error *err);
/* Lines for people, the same as "modifiers" and "interactions" in `json`; of one route, or of all (-1). */
char *rac_app_modifiers_text(rac_arena *arena, const rac_model *model, json_t *json);
char *rac_app_interactions_text(rac_arena *arena, const rac_model *model, int route, json_t *json);

/* ---- predicted concentration (predict.c) ---- */

/* Lines for people; the same as "predicted" in `into` (which may be NULL).  Typical and 90 % band at the end
 * of the infusion and every 30 min to 4 h, with the model, its source and what was sampled. */
char *rac_app_predict_plan(rac_arena *arena, const rac_plan *plan, json_t *into);
/* The same of one to three models that come with the program, side by side: names with commas,
 * "racemic-venous, domino-1984".  As "models" in `into`.  RAC_NOT_FOUND; RAC_UNSUPPORTED for a model of
 * another substance. */
rac_status rac_app_predict_models(rac_arena *arena, const rac_plan *plan, const char *names, json_t *into,
                                  char **text, rac_error *err);
/* Those models as one (predict_average.c): the quantiles of their mixture, with equal weights, or, with
 * --data, by how well each fits the patient's samples and what these leave possible.  As "average" in `into`.
 * RAC_INVALID for a table of several subjects, or a model that cannot be fitted; problems of the table become
 * the reply. */
rac_status rac_app_predict_average(rac_call *call, const rac_plan *plan, const char *names, rac_reply *reply,
                                   json_t *into, char **text, rac_error *err);
/* The same from the rates the pump really ran at, and from the present one on while it runs. */
char *rac_app_predict_session(rac_arena *arena, const rac_session *session, rac_instant now, json_t *into);

/* ---- the functions of the table (one file a noun) ---- */

#define RAC_DO(name) rac_status name(rac_call *call, rac_reply *reply, rac_error *err)
RAC_DO(rac_do_staff_add);
RAC_DO(rac_do_staff_list);
RAC_DO(rac_do_patient_add);
RAC_DO(rac_do_patient_list);
RAC_DO(rac_do_patient_show);
RAC_DO(rac_do_fact);
RAC_DO(rac_do_screen);
RAC_DO(rac_do_score);
RAC_DO(rac_do_course);
RAC_DO(rac_do_plan);
RAC_DO(rac_do_protocol_list);
RAC_DO(rac_do_protocol_check);
RAC_DO(rac_do_protocol_show);
RAC_DO(rac_do_protocol_explain);
RAC_DO(rac_do_protocol_diff);
RAC_DO(rac_do_protocol_adopt);
RAC_DO(rac_do_protocol_simulate);
RAC_DO(rac_do_session_open);
RAC_DO(rac_do_session_list);
RAC_DO(rac_do_session_show);
RAC_DO(rac_do_session_replay);
RAC_DO(rac_do_session_plan);
RAC_DO(rac_do_session_ready);
RAC_DO(rac_do_session_start);
RAC_DO(rac_do_session_discharge);
RAC_DO(rac_do_session_event); /* every verb that is one event and nothing more */
RAC_DO(rac_do_read);
RAC_DO(rac_do_strike);
RAC_DO(rac_do_correct);
RAC_DO(rac_do_model_list);
RAC_DO(rac_do_model_check);
RAC_DO(rac_do_model_show);
RAC_DO(rac_do_model_explain);
RAC_DO(rac_do_model_graph);
RAC_DO(rac_do_simulate);
RAC_DO(rac_do_fit);
RAC_DO(rac_do_dose);
RAC_DO(rac_do_board);
RAC_DO(rac_do_verify);
RAC_DO(rac_do_backup);
RAC_DO(rac_do_export);
RAC_DO(rac_do_doctor);
RAC_DO(rac_do_study_chart);
RAC_DO(rac_do_study_generate);
RAC_DO(rac_do_study_power);
RAC_DO(rac_do_study_benchmark);
RAC_DO(rac_do_study_report);
RAC_DO(rac_do_study_dictionary);
RAC_DO(rac_do_study_describe);
RAC_DO(rac_do_study_compare);
RAC_DO(rac_do_study_respond);
RAC_DO(rac_do_study_onset);
RAC_DO(rac_do_study_survive);
RAC_DO(rac_do_study_balance);
RAC_DO(rac_do_study_missing);
RAC_DO(rac_do_study_adverse);

#endif
