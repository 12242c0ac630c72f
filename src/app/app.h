/* app/app.h: what people do in a clinic, each thing once, for the command line and the server alike.
 *
 * A use case is a row of a table: noun, verb, arguments, the role it needs, an example, and a function that
 * gathers from the store, asks the core one question, commits what was decided, and answers.  Command-line
 * help, the manual page, shell completion and the HTTP interface are generated from the same rows.
 *
 *     rac_app *app;
 *     rac_app_open("clinic.racemate", &options, &app, err);
 *     rac_call call = {.app = app, .arena = arena, .actor = "rk", .source = "command"};
 *     rac_use_case_find("read", NULL, &row);  rac_call_set(&call, row, "session", "8812"); ...
 *     rac_use_case_run(&call, &reply, err);   // reply.text for people, reply.json for programs
 *
 * Subjects in the store: "clinic", "staff/<id>", "protocol/<hash>", "patient/<id>", "session/<id>". */
#ifndef RACEMATE_APP_H
#define RACEMATE_APP_H

#include "base/json.h"
#include "racemate/care.h"
#include "store/store.h"

/* ---- an open clinic --------------------------------------------------------------------------------- */

typedef struct rac_app rac_app;

typedef struct rac_app_options {
    rac_instant (*now)(void *context); /* the clock; NULL: the system's */
    void *context;
} rac_app_options;

rac_status rac_app_open(const char *path, const rac_app_options *options, rac_app **app, rac_error *err);
void rac_app_close(rac_app *app); /* accepts NULL */

rac_store *rac_app_store(rac_app *app);
rac_instant rac_app_now(const rac_app *app);
bool rac_app_demo(const rac_app *app);    /* a clinic of demonstration data */
int rac_app_zone_min(const rac_app *app); /* minutes east of UTC, for what people read */
const char *rac_app_name(const rac_app *app);

/* An adopted protocol by its hash, or the newest adopted one (hash NULL); `id` restricts to protocols of that
 * name. Lives as long as the app. */
rac_status rac_app_protocol(rac_app *app, const char *hash, const char *id, const rac_protocol **protocol,
                            const char **found_hash, rac_error *err);
/* Makes a clinic in a new file.  `id` is short ("north-street"); RAC_CONFLICT when the file exists. */
rac_status rac_app_create(const char *path, const char *id, const char *name, int zone_min, bool demo,
                          rac_instant now, rac_error *err);

/* ---- use cases ---------------------------------------------------------------------------------------- */

typedef enum rac_role {
    RAC_ROLE_ANY,
    RAC_ROLE_FRONT_DESK,
    RAC_ROLE_NURSE,
    RAC_ROLE_PRESCRIBER,
    RAC_ROLE_DIRECTOR
} rac_role;
const char *rac_role_name(rac_role role);
rac_status rac_role_find(rac_text name, rac_role *role, rac_error *err);

typedef enum rac_argument_kind {
    RAC_ARGUMENT_TEXT,
    RAC_ARGUMENT_FLAG, /* present or not; "true" when present */
    RAC_ARGUMENT_TIME, /* "-3m", "now", "10:25" today, or ISO 8601; "@<ms>" is used by the server */
    RAC_ARGUMENT_REST, /* the remaining words joined by spaces; only as the last */
    RAC_ARGUMENT_FILE, /* a path on the command line, the bytes themselves over HTTP; in both, where the row
                          names a folder, also the name of one that comes with the program */
    RAC_ARGUMENT_OUT   /* a path to write to, through rac_call_write; on the command line only */
} rac_argument_kind;

typedef struct rac_argument {
    const char *name;
    rac_argument_kind kind;
    bool positional; /* given by place on the command line; otherwise --name */
    bool required;
    const char *help;
    const char
        *folder; /* of a file: where those that come with the program lie ("models"); NULL: there are none */
} rac_argument;

typedef struct rac_call rac_call;

/* What a use case answers.  `json` is one new reference the caller ends with json_decref; `text` lives in the
 * call's arena. */
typedef struct rac_reply {
    json_t *json;
    const char *text;
} rac_reply;

enum { RAC_ARGUMENTS_MAX = 32 };

typedef struct rac_use_case {
    const char *noun;    /* "session" */
    const char *verb;    /* "start"; NULL when the noun stands alone ("read", "event", "score", "course",
                            "screen", "plan") */
    const char *summary; /* one line */
    const char *detail;  /* what it does and refuses; paragraphs; may be NULL */
    const char *example; /* arguments of a command that works in the demonstration day; run as a test */
    rac_role role; /* the least it needs; RAC_ROLE_ANY also for nobody signed in (reading on this machine) */
    bool writes;   /* needs a person (actor) */
    bool anywhere; /* works without a clinic: call.app may be NULL */
    rac_argument arguments[RAC_ARGUMENTS_MAX]; /* ends with name NULL */
    rac_status (*run)(rac_call *call, rac_reply *reply, rac_error *err);
} rac_use_case;

/* What a use case may ask of whoever runs it. Both functions are called from the thread of the call. */
typedef struct rac_host {
    /* Appends to the file at `path`, which appears under its name only when the use case ends well. */
    rac_status (*write)(void *context, const char *path, const void *bytes, size_t size, rac_error *err);
    /* Long work: `done` of `total` `what` ("subjects") are finished. May be called as often as one likes. */
    void (*progress)(void *context, double done, double total, const char *what);
    void *context;
} rac_host;

