/* store/store.h: what must not be lost.
 *
 * A store is one append-only list of entries, each chained to the one before it by SHA-256, in one
 * SQLite file.  It is the only truth: sessions, courses, the drug ledger and the list of patients are
 * all folds of it, and anything else kept beside it may be thrown away and computed again.
 *
 * What is decided here: the order of entries (`seq`: 1, 2, 3, ... without gaps), that an acknowledged
 * entry is on disk, that nothing changes afterwards, and that a change shows.  What is not decided
 * here: what an entry means.  The store reads no wall clock and draws no random numbers; every instant
 * is given by the caller.
 *
 * Two clocks: `at` says when something happened, `recorded` when it was written down.  Neither orders
 * the list: a clock that was set back, a late entry or an out-of-order message gets the next `seq` like
 * any other, so clinical state folds by (at, seq) and what was signalled folds by seq.
 *
 * Threads: one rac_store may be used by any number of threads.  Processes: any number may have the same
 * file open.  Not for network file systems, where SQLite's locks cannot be trusted.
 *
 * In the order of use: rac_store_create once; rac_store_open; rac_store_append and rac_store_read;
 * rac_store_changed to notice others; rac_store_head on signed sheets; rac_store_verify, _backup,
 * _restore, _export and _import for the years after.
 *
 *     rac_store *store;
 *     if (rac_store_open("clinic.racemate", NULL, &store, err))
 *         return err->status;
 *     const rac_store_entry reading = {.subject = "session/8812", .kind = "reading", .at = at,
 *                                      .recorded = now, .actor = "staff/rk", .source = "command",
 *                                      .body = "{\"sbp_mmhg\":128}"};
 *     rac_store_result result;
 *     rac_status status = rac_store_append(store, &reading, 1, NULL, &result, err);  // durable when RAC_OK
 *     rac_store_close(store);
 *
 * docs/store.md gives the schema and the exact bytes that are hashed, and a verifier in Python. */
#ifndef RACEMATE_STORE_H
#define RACEMATE_STORE_H

#include "racemate/base.h"

enum {
    RAC_STORE_HASH_BYTES = 32,
    /* Limits of one entry, in bytes without the ending NUL; beyond them RAC_LIMIT. */
    RAC_STORE_NAME_MAX = 200,     /* subject, kind, actor, source, key; clinic id */
    RAC_STORE_BODY_MAX = 1 << 20, /* body */
    RAC_STORE_BODY_DEPTH = 32,    /* nesting of arrays and objects in a body */
    RAC_STORE_APPEND_MAX = 10000, /* entries in one append */
};

typedef struct rac_store rac_store;

/* One line of the record.  For appending: `seq`, `previous` and `hash` are ignored.  Texts are UTF-8
 * without control characters, ended by NUL; all but `key` are required and not empty. */
typedef struct rac_store_entry {
    int64_t seq;          /* 1, 2, 3, ... in the order of recording, without gaps */
    const char *subject;  /* what it is about: "patient/P0147", "session/8812", "staff/rk", "clinic" */
    const char *kind;     /* "reading", "dosing.started": the caller's word */
    rac_instant at;       /* when it happened */
    rac_instant recorded; /* when it was written down */
    const char *actor;    /* who: staff id or device */
    const char *source;   /* by which way: "command", "web", "hl7:DEVICE" */
    const char *key;      /* NULL, or a name that can be used once in the whole store: see append */
    const char *body;     /* a JSON object; stored in canonical form (rac_store_canonical) */
    unsigned char previous[RAC_STORE_HASH_BYTES]; /* hash of entry seq-1; of the clinic id for entry 1 */
    unsigned char hash[RAC_STORE_HASH_BYTES];     /* of everything above */
} rac_store_entry;

/* ---- create, open, close ------------------------------------------------------------------- */

typedef struct rac_store_options {
    int busy_ms;     /* how long to wait for another process that is writing; 0 means 5000 */
    bool read_only;  /* never writes: no migration, append gives RAC_DENIED */
    const char *vfs; /* name of a registered SQLite VFS, for tests; NULL is the system's */
} rac_store_options;

/* Makes a new store at `path` holding its first entry, which must have the subject "clinic" and says
 * in its body what the clinic is (name, zone offset, whether these are demonstration data).
 * `clinic_id` starts the hash chain, so two clinics never share one.  The file appears whole or not at
 * all.  RAC_CONFLICT when `path` exists; RAC_NOT_FOUND when its directory does not; RAC_INVALID,
 * RAC_LIMIT for the entry as in append; RAC_IO. */
rac_status rac_store_create(const char *path, const char *clinic_id, const rac_store_entry *first,
                            rac_error *err);

/* Opens a store, and brings an older schema up to date.  `options` may be NULL.
 * RAC_NOT_FOUND: the directory or the file is missing.  RAC_INVALID: it is not a Racemate store.
 * RAC_UNSUPPORTED: written by a newer Racemate (or an older one, when read_only).  RAC_DENIED: the file
 * or its directory is read-only.  RAC_BUSY: locked by somebody for longer than busy_ms.  RAC_CORRUPT. */
