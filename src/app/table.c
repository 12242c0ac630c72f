/* The table of use cases: everything a person can do in a clinic, in the order a course uses it.  Help, the
 * manual page, completion and the HTTP interface read these rows; a test walks them. */
#include <string.h>

#include "app/internal.h"

/* Arguments that recur. */
#define PATIENT                                                            \
    {                                                                      \
        "patient", RAC_ARGUMENT_TEXT, true, true, "patient id, e.g. P0001" \
    }
#define SESSION                                                \
    {                                                          \
        "session", RAC_ARGUMENT_TEXT, true, true, "session id" \
    }
#define CHECK_PATIENT                                                                             \
    {                                                                                             \
        "patient", RAC_ARGUMENT_TEXT, false, false, "refuse unless the session is this patient's" \
    }
#define PROTOCOL                                                                                         \
    {                                                                                                    \
        "protocol", RAC_ARGUMENT_TEXT, false, false, "name of an adopted protocol (default: the newest)" \
    }
#define AT                                                                      \
    {                                                                           \
        "at", RAC_ARGUMENT_TIME, false, false,                                  \
            "when it happened: -3m, 10:25, 2026-03-02T10:25:00Z (default: now)" \
    }
#define NOTE                                                \
    {                                                       \
        "note", RAC_ARGUMENT_TEXT, false, false, "a remark" \
    }
#define REASON(required)                                    \
    {                                                       \
        "reason", RAC_ARGUMENT_TEXT, false, required, "why" \
    }
#define SECOND                                                                    \
    {"second", RAC_ARGUMENT_TEXT, false, false, "staff id of the second person"}, \
    {                                                                             \
        "second-pin", RAC_ARGUMENT_TEXT, false, false, "the second person's PIN"  \
    }
#define RATE(required)                                                                   \
    {                                                                                    \
        "rate", RAC_ARGUMENT_TEXT, true, required, "what the pump shows, e.g. '60 mL/h'" \
    }
#define FILE_ARGUMENT(name, required, help)                                                \
    {name, RAC_ARGUMENT_FILE, true, required, help},                                       \
    {                                                                                      \
        name "-name", RAC_ARGUMENT_TEXT, false, false, "what to call the file in messages" \
    }

#define OPTION_FILE(name, help)                                                            \
    {name, RAC_ARGUMENT_FILE, false, false, help},                                         \
    {                                                                                      \
        name "-name", RAC_ARGUMENT_TEXT, false, false, "what to call the file in messages" \
    }
#define STUDY_DETAIL                                                                                    \
    "Reads a chart and writes nothing. Every problem of the files is told at once, by row and column. " \
    "Nobody was randomised; the limits are printed below each answer."
#define STUDY(verb, summary, example, ...)                                                        \
    {                                                                                             \
        "study", #verb, summary, STUDY_DETAIL, example, RAC_ROLE_ANY, false, true, {__VA_ARGS__}, \
            rac_do_study_##verb                                                                   \
    }
/* A chart: tidy, or in ADaM files. */
#define CHART                                                                                               \
    FILE_ARGUMENT("file", false, "a tidy chart, one row a patient and visit (CSV)"),                        \
        OPTION_FILE("map", "which column and label is what (YAML)"), OPTION_FILE("adsl", "ADSL: patients"), \
        OPTION_FILE("adqs", "ADQS: scores"),                                                                \
        {"arms", RAC_ARGUMENT_TEXT, false, false, "treated,reference, e.g. iv,in"},                         \
        {"scale", RAC_ARGUMENT_TEXT, false, false, "PHQ-9, QIDS-SR16, MADRS; or the PARAMCD"},              \
    {                                                                                                       \
        "csv", RAC_ARGUMENT_FLAG, false, false, "the table as CSV"                                          \
    }
#define COVARIATES                                                                                         \
    {                                                                                                      \
        "covariates", RAC_ARGUMENT_TEXT, false, false, "names with commas (default: all and the baseline)" \
    }

