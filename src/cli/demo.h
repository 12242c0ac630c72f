/* cli/demo.h: the demonstration: a clinic marked DEMO, its story so far, and the feed that plays monitors. */
#ifndef RACEMATE_CLI_DEMO_H
#define RACEMATE_CLI_DEMO_H

#include "cli/cli.h"
#include "link/recording.h"

/* A clock that can be set while the story is told, and then runs, perhaps faster than the wall's. */
typedef struct rac_demo_clock {
    rac_instant base;   /* what it showed when it was started */
    int64_t started_ns; /* the machine's monotonic time then; 0 while it stands still */
    double lapse;       /* seconds it runs in a second */
} rac_demo_clock;

rac_instant rac_demo_now(void *clock); /* for rac_app_options */
void rac_demo_clock_start(rac_demo_clock *clock, double lapse);

/* One monitor that plays a recording to the MLLP port. */
typedef struct rac_demo_monitor {
    const char *device; /* EUI-64, as its messages name it */
    const char *file;   /* the recording's name */
    double offset_s;    /* where in the recording it stands when the feed begins */
    bool repeats;       /* begins again at the end, after a gap */
    rac_recording recording;
} rac_demo_monitor;

enum { RAC_DEMO_MONITORS = 3 };

/* Makes the clinic and tells its story up to now; ends with the clock standing at `now`. */
rac_status rac_demo_tell(rac_cli *cli, rac_app *app, rac_demo_clock *clock, rac_instant now,
                         rac_demo_monitor monitors[RAC_DEMO_MONITORS], rac_error *err);

/* Plays the monitors to 127.0.0.1:port until the process ends; the argument of a thread. */
typedef struct rac_demo_feed {
    int port;
    rac_demo_clock *clock;
    rac_demo_monitor *monitors;
} rac_demo_feed;
void *rac_demo_play(void *feed);

#endif