rac_status rac_store_open(const char *path, const rac_store_options *options, rac_store **store,
                          rac_error *err);

/* Accepts NULL.  No other thread may still be using the store. */
void rac_store_close(rac_store *store);

/* The clinic id given at creation, and the path it was opened with; they live as long as the store. */
const char *rac_store_clinic(const rac_store *store);
const char *rac_store_path(const rac_store *store);

/* ---- append -------------------------------------------------------------------------------- */

/* "I decided on the state of this subject as of this entry": when another entry about `subject` was
 * recorded since, nothing is stored and the answer is RAC_CONFLICT: read again, decide again. */
typedef struct rac_store_expect {
    const char *subject;
    int64_t last_seq; /* the newest seq about it that was seen; 0: there is none (it is new) */
} rac_store_expect;

typedef struct rac_store_result {
    int64_t seq;  /* the entry's number; of the first one when `already` */
    bool already; /* its key was known: nothing was stored this time */
    bool differs; /* already, and the stored entry's subject, kind or body is not this one's: a key
                   * was used for two facts, which somebody must be told */
} rac_store_result;

/* Appends `count` entries (1 to RAC_STORE_APPEND_MAX) in this order, all or none, in one transaction
 * together with those of other threads that wait at the same time.  Returns RAC_OK only when they are
 * durable.  `expect` may be NULL; `results` is NULL or has room for `count`.
 *
 * An entry whose `key` is known is not stored again, whatever the rest says: the result gives the first
 * one's seq, so sending twice is harmless.  When every entry is already there, `expect` is not looked
 * at: a repeated command succeeds although its own first run moved the subject on.
 *
 * RAC_INVALID, RAC_LIMIT: an entry is malformed or too large (err->field: "entries[2].body");
 * RAC_CONFLICT: see rac_store_expect; RAC_BUSY: another process kept the store locked for busy_ms;
 * RAC_IO: disk full or failing, with SQLite's words: nothing of this append counts as stored, and later
 * ones work again when the cause is gone; RAC_DENIED: opened read_only. */
rac_status rac_store_append(rac_store *store, const rac_store_entry *entries, size_t count,
                            const rac_store_expect *expect, rac_store_result *results, rac_error *err);

/* Takes the next number of a series ("session", "patient"), beginning with `first`; no two callers, in
 * whatever thread or process, get the same.  A number once taken and not used leaves a gap in the
 * series, never a repeat.  It is an entry itself: subject "number/SERIES", kind "number.taken"; of
 * `by`, the instants, actor and source are used.  Errors as for append. */
rac_status rac_store_next_number(rac_store *store, const char *series, int64_t first,
                                 const rac_store_entry *by, int64_t *number, rac_error *err);

/* The canonical form of a JSON object: members sorted by the bytes of their names, no white space
 * between tokens, numbers and strings exactly as written.  RAC_INVALID: not JSON (RFC 8259), not an
 * object, a name twice, a name with an escape, \u0000 or half a surrogate pair; RAC_LIMIT. */
rac_status rac_store_canonical(rac_arena *arena, rac_text json, const char **canonical, rac_error *err);

/* ---- read ---------------------------------------------------------------------------------- */

/* Which entries; all zero means all, oldest first.  Every part that is set must hold. */
typedef struct rac_store_query {
    const char *subject; /* exactly this subject */
    const char *kind;    /* exactly this kind */
    int64_t from_seq;    /* from this one on, inclusive */
    int64_t to_seq;      /* up to this one, inclusive; 0: no end */
    int64_t limit;       /* at most so many; 0: all */
    bool newest_first;
} rac_store_query;

/* Called once an entry; the entry and its texts last until it returns.  False ends the reading, which is
 * then still RAC_OK.  It may call the store, appends included. */
typedef bool rac_store_visit(void *context, const rac_store_entry *entry);

/* Streams the matching entries out of one consistent state of the store. */
rac_status rac_store_read(rac_store *store, const rac_store_query *query, rac_store_visit *visit,
                          void *context, rac_error *err);

/* The same into an array in the arena (NULL and 0 when nothing matches). */
rac_status rac_store_load(rac_arena *arena, rac_store *store, const rac_store_query *query,
                          rac_store_entry **entries, size_t *count, rac_error *err);

/* One entry by its key, copied into the arena; RAC_NOT_FOUND. */
rac_status rac_store_find(rac_arena *arena, rac_store *store, const char *key, rac_store_entry *entry,
                          rac_error *err);

/* The newest seq about a subject, or of the whole store when `subject` is NULL; 0 when there is none. */
rac_status rac_store_last(rac_store *store, const char *subject, int64_t *seq, rac_error *err);

typedef struct rac_store_subject {
    const char *name;
    int64_t first_seq;
    int64_t last_seq;
} rac_store_subject;

/* The subjects that begin with `prefix` ("patient/"; "" for all), sorted by bytes, in the arena.  Cost
 * grows with their number, not with the number of entries. */