static const rac_use_case rows[] = {
    {"staff",
     "add",
     "add a person who works here",
     "The first person of a clinic adds themself; after that a director adds people. PINs are kept only as "
     "argon2id hashes.",
     "dora --name 'Dora Direct' --role director --new-pin 4711",
     RAC_ROLE_ANY,
     false,
     false,
     {{"id", RAC_ARGUMENT_TEXT, true, true, "short id, e.g. rk"},
      {"name", RAC_ARGUMENT_TEXT, false, true, "full name"},
      {"role", RAC_ARGUMENT_TEXT, false, true, "'front desk', nurse, prescriber or director"},
      {"new-pin", RAC_ARGUMENT_TEXT, false, true, "4 to 64 characters"}},
     rac_do_staff_add},
    {"staff", "list", "who works here", NULL, "", RAC_ROLE_ANY, false, false, {{0}}, rac_do_staff_list},
    {"patient",
     "add",
     "register a patient",
     "Names live in the store alone; everything else uses the id this gives.",
     "'Ada Byron' --born 1988-04-30 --allergies latex",
     RAC_ROLE_FRONT_DESK,
     true,
     false,
     {{"name", RAC_ARGUMENT_TEXT, true, true, "full name"},
      {"born", RAC_ARGUMENT_TEXT, false, false, "date of birth, e.g. 1988-04-30"},
      {"allergies", RAC_ARGUMENT_TEXT, false, false, "as the patient says them; 'none known'"}},
     rac_do_patient_add},
    {"patient", "list", "the patients", NULL, "", RAC_ROLE_ANY, false, false, {{0}}, rac_do_patient_list},
    {"patient",
     "show",
     "one patient and the facts the protocol asks",
     NULL,
     "P0001",
     RAC_ROLE_ANY,
     false,
     false,
     {PATIENT, PROTOCOL},
     rac_do_patient_show},
    {"fact",
     NULL,
     "answer a screening question",
     "The protocol says which questions there are (racemate screen lists those still missing), in which "
     "unit, and which answers "
     "are plausible. A later answer replaces an earlier one; nothing is overwritten.",
     "P0001 failed_trials 3",
     RAC_ROLE_NURSE,
     true,
     false,
     {PATIENT,
      {"name", RAC_ARGUMENT_TEXT, true, true, "the fact, e.g. failed_trials"},
      {"answer", RAC_ARGUMENT_REST, true, true,
       "yes, no, a number with its unit, or one of the listed words"},
      AT,
      PROTOCOL},
     rac_do_fact},
    {"screen",
     NULL,
     "may this patient be treated, and why",
     "Every rule of the protocol with its reason, source, and what would clear it. Unknown is not false: a "
     "missing fact never "
     "passes. With --sign a prescriber records the decision; the recommendation stands beside it.",
     "P0001",
     RAC_ROLE_ANY,
     false,
     false,
     {PATIENT,
      PROTOCOL,
      {"all", RAC_ARGUMENT_FLAG, false, false, "show rules that pass too"},
      {"sign", RAC_ARGUMENT_TEXT, false, false, "accept or decline, signed with a PIN"},
      REASON(false)},
     rac_do_screen},
    {"plan",
     NULL,
     "preview a pump card without recording it",
     "Dose, draw, dilution and the rate a pump can be set to; every figure is recomputed from that rate, "
     "twice.",
     "P0001 '71.4 kg'",
     RAC_ROLE_ANY,
     false,
     false,
     {PATIENT,
      {"weight", RAC_ARGUMENT_TEXT, true, true, "today's weight with its unit, e.g. '71.4 kg'"},
      {"dose", RAC_ARGUMENT_TEXT, false, false, "e.g. '0.4 mg/kg' (default: the protocol's)"},
      {"duration", RAC_ARGUMENT_TEXT, false, false, "e.g. '60 min' (default: the protocol's)"},
      {"vial", RAC_ARGUMENT_TEXT, false, false, "vial code (default: the stocked one)"},
      {"pounds", RAC_ARGUMENT_FLAG, false, false, "accept a weight in lb and convert it"},
      {"weight-confirmed", RAC_ARGUMENT_FLAG, false, false, "a changed weight was checked"},
      PROTOCOL},
     rac_do_plan},
    {"session",
     "open",
     "open a session for an accepted patient",
     NULL,
     "P0001 --chair 1",
     RAC_ROLE_NURSE,
     true,
     false,
     {PATIENT, {"chair", RAC_ARGUMENT_TEXT, false, false, "chair or room"}, PROTOCOL},
     rac_do_session_open},
    {"session", "list", "all sessions", NULL, "", RAC_ROLE_ANY, false, false, {{0}}, rac_do_session_list},
    {"session",
     "show",
     "a session as it stands: numbers with their age, alarms, checklists, events",
     NULL,
     "1",
     RAC_ROLE_ANY,
     false,
     false,
     {SESSION},
     rac_do_session_show},
    {"session",
     "check-in",
     "the patient is here",
     NULL,
     "1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, CHECK_PATIENT, AT, NOTE},
     rac_do_session_event},
    {"session",
     "weigh",
     "today's weight",
     "In kilograms. --pounds converts a weight in lb and records the kilograms.",
     "1 '71.4 kg'",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"weight", RAC_ARGUMENT_TEXT, true, true, "with its unit, e.g. '71.4 kg'"},
      {"pounds", RAC_ARGUMENT_FLAG, false, false, "accept lb and convert"},
      CHECK_PATIENT,
      AT,
      NOTE},
     rac_do_session_event},
    {"session",
     "plan",
     "make the plan from today's weight",
     "A hard limit refuses with the guard it answers (exit code 3).",
     "1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"dose", RAC_ARGUMENT_TEXT, false, false, "e.g. '0.4 mg/kg' (default: the protocol's)"},
      {"duration", RAC_ARGUMENT_TEXT, false, false, "e.g. '60 min' (default: the protocol's)"},
      {"vial", RAC_ARGUMENT_TEXT, false, false, "vial code (default: the stocked one)"},
      {"weight-confirmed", RAC_ARGUMENT_FLAG, false, false, "a changed weight was checked"},
      CHECK_PATIENT},
     rac_do_session_plan},
    {"session",
     "vial",
     "the vial at the chair, by its code",
     NULL,
     "1 KET-50-10",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, {"code", RAC_ARGUMENT_TEXT, true, true, "scanned or typed code"}, CHECK_PATIENT, AT, NOTE},
     rac_do_session_event},
    {"session",
     "sign-plan",
     "a prescriber signs the plan",
     NULL,
     "1",
     RAC_ROLE_PRESCRIBER,
     true,
     false,
     {SESSION, CHECK_PATIENT, NOTE, SECOND},
     rac_do_session_event},
    {"session",
     "tick",
     "tick an item of a checklist",
     "--second names the other person where the protocol asks for two.",
     "1 identity",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"item", RAC_ARGUMENT_TEXT, true, true, "id of the item, e.g. identity"},
      {"hours", RAC_ARGUMENT_TEXT, false, false, "hours since solid food (item fasting)"},
      {"undo", RAC_ARGUMENT_FLAG, false, false, "take the tick back"},
      CHECK_PATIENT,
      AT,
      NOTE,
      SECOND},
     rac_do_session_event},
    {"session",
     "bind",
     "bind a device or bed to this session",
     "From then on its readings are charted here, and nowhere else.",
     "1 MONITOR-1 --every 1s",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"device", RAC_ARGUMENT_TEXT, true, true, "device id or bed as its messages name it"},
      {"every", RAC_ARGUMENT_TEXT, false, false, "how often it sends (default 1 min)"},
      CHECK_PATIENT,
      NOTE},
     rac_do_session_event},
    {"session",
     "release",
     "release a device",
     NULL,
     "1 MONITOR-1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, {"device", RAC_ARGUMENT_TEXT, true, true, "device id"}, CHECK_PATIENT, NOTE},
     rac_do_session_event},
    {"session",
     "ready",
     "pass the start gate, signed",
     "Every item of the protocol's start list must be met; otherwise exit code 3 and the first that is not.",
     "1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, CHECK_PATIENT},
     rac_do_session_ready},
    {"session",
     "start",
     "the infusion starts",
     "Refused until the session is ready. --already-running records that drug is flowing whatever the gate "
     "says; a deviation is "
     "recorded with it.",
     "1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      RATE(false),
      {"already-running", RAC_ARGUMENT_FLAG, false, false, "the pump was started: record the fact"},
      CHECK_PATIENT,
      AT,
      NOTE},
     rac_do_session_start},
    {"session",
     "rate",
     "the pump's rate was changed",
     NULL,
     "1 '60 mL/h' --reason pressure",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, RATE(true), REASON(false), CHECK_PATIENT, AT},
     rac_do_session_event},
    {"session",
     "pause",
     "the infusion was held",
     NULL,
     "1 --reason pressure",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, REASON(false), CHECK_PATIENT, AT},
     rac_do_session_event},
    {"session",
     "resume",
     "the infusion goes on",
     NULL,
     "1 '60 mL/h'",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, RATE(false), REASON(false), CHECK_PATIENT, AT},
     rac_do_session_event},
    {"session",
     "stop",
     "the infusion has ended",
     NULL,
     "1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"left", RAC_ARGUMENT_TEXT, false, false, "volume left in the syringe, e.g. '1.2 mL'"},
      REASON(false),
      CHECK_PATIENT,
      AT},
     rac_do_session_event},
    {"session",
     "recover",
     "note that recovery began",
     NULL,
     "1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, CHECK_PATIENT, AT, NOTE},
     rac_do_session_event},
    {"session",
     "discharge",
     "the patient goes home",
     "Every item of the discharge list must be met; otherwise exit code 3.",
     "1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, CHECK_PATIENT, SECOND},
     rac_do_session_discharge},
    {"session",
     "cancel",
     "cancel before any drug",
     NULL,
     "2 --reason 'patient ate'",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, REASON(true), CHECK_PATIENT, AT},
     rac_do_session_event},
    {"session",
     "transfer",
     "transferred to other care",
     "Always possible once drug was given.",
     "1 hospital --reason chest-pain",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, {"to", RAC_ARGUMENT_TEXT, true, true, "where to"}, REASON(true), CHECK_PATIENT, AT},
     rac_do_session_event},
    {"session",
     "leave",
     "left against advice",
     "Always possible once drug was given.",
     "1 --reason 'would not wait'",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, REASON(true), CHECK_PATIENT, AT},
     rac_do_session_event},
    {"session",
     "sign",
     "sign the finished record",
     NULL,
     "1",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, CHECK_PATIENT, NOTE, SECOND},
     rac_do_session_event},
    {"session",
     "replay",
     "fold the record again and reproduce every announcement",
     NULL,
     "1",
     RAC_ROLE_ANY,
     false,
     false,
     {SESSION},
     rac_do_session_replay},
    {"read",
     NULL,
     "enter vital signs in the order people say them",
     "systolic/diastolic, heart rate, saturation, breaths; '-' leaves one out; others by name: moaas=5 "
     "temp=36.8.",
     "1 128/78 72 98 14",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"values", RAC_ARGUMENT_REST, true, true, "e.g. 128/78 72 98 14"},
      {"artefact", RAC_ARGUMENT_FLAG, false, false, "keep them, marked, but do not use them"},
      CHECK_PATIENT,
      AT},
     rac_do_read},
    {"event",
     NULL,
     "a symptom: onset, change, end",
     NULL,
     "1 nausea moderate",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"name", RAC_ARGUMENT_TEXT, true, true, "e.g. nausea, dissociation, anxiety, dizziness"},
      {"severity", RAC_ARGUMENT_TEXT, true, false, "mild, moderate, severe, gone (default mild)"},
      CHECK_PATIENT,
      AT,
      NOTE},
     rac_do_session_event},
    {"note",
     NULL,
     "a note in the record",
     NULL,
     "1 eyes open, talking",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, {"text", RAC_ARGUMENT_REST, true, true, "the note"}, CHECK_PATIENT, AT},
     rac_do_session_event},
    {"give",
     NULL,
     "something was done or given besides the infusion",
     NULL,
     "1 'ondansetron 4 mg'",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, {"name", RAC_ARGUMENT_TEXT, true, true, "what, with its dose"}, CHECK_PATIENT, AT, NOTE},
     rac_do_session_event},
    {"acknowledge",
     NULL,
     "acknowledge an alarm",
     "A latched alarm ends with it; a lasting one speaks again later.",
     "1 systolic-hold",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION, {"alarm", RAC_ARGUMENT_TEXT, true, true, "id of the alarm"}, CHECK_PATIENT, NOTE},
     rac_do_session_event},
    {"correct",
     NULL,
     "put right an entry's time, values or rate",
     "The old entry stays in the record; the state folds the new one.",
     "1 40 --values '126/78 72 98 14' --reason typo",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"seq", RAC_ARGUMENT_TEXT, true, true, "number of the entry (session show)"},
      {"values", RAC_ARGUMENT_TEXT, false, false, "the right readings"},
      {"rate", RAC_ARGUMENT_TEXT, false, false, "the right rate"},
      REASON(true),
      CHECK_PATIENT,
      AT},
     rac_do_correct},
    {"strike",
     NULL,
     "strike an entry out",
     "It stays in the record, marked; the state folds without it.",
     "1 40 --reason 'wrong chair'",
     RAC_ROLE_NURSE,
     true,
     false,
     {SESSION,
      {"seq", RAC_ARGUMENT_TEXT, true, true, "number of the entry (session show)"},
      REASON(true),
      CHECK_PATIENT},
     rac_do_strike},
    {"score",
     NULL,
     "score a rating scale",
     "Answers in item order, '-' for a missing one; or --total, which leaves the suicide item unknown.",
     "P0001 PHQ-9 2,3,2,3,1,2,2,1,0",
     RAC_ROLE_NURSE,
     true,
     false,
     {PATIENT,
      {"scale", RAC_ARGUMENT_TEXT, true, true, "PHQ-9, QIDS-SR16, MADRS"},
      {"items", RAC_ARGUMENT_TEXT, true, false, "e.g. 2,3,2,3,1,2,2,1,0"},
      {"total", RAC_ARGUMENT_TEXT, false, false, "the total alone"},
      AT},
     rac_do_score},
    {"course",
     NULL,
     "scores, change, response, remission, what is next",
     NULL,
     "P0001",
     RAC_ROLE_ANY,
     false,
     false,
     {PATIENT, PROTOCOL},
     rac_do_course},
    {"board",
     NULL,
     "the open sessions at a glance",
     NULL,
     "",
     RAC_ROLE_ANY,
     false,
     false,
     {{0}},
     rac_do_board},
    {"protocol",
     "list",
     "the adopted protocols",
     NULL,
     "",
     RAC_ROLE_ANY,
     false,
     false,
     {{0}},
     rac_do_protocol_list},
    {"protocol",
     "check",
     "every problem of a protocol file, and its open places",
     NULL,
     "protocols/depression-iv-standard.yaml",
     RAC_ROLE_ANY,
     false,
     true,
     {FILE_ARGUMENT("file", true, "a protocol file")},
     rac_do_protocol_check},
    {"protocol",
     "show",
     "a protocol as a page to read",
     NULL,
     "protocols/depression-iv-standard.yaml",
     RAC_ROLE_ANY,
     false,
     true,
     {FILE_ARGUMENT("file", false, "a protocol file (default: the adopted one)"), PROTOCOL},
     rac_do_protocol_show},
    {"protocol",
     "explain",
     "why a rule, condition or value is there",
     NULL,
     "two-failed-trials protocols/depression-iv-standard.yaml",
     RAC_ROLE_ANY,
     false,
     true,
     {{"rule", RAC_ARGUMENT_TEXT, true, true, "id of a rule, condition, check or place"},
      FILE_ARGUMENT("file", false, "a protocol file (default: the adopted one)"),
      PROTOCOL},
     rac_do_protocol_explain},
    {"protocol",
     "diff",
     "the differences between two protocols, in clinical words",
     NULL,
     "protocols/depression-iv-standard.yaml protocols/depression-iv-standard.yaml",
     RAC_ROLE_ANY,
     false,
     true,
     {FILE_ARGUMENT("a", true, "a protocol file"), FILE_ARGUMENT("b", true, "another")},
     rac_do_protocol_diff},
    {"protocol",
     "adopt",
     "fill the open places and adopt a protocol, signed",
     "Values marked DEMO are refused outside a demonstration clinic.",
     "protocols/depression-iv-standard.yaml protocols/demo-site.yaml",
     RAC_ROLE_DIRECTOR,
     true,
     false,
     {FILE_ARGUMENT("file", true, "a protocol file"), FILE_ARGUMENT("values", true, "the site's values")},
     rac_do_protocol_adopt},
    STUDY(dictionary, "what each column of a chart holds, and how much of it is filled",
          "examples/study-chart.csv --scale QIDS-SR16", CHART),
    STUDY(describe, "the arms before treatment, with standardised differences",
          "examples/study-chart.csv --scale QIDS-SR16", CHART),
    STUDY(compare, "change by session and arm, by a mixed model",
          "examples/study-chart.csv --scale QIDS-SR16 --arms iv,in", CHART),
    STUDY(respond, "responders and remitters by session, with numbers needed to treat",
          "examples/study-chart.csv --scale QIDS-SR16", CHART),
    STUDY(onset, "the first session that differs, also with the arms made equally large",
          "examples/study-chart.csv --scale QIDS-SR16 --seed 7", CHART,
          {"seed", RAC_ARGUMENT_TEXT, false, false, "of the subsamples (default 1)"}),
    STUDY(survive, "time to response, remission, dropout or an endpoint of ADTTE",
          "examples/study-chart.csv --scale QIDS-SR16 --event response", CHART,
          OPTION_FILE("adtte", "ADTTE: endpoints"),
          {"event", RAC_ARGUMENT_TEXT, false, false, "response, remission, dropout, or a PARAMCD"},
          COVARIATES),
    STUDY(balance, "who chose which treatment, and the difference after weighting",
          "examples/study-chart.csv --scale QIDS-SR16 --covariates AGE,SEX,NFAIL,BASE", CHART, COVARIATES),
    STUDY(missing, "who left, and how far the answer leans on scores never taken",
          "examples/study-chart.csv --scale QIDS-SR16", CHART),
    STUDY(adverse, "side effects by arm, per patient and per session",
          "examples/study-chart.csv --scale QIDS-SR16", CHART, OPTION_FILE("adae", "ADAE: adverse events")),
    {"model",
     "list",
     "the pharmacokinetic models that come with the program",
     NULL,
     "",
     RAC_ROLE_ANY,
     false,
     true,
     {{0}},
     rac_do_model_list},
    {"model",
     "check",
     "every problem of a model file, with line and column",
     NULL,
     "models/racemic-venous.yaml",
     RAC_ROLE_ANY,
     false,
     true,
     {FILE_ARGUMENT("file", true, "a model file")},
     rac_do_model_check},
    {"model",
     "show",
     "a model: sources, what a user must know, parameters",
     NULL,
     "models/racemic-venous.yaml --weight '70 kg'",
     RAC_ROLE_ANY,
     false,
     true,
     {FILE_ARGUMENT("file", true, "a model file"),
      {"weight", RAC_ARGUMENT_TEXT, false, false, "of the typical subject, e.g. '70 kg'"}},
     rac_do_model_show},
    {"simulate",
     NULL,
     "exposure after a dose, typical and in a population",
     "Highest value, its time, area, and the band of 90 % of virtual people; --json has every time.  It "
     "recommends nothing.",
     "models/racemic-venous.yaml --dose '0.5 mg/kg over 40 min' --weight '70 kg'",
     RAC_ROLE_ANY,
     false,
     true,
     {FILE_ARGUMENT("model", true, "a model file"),
      {"dose", RAC_ARGUMENT_TEXT, false, true, "'0.5 mg/kg over 40 min', or '35 mg' at once"},
      {"weight", RAC_ARGUMENT_TEXT, false, false, "e.g. '70 kg'"},
      {"times", RAC_ARGUMENT_TEXT, false, false, "until when, how often (default '4 h by 1 min')"},
      {"n", RAC_ARGUMENT_TEXT, false, false, "virtual people (default 200)"},
      {"seed", RAC_ARGUMENT_TEXT, false, false, "a whole number (default 1)"}},
     rac_do_simulate},
    {"verify",
     NULL,
     "walk the whole record and recompute every hash",
     "--head compares with a head printed on a signed sheet, which shows a cut tail or a rewritten chain.",
     "",
     RAC_ROLE_ANY,
     false,
     false,
     {{"head", RAC_ARGUMENT_TEXT, false, false, "a printed head, e.g. '4f2a 9c01 77de 0b1c'"},
      {"entry", RAC_ARGUMENT_TEXT, false, false, "the entry number printed beside it"}},
     rac_do_verify},
    {"backup",
     NULL,
     "copy the record while it is in use, and verify the copy",
     NULL,
     "backup.racemate",
     RAC_ROLE_ANY,
     false,
     false,
     {{"to", RAC_ARGUMENT_TEXT, true, true, "a new file"}},
     rac_do_backup},
    {"export",
     NULL,
     "the whole record as JSON Lines",
     NULL,
     "record.jsonl",
     RAC_ROLE_ANY,
     false,
     false,
     {{"to", RAC_ARGUMENT_TEXT, true, true, "a new file"}},
     rac_do_export},
    {"doctor",
     NULL,
     "does the disk do what durability rests on",
     NULL,
     "",
     RAC_ROLE_ANY,
     false,
     false,
     {{0}},
     rac_do_doctor},
    {"study",
     "generate",
     "make a chart of patients who never were, as CSV",
     "For trying the analyses and for teaching.  The truth it is made from is written in "
     "src/study/generate.h; it is "
     "no estimate of anything.  Every row says synthetic.  The same seed gives the same bytes.",
     "--patients 9 --iv 6 --in 3 --seed 7",
     RAC_ROLE_ANY,
     false,
     true,
     {{"patients", RAC_ARGUMENT_TEXT, false, false, "both arms together, as a check"},
      {"iv", RAC_ARGUMENT_TEXT, false, false, "patients with intravenous ketamine (default: 111)"},
      {"in", RAC_ARGUMENT_TEXT, false, false, "patients with intranasal esketamine (default: 42)"},
      {"seed", RAC_ARGUMENT_TEXT, false, false, "a whole number (default: 1)"},
      {"events", RAC_ARGUMENT_FLAG, false, false, "the adverse events instead of the scores"}},
     rac_do_study_generate},
    {"study",
     "power",
     "how likely a comparison finds a difference, or how many patients it needs",
     "Simulates trials and analyses each with the mixed model the study would use.  With --patients it gives "
     "the "
     "power, without it the smallest equal arms that reach --power.  Prints its Monte Carlo error.",
     "--patients 40 --difference -3 --sd 5 --visits 4 --dropout 0.2 --trials 50",
     RAC_ROLE_ANY,
     false,
     true,
     {{"difference", RAC_ARGUMENT_TEXT, false, true, "treated minus reference at the last visit, in points"},
      {"sd", RAC_ARGUMENT_TEXT, false, true, "standard deviation of a change, in points"},
      {"patients", RAC_ARGUMENT_TEXT, false, false, "treated; leave out to search"},
      {"reference", RAC_ARGUMENT_TEXT, false, false, "patients in the reference arm (default: as many)"},
      {"visits", RAC_ARGUMENT_TEXT, false, false, "after the baseline, 1 to 12 (default: 6)"},
      {"correlation", RAC_ARGUMENT_TEXT, false, false, "between neighbouring visits (default: 0.5)"},
      {"compound", RAC_ARGUMENT_FLAG, false, false, "the same correlation between all visits"},
      {"dropout", RAC_ARGUMENT_TEXT, false, false, "share gone by the last visit (default: 0)"},
      {"alpha", RAC_ARGUMENT_TEXT, false, false, "two-sided (default: 0.05)"},
      {"power", RAC_ARGUMENT_TEXT, false, false, "what the search must reach (default: 0.8)"},
      {"trials", RAC_ARGUMENT_TEXT, false, false, "simulated (default: 1000)"},
      {"seed", RAC_ARGUMENT_TEXT, false, false, "a whole number (default: 1)"}},
     rac_do_study_power},
    {"study",
     "benchmark",
     "this clinic's response and remission beside published cohorts",
     "All who started (missing counts as failure) beside finishers, with Wilson intervals, Newcombe's "
     "interval of the "
     "difference to each cohort, and the funnel of chance.  Every published number carries its page.",
     "cohorts/intravenous.yaml --started 60 --finished 52 --responders 28 --remitters 15",
     RAC_ROLE_ANY,
     false,
     true,
     {FILE_ARGUMENT("file", true, "a file of cohorts"),
      {"started", RAC_ARGUMENT_TEXT, false, true, "patients who started a course"},
      {"finished", RAC_ARGUMENT_TEXT, false, false, "of those, scored at its end (default: all)"},
      {"responders", RAC_ARGUMENT_TEXT, false, true, "of those, responders"},
      {"remitters", RAC_ARGUMENT_TEXT, false, false, "of those, remitters"}},
     rac_do_study_benchmark},
    {"study",
     "report",
     "one self-contained HTML page about a chart",
     "Flow, baseline, change by session with its figure, responders, weighted beside unweighted, those who "
     "left, limits. "
     "The same chart and seed give the same bytes.  An analysis the chart cannot give is named with its "
     "reason.",
     "examples/chart.csv --map examples/chart-map.yaml",
     RAC_ROLE_ANY,
     false,
     true,
     {FILE_ARGUMENT("file", true, "a tidy chart, one row a patient and visit"),
      {"map", RAC_ARGUMENT_FILE, false, false, "which column is which (YAML)"},
      {"map-name", RAC_ARGUMENT_TEXT, false, false, "what to call the file in messages"},
      {"seed", RAC_ARGUMENT_TEXT, false, false, "a whole number (default: 1)"},
      {"out", RAC_ARGUMENT_TEXT, false, false, "write the page here (command line only)"}},
     rac_do_study_report},
};

