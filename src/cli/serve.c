/* racemate serve and racemate demo: the clinic on this machine's own network. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/demo.h"
#include "serve/serve.h"

typedef struct serving {
    const char *clinic;
    bool opens_browser;
    rac_demo_feed *feed; /* NULL: no demonstration */
} serving;

/* Asks the desktop to open the page; a machine without one just has the address printed. */
static void open_browser(const char *address)
{
    if (!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
        return;
    const pid_t child = fork();
    if (child == 0) {
        execlp("xdg-open", "xdg-open", address, (char *)NULL);
        _exit(127);
    }
}

static void ready(void *context, const rac_serve_ready *where)
{
    const serving *s = context;
    char address[64];
    snprintf(address, sizeof address, "http://127.0.0.1:%d/", where->http_port);
    printf("The clinic is open at %s\n", address);
    if (where->mllp_port)
        printf("Monitors send HL7 to 127.0.0.1:%d (MLLP)\n", where->mllp_port);
    if (s->feed) {
        printf("Sign in as rk (nurse), pete (prescriber) or dora (director); every PIN is 1234.\n"
               "From another terminal: racemate --clinic %s board\n",
               s->clinic);
        pthread_t player;
        s->feed->port = where->mllp_port;
        if (pthread_create(&player, NULL, rac_demo_play, s->feed) == 0)
            pthread_detach(player);
    }
    puts("Ctrl-C ends it.");
    fflush(stdout);
    if (s->opens_browser)
        open_browser(address);
}

static void log_line(void *context, rac_status status, const char *line)
{
    (void)context;
    fprintf(stderr, "%s%s\n", status ? "<4>" : "<6>", line); /* journald understands the priority */
}

static rac_status take_port(int *argc, char **argv, const char *name, int usual, int *port, rac_error *err)
{
    const char *typed = rac_cli_option(argc, argv, name);
    int64_t number = usual;
    const rac_status status = typed ? rac_integer_parse(rac_text_of(typed), &number, err) : RAC_OK;
    if (status)
        return status;
    if (number < -1 || number > 65535)
        return rac_fail(err, RAC_INVALID, "%s %lld is not a port", name, (long long)number);
    *port = (int)number;
    return RAC_OK;
}

static int too_many(const rac_cli *cli, char **argv)
{
    rac_error err = {0};
    rac_fail(&err, RAC_INVALID, "'%s' is not understood", argv[0]);
    return rac_cli_report(cli, &err);
}

int rac_cli_serve(rac_cli *cli, int argc, char **argv)
{
    rac_error err = {0};
    serving s = {.clinic = cli->clinic};
    rac_serve_options options = {.store = cli->clinic, .ready = ready, .log = log_line, .context = &s};
    options.web = rac_cli_option(&argc, argv, "--web");
    options.address = rac_cli_option(&argc, argv, "--address");
    s.opens_browser = rac_cli_flag(&argc, argv, "--open");
    if (take_port(&argc, argv, "--http", 8080, &options.http_port, &err) ||
        take_port(&argc, argv, "--mllp", 2575, &options.mllp_port, &err))
        return rac_cli_report(cli, &err);
    if (argc)
        return too_many(cli, argv);
    return rac_serve_run(&options, &err) ? rac_cli_report(cli, &err) : 0;
}

/* ---- the demonstration ------------------------------------------------------------------------------------
 */

static const struct {
    const char *device, *file;
    bool repeats;
} players[RAC_DEMO_MONITORS] = {
    {"0011223344550001", "bidmc_01_numerics.csv", true},
    {"0011223344550002", "scripted-pressure.csv", false},
    {"0011223344550004", "session-made-up.csv", false},
};

static rac_status read_monitors(rac_arena *arena, rac_demo_monitor *monitors, rac_error *err)
{
    for (int i = 0; i < RAC_DEMO_MONITORS; i++) {
        rac_text bytes;
        monitors[i] = (rac_demo_monitor){
            .device = players[i].device, .file = players[i].file, .repeats = players[i].repeats};
        rac_status status = rac_cli_read_file(
            arena, rac_app_data_file(arena, "demo/recordings", players[i].file), &bytes, err);
        if (!status)
            status = rac_recording_read(arena, bytes, players[i].file, &monitors[i].recording, err);
        if (status)
            return status;
    }
    return RAC_OK;
}

static rac_status run_case(rac_cli *cli, rac_app *app, const char *who, const char *noun, const char *verb,
                           const char *const *pairs, rac_error *err)
{
    rac_call call = {.app = app, .arena = cli->arena, .actor = who, .pin = "1234", .source = "demonstration"};
    rac_reply reply = {0};
    rac_status status = rac_use_case_find(noun, verb, &call.use_case, err);
    for (size_t i = 0; !status && pairs[i]; i += 2)
        status = rac_call_set(&call, pairs[i], pairs[i + 1], strlen(pairs[i + 1]), err);
    if (!status)
        status = rac_use_case_run(&call, &reply, err);
    json_decref(reply.json);
    return status;
}

static rac_status hire_and_adopt(rac_cli *cli, rac_app *app, rac_error *err)
{
    static const char *const people[][3] = {{"dora", "Dora Direct", "director"},
                                            {"pete", "Pete Prescriber", "prescriber"},
                                            {"rk", "Rita Kahn", "nurse"},
                                            {"lm", "Lee Marsh", "nurse"}};
    rac_text protocol, values;
    rac_status status = RAC_OK;
    for (size_t i = 0; !status && i < sizeof people / sizeof *people; i++) {
        const char *const pairs[] = {"id",         people[i][0], "name", people[i][1], "role",
                                     people[i][2], "new-pin",    "1234", NULL};
        status = run_case(cli, app, i ? "dora" : NULL, "staff", "add", pairs, err);
    }
    if (!status)
        status = rac_cli_read_file(cli->arena,
                                   rac_app_data_file(cli->arena, "protocols", "depression-iv-standard.yaml"),
                                   &protocol, err);
    if (!status)
        status = rac_cli_read_file(cli->arena, rac_app_data_file(cli->arena, "protocols", "demo-site.yaml"),
                                   &values, err);
    if (status)
        return status;
    const char *const pairs[] = {
        "file",   rac_text_copy(cli->arena, protocol), "file-name",   "protocols/depression-iv-standard.yaml",
        "values", rac_text_copy(cli->arena, values),   "values-name", "protocols/demo-site.yaml",
        NULL};
    return run_case(cli, app, "dora", "protocol", "adopt", pairs, err);
}

static rac_instant wall_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (rac_instant){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

static int zone_here(void)
{
    const time_t now = time(NULL);
    struct tm local;
    localtime_r(&now, &local);
    return (int)(local.tm_gmtoff / 60);
}

/* A fresh clinic in a scratch folder, with its story told up to now. */
static rac_status make_demo(rac_cli *cli, const char *clinic, rac_demo_clock *clock,
                            rac_demo_monitor *monitors, rac_error *err)
{
    const rac_app_options options = {rac_demo_now, clock};
    const rac_instant now = wall_now();
    rac_app *app = NULL;
    clock->base.ms = now.ms - (int64_t)4 * 3600000;
    rac_status status = read_monitors(cli->arena, monitors, err);
    if (!status)
        status = rac_app_create(clinic, "demo", "DEMO clinic", zone_here(), true, clock->base, err);
    if (!status)
        status = rac_app_open(clinic, &options, &app, err);
    if (!status)
        status = hire_and_adopt(cli, app, err);
    if (!status)
        status = rac_demo_tell(cli, app, clock, now, monitors, err);
    rac_app_close(app);
    return status;
}

int rac_cli_demo(rac_cli *cli, int argc, char **argv)
{
    rac_error err = {0};
    rac_demo_clock clock = {.lapse = 1};
    rac_demo_monitor monitors[RAC_DEMO_MONITORS];
    rac_demo_feed feed = {.clock = &clock, .monitors = monitors};
    const rac_app_options app = {rac_demo_now, &clock};
    serving s = {.opens_browser = true, .feed = &feed};
    rac_serve_options options = {
        .mllp_port = 2575, .ready = ready, .log = log_line, .app = &app, .context = &s};
    const char *lapse = rac_cli_option(&argc, argv, "--lapse"),
               *folder = rac_cli_option(&argc, argv, "--folder");
    const bool only_tell = rac_cli_flag(&argc, argv, "--no-serve");
    double factor = 1;
    options.web = rac_cli_option(&argc, argv, "--web");
    if (take_port(&argc, argv, "--http", 8080, &options.http_port, &err) ||
        take_port(&argc, argv, "--mllp", 2575, &options.mllp_port, &err) ||
        (lapse && rac_number_parse(rac_text_of(lapse), &factor, &err)))
        return rac_cli_report(cli, &err);
    if (argc)
        return too_many(cli, argv);
    if (!(factor >= 1 && factor <= 120)) {
        rac_fail(&err, RAC_INVALID, "--lapse is 1 to 120 seconds a second");
        return rac_cli_report(cli, &err);
    }
    char *scratch = rac_string_copy(cli->arena, "/tmp/racemate-demo-XXXXXX");
    if (folder ? mkdir(folder, 0700) != 0 && errno != EEXIST : !mkdtemp(scratch)) {
        rac_fail(&err, RAC_IO, "%s: %s", folder ? folder : scratch, strerror(errno));
        return rac_cli_report(cli, &err);
    }
    s.clinic = options.store = rac_format(cli->arena, "%s/demo.racemate", folder ? folder : scratch);
    printf("Telling the day so far ...\n");
    fflush(stdout);
    if (make_demo(cli, options.store, &clock, monitors, &err))
        return rac_cli_report(cli, &err);
    printf("DEMO: made-up people in %s\n", s.clinic);
    if (only_tell)
        return 0;
    clock.base = wall_now();
    rac_demo_clock_start(&clock, factor);
    return rac_serve_run(&options, &err) ? rac_cli_report(cli, &err) : 0;
}