rac_status rac_store_subjects(rac_arena *arena, rac_store *store, const char *prefix,
                              rac_store_subject **subjects, size_t *count, rac_error *err);

/* Whether anything was recorded after *seen, by this process or another; *seen becomes the newest seq.
 * Begin with *seen = 0 or the seq of the last entry folded.  Cheap enough for several times a second. */
rac_status rac_store_changed(rac_store *store, int64_t *seen, bool *changed, rac_error *err);

/* ---- head and verification ------------------------------------------------------------------- */

/* Where the chain ends: printed on signed sheets, so that cutting the tail or recomputing the whole
 * chain shows as soon as one sheet is compared. */
typedef struct rac_store_head {
    int64_t seq;
    unsigned char hash[RAC_STORE_HASH_BYTES];
    char print[20]; /* the first 16 hexadecimal digits: "4f2a 9c01 77de 0b1c" */
} rac_store_head;

rac_status rac_store_head_now(rac_store *store, rac_store_head *head, rac_error *err);

typedef enum rac_store_finding {
    RAC_STORE_INTACT,
    RAC_STORE_GAP,       /* an entry is missing */
    RAC_STORE_CHANGED,   /* an entry is not what was hashed */
    RAC_STORE_MOVED,     /* an entry stands at another place than where it was recorded */
    RAC_STORE_UNLINKED,  /* an entry agrees with its own hash but does not follow from the one before */
    RAC_STORE_CUT,       /* the entry named by the expected head is not there: the tail is missing */
    RAC_STORE_REWRITTEN, /* the chain agrees with itself but not with the expected head */
    RAC_STORE_FENCE,     /* a table, index or trigger is not what Racemate made */
    RAC_STORE_DAMAGED,   /* the file is damaged: SQLite's words in `what` */
} rac_store_finding;

typedef struct rac_store_check {
    const char *head; /* NULL, or a printed head (16 to 64 hexadecimal digits; spaces are skipped) */
    int64_t head_seq; /* the seq printed beside it; 0: it may be any entry's */
} rac_store_check;

typedef struct rac_store_report {
    rac_store_finding finding;
    int64_t bad_seq; /* the first entry that is wrong; 0 when it is not about one entry */
    int64_t entries; /* how many were walked and found good */
    char what[320];  /* one sentence for people; empty when intact */
    rac_store_head head;
} rac_store_report;

/* Walks the whole chain, recomputes every hash, and asks SQLite to check the file.  What it finds is an
 * answer, not an error: the status is RAC_OK whenever the question could be asked (RAC_INVALID: the
 * expected head is not one; RAC_IO).  `check` may be NULL. */
rac_status rac_store_verify(rac_store *store, const rac_store_check *check, rac_store_report *report,
                            rac_error *err);

/* The finding in one word for programs: "intact", "gap", ...  Never NULL. */
const char *rac_store_finding_name(rac_store_finding finding);

/* ---- copies ---------------------------------------------------------------------------------- */

/* Copies the store, while it is in use, into a new file: synced to disk, verified, and only then given
 * its name.  RAC_CONFLICT when `path` exists; RAC_CORRUPT when the copy does not verify (the report says
 * why).  `report` may be NULL. */
rac_status rac_store_backup(rac_store *store, const char *path, rac_store_report *report, rac_error *err);

/* Puts a copy of the backup at `path`, after verifying it.  When `path` exists: RAC_CONFLICT without
 * `force`; with it, the old file is kept beside as PATH.replaced-1, -2, ... and RAC_BUSY is given when a
 * process still has it open.  RAC_CORRUPT: the backup is not intact. */
rac_status rac_store_restore(const char *backup, const char *path, bool force, rac_store_report *report,
                             rac_error *err);

/* Writes everything as JSON Lines to a new file: a manifest (format, clinic, entries, head), then one
 * line an entry with every column.  RAC_CONFLICT when `path` exists. */
rac_status rac_store_export(rac_store *store, const char *path, rac_error *err);

/* Makes a new store out of an export, with the same entries and the same hashes; every hash is
 * recomputed.  RAC_INVALID with the line for what is not an export, RAC_CORRUPT for one that was changed
 * or cut, RAC_CONFLICT when `path` exists. */
rac_status rac_store_import(const char *export_path, const char *path, rac_error *err);

/* ---- the disk -------------------------------------------------------------------------------- */

/* Whether the disk under a directory does what durability rests on. */
typedef struct rac_store_probe {
    double write_us_median; /* a 4 KiB write without sync */
    double sync_us_median;  /* the same write followed by fdatasync */
    double sync_us_p99;
    bool in_memory;  /* a file system that does not survive the power going off (tmpfs, ramfs) */
    bool suspicious; /* a synced write costs hardly more than an unsynced one: nothing was waited for */
    char what[200];  /* one sentence for people */
} rac_store_probe;

/* Measures `rounds` (10 to 10000) writes in a temporary file in `directory`.  It can catch a disk that
 * does not wait; no program can prove one that says it did. */
rac_status rac_store_probe_disk(const char *directory, int rounds, rac_store_probe *probe, rac_error *err);

#endif