const rac_use_case *rac_use_cases(size_t *count)
{
    *count = sizeof rows / sizeof *rows;
    return rows;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

rac_status rac_use_case_find(const char *noun, const char *verb, const rac_use_case **use_case,
                             rac_error *err)
{
    enum { count = sizeof rows / sizeof *rows };
    const char *nouns[count], *verbs[count];
    size_t verb_count = 0;
    for (size_t i = 0; i < count; i++) {
        nouns[i] = rows[i].noun;
        if (same(rows[i].noun, noun) && rows[i].verb)
            verbs[verb_count++] = rows[i].verb;
        if (same(rows[i].noun, noun) && same(rows[i].verb, verb)) {
            *use_case = &rows[i];
            return RAC_OK;
        }
    }
    if (verb_count) {
        const char *nearest = verb ? rac_text_nearest(rac_text_of(verb), verbs, verb_count) : NULL;
        if (verb)
            rac_fail(err, RAC_NOT_FOUND, "%s cannot '%.40s'", noun, verb);
        else
            rac_fail(err, RAC_NOT_FOUND, "%s needs a verb", noun);
        if (nearest)
            rac_error_hint(err, "did you mean %s %s?", noun, nearest);
        else
            rac_error_hint(err, "racemate help %s lists them", noun);
        return RAC_NOT_FOUND;
    }
    const char *nearest = rac_text_nearest(rac_text_of(noun), nouns, count);
    rac_fail(err, RAC_NOT_FOUND, "there is no command '%.40s'", noun);
    if (nearest)
        rac_error_hint(err, "did you mean %s?", nearest);
    else
        rac_error_hint(err, "racemate help lists the commands");
    return RAC_NOT_FOUND;
}

static int index_of(const rac_use_case *use_case, const char *name)
{
    for (int i = 0; i < RAC_ARGUMENTS_MAX && use_case->arguments[i].name; i++)
        if (strcmp(use_case->arguments[i].name, name) == 0)
            return i;
    return -1;
}

rac_status rac_call_set(rac_call *call, const char *name, const char *value, size_t size, rac_error *err)
{
    const int index = index_of(call->use_case, name);
    if (index >= 0) {
        call->values[index] = value;
        call->sizes[index] = size;
        return RAC_OK;
    }
    const char *known[RAC_ARGUMENTS_MAX];
    size_t count = 0;
    for (; count < RAC_ARGUMENTS_MAX && call->use_case->arguments[count].name; count++)
        known[count] = call->use_case->arguments[count].name;
    const char *nearest = rac_text_nearest(rac_text_of(name), known, count);
    rac_fail(err, RAC_INVALID, "'%s%s%s' takes no '%.40s'", call->use_case->noun,
             call->use_case->verb ? " " : "", call->use_case->verb ? call->use_case->verb : "", name);
    rac_error_field(err, name);
    if (nearest)
        rac_error_hint(err, "did you mean %s?", nearest);
    return RAC_INVALID;
}

const char *rac_call_value(const rac_call *call, const char *name)
{
    const int index = index_of(call->use_case, name);
    return index < 0 ? NULL : call->values[index];
}

bool rac_call_flag(const rac_call *call, const char *name)
{
    const char *value = rac_call_value(call, name);
    return value && strcmp(value, "false") != 0;
}
