/* link/recording.h: vital signs recorded elsewhere, read from a CSV file, for the demonstration and for
 * tests of the real port.
 *
 * One row a moment.  The first column is time since the start, its unit in its name ("Time [s]",
 * "time_s", "minute", "time_min"); the other columns are quantities under the names of the recordings known
 * here (recording.c) or under Racemate's own, such as "nibp_sys".  Columns of other names are
 * listed as left out.
 *
 * Nothing is interpolated, filled or smoothed: a cell without a value is a point without a value.
 *
 *     rac_recording recording;
 *     rac_try(rac_recording_read(arena, bytes, "session.csv", &recording, err));
 *     size_t count;
 *     const rac_recording_point *now = rac_recording_between(&recording, last, elapsed, &count); */
#ifndef RACEMATE_LINK_RECORDING_H
#define RACEMATE_LINK_RECORDING_H

#include "link/mdc.h"

/* One cell of the file. */
typedef struct rac_recording_point {
    rac_duration at; /* since the start of the recording */
    rac_mdc_quantity quantity;
    bool has_value;
    double value;    /* in the quantity's unit; set when has_value */
    const char *why; /* why there is none: "no value", "not connected", "outside the possible range";
                      * NULL when there is one */
} rac_recording_point;

typedef struct rac_recording {
    rac_recording_point *points; /* in order of time, within a moment in order of columns */
    size_t count;
    rac_mdc_quantity *quantities; /* the columns that were read */
    size_t quantity_count;
    rac_text *left_out; /* names of columns that were not */
    size_t left_out_count;
    rac_duration length; /* the last moment */
} rac_recording;

/* RAC_INVALID with line and column for a file that is not CSV, a time that is not a number or goes
 * back, a cell that is neither a number nor a known word for "no value" ("", "NaN", "NA", "-"), two
 * columns of one quantity; RAC_NOT_FOUND when no column is known.  `bytes` may go afterwards. */
rac_status rac_recording_read(rac_arena *arena, rac_text bytes, const char *file, rac_recording *recording,
                              rac_error *err);

/* The points with from <= at < to. */
const rac_recording_point *rac_recording_between(const rac_recording *recording, rac_duration from,
                                                 rac_duration to, size_t *count);

#endif