struct rac_call {
    rac_app *app;
    rac_arena *arena;
    const char *actor;    /* staff id; NULL when nobody is named */
    const char *pin;      /* typed PIN for acts that sign; NULL when none was given */
    bool pin_checked;     /* the server has checked the actor's PIN at sign-in */
    const char *source;   /* "command", "web" */
    const rac_host *host; /* NULL: nobody to show progress to, and no files */
    const rac_use_case *use_case;
    const char *values[RAC_ARGUMENTS_MAX]; /* by argument index; NULL when not given */
    size_t sizes[RAC_ARGUMENTS_MAX];       /* bytes of each value (a file may hold NUL) */
};

const rac_use_case *rac_use_cases(size_t *count);
/* RAC_NOT_FOUND with near names as hint.  `verb` may be NULL. */
rac_status rac_use_case_find(const char *noun, const char *verb, const rac_use_case **use_case,
                             rac_error *err);
/* Sets an argument by name; RAC_INVALID for an unknown one, with "did you mean". */
rac_status rac_call_set(rac_call *call, const char *name, const char *value, size_t size, rac_error *err);
const char *rac_call_value(const rac_call *call, const char *name); /* or NULL */
bool rac_call_flag(const rac_call *call, const char *name);
/* The bytes of an argument of kind RAC_ARGUMENT_FILE (none when it was not given), and what to call them. */
rac_text rac_call_file(const rac_call *call, const char *name, const char **file_name);
/* The number an option gives, `usual` when it was not given; RAC_INVALID outside its bounds. */
rac_status rac_call_whole(const rac_call *call, const char *name, int64_t usual, int64_t least, int64_t most,
                          int64_t *number, rac_error *err);
rac_status rac_call_number(const rac_call *call, const char *name, double usual, double least, double most,
                           double *number, rac_error *err);
/* Appends to the file given as argument `name` (of kind RAC_ARGUMENT_OUT, and given). RAC_IO. */
rac_status rac_call_write(const rac_call *call, const char *name, const void *bytes, size_t size,
                          rac_error *err);
void rac_call_progress(const rac_call *call, double done, double total, const char *what);
/* Every required argument is there; RAC_INVALID names the first that is not. */
rac_status rac_call_check(const rac_call *call, rac_error *err);
/* Checks required arguments, the person and the role, reads files that were given by name, then runs. */
rac_status rac_use_case_run(rac_call *call, rac_reply *reply, rac_error *err);

/* ---- what server and commands share beyond the table ----------------------------------------------------
 */

/* A session as it stands, gathered and folded: everything lives in `arena`. */
typedef struct rac_case {
    const char *session_id, *patient_id;
    const char *chair;
    const rac_protocol *protocol;
    rac_facts facts;
    rac_event *events; /* as recorded */
    size_t event_count;
    int64_t last_seq; /* newest entry about the session */
    rac_session session;
    rac_alarm_list alarms;
    rac_moment moment; /* ready for the core, alarms counted */
} rac_case;
rac_status rac_case_load(rac_app *app, rac_arena *arena, const char *session_id, rac_instant now,
                         rac_case *out, rac_error *err);

/* Commits events of a session together with the alarm events they cause, guarded by the last seq that was
 * seen (RAC_CONFLICT: somebody was faster; the callers here retry by loading again). `keys` may be NULL, or
 * give an idempotency key for each event; `first`, which may be NULL, becomes what the store
 * says of the first of them. */
rac_status rac_case_commit(rac_app *app, rac_arena *arena, const rac_case *seen, const rac_event *events,
                           size_t count, const char *const *keys, rac_instant now, rac_store_result *first,
                           rac_error *err);

/* Ids of sessions that are not over, newest first. */
rac_status rac_app_open_sessions(rac_app *app, rac_arena *arena, const char ***ids, size_t *count,
                                 rac_error *err);

/* Readings from a device: finds the session the device or bed is bound to by a nurse's act, stores them, and
 * answers whether they were charted.  Unbound devices are kept under "device/<id>" and charted nowhere.
 * RAC_REFUSED when `patient_id` names somebody else. */
typedef struct rac_device_reading {
    const char *device, *bed; /* as the message names them; bed may be NULL */
    const char *patient_id;   /* PID-3, NULL when absent */
    const char *key;          /* idempotency: sender and message id */
    rac_instant at;
    const rac_reading_value *values;
    size_t count;
} rac_device_reading;
rac_status rac_app_device_reading(rac_app *app, rac_arena *arena, const rac_device_reading *readings,
                                  size_t count, const char **session_id, bool *already, rac_error *err);

/* Lets the alarm engine look at every open session at `now`, and records what it announces or resolves. */
rac_status rac_app_tick(rac_app *app, rac_error *err);

/* What the pages show; new references. */
rac_status rac_app_board_view(rac_app *app, json_t **view, rac_error *err);
rac_status rac_app_session_view(rac_app *app, const char *session_id, json_t **view, rac_error *err);
/* The predicted concentration from the rates the pump ran at: changes only when those do. */
rac_status rac_app_session_curve(rac_app *app, const char *session_id, json_t **view, rac_error *err);

/* The path of a file that comes with the program, "models" and "racemic-arterial.yaml": below RACEMATE_DATA,
 * where it was installed, or beside the sources; the relative path when it is nowhere. */
char *rac_app_data_file(rac_arena *arena, const char *folder, const char *name);

/* Whether `word` can be the name of a file that comes with the program rather than its bytes or a path:
 * "racemic-arterial", "racemic-arterial.yaml". */
bool rac_app_is_file_name(const char *word, size_t size);

/* True when `pin` is the staff member's; hashing is slow on purpose (argon2id). RAC_DENIED otherwise. */
rac_status rac_app_check_pin(rac_app *app, const char *staff_id, const char *pin, rac_role *role,
                             rac_error *err);

#endif
