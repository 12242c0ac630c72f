/* Changing a store behind its back, with SQLite itself. */
#ifndef RACEMATE_TESTS_STORE_TAMPER_H
#define RACEMATE_TESTS_STORE_TAMPER_H

#include <sqlite3.h>

#include "fixture.h"

static inline void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    char *words = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &words))
        fprintf(stderr, "%s: %s\n", sql, words);
    assert_null(words);
    sqlite3_close(db);
}

/* Runs SQL with the triggers taken away and put back as they were. */
static inline void tamper(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *rows;
    char fences[4000] = "", names[2000] = "";
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'", -1, &rows, NULL),
        SQLITE_OK);
    while (sqlite3_step(rows) == SQLITE_ROW) {
        const size_t used = strlen(fences), named = strlen(names);
        snprintf(names + named, sizeof names - named, "DROP TRIGGER %s;", sqlite3_column_text(rows, 0));
        snprintf(fences + used, sizeof fences - used, "%s;", sqlite3_column_text(rows, 1));
    }
    sqlite3_finalize(rows);
    sqlite3_close(db);
    assert_true(strlen(fences) > 100);
    run_sql(path, names);
    run_sql(path, sql);
    run_sql(path, fences);
}

#endif
