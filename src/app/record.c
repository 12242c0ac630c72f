/* The record itself: board, verify, backup, export, doctor. */
#include <string.h>

#include "app/internal.h"

RAC_DO(rac_do_board)
{
    const rac_status status = rac_app_board_view(call->app, &reply->json, err);
    if (status)
        return status;
    char *text = rac_string_copy(call->arena, "");
    const json_t *sessions = json_object_get(reply->json, "sessions");
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        const json_t *s = json_array_get(sessions, i), *alarm = json_object_get(s, "alarm");
        const char *chair = json_string_value(json_object_get(s, "chair"));
        text =
            rac_format(call->arena, "%s%-4s %-10s %-12s %-14s %s\n", text, chair ? chair : "-",
                       json_string_value(json_object_get(json_object_get(s, "patient"), "label")),
                       json_string_value(json_object_get(s, "state")),
                       json_string_value(json_object_get(s, "phase_text")),
                       json_is_object(alarm) ? json_string_value(json_object_get(alarm, "say")) : "no alarm");
    }
    reply->text = json_array_size(sessions) ? text : "No open sessions.\n";
    return RAC_OK;
}

/* A damaged record is what was asked about, so it is an answer with a status of its own. */
RAC_DO(rac_do_verify)
{
    rac_store_report report;
    int64_t seq = 0;
    const char *head = rac_call_value(call, "head"), *typed_seq = rac_call_value(call, "entry");
    rac_status status = typed_seq ? rac_integer_parse(rac_text_of(typed_seq), &seq, err) : RAC_OK;
    if (status)
        return status;
    const rac_store_check check = {head, seq};
    if ((status = rac_store_verify(rac_app_store(call->app), head ? &check : NULL, &report, err)))
        return status;
    reply->json = json_pack("{s:s, s:I, s:I, s:s, s:s}", "finding", rac_store_finding_name(report.finding),
                            "entries", (json_int_t)report.entries, "bad_seq", (json_int_t)report.bad_seq,
                            "what", report.what, "head", report.head.print);
    if (report.finding == RAC_STORE_INTACT) {
        reply->text = rac_format(call->arena, "Intact: %lld entries, head %s at entry %lld.\n",
                                 (long long)report.entries, report.head.print, (long long)report.head.seq);
        return RAC_OK;
    }
    reply->text = rac_format(call->arena, "%s\n", report.what);
    return rac_fail(err, RAC_CORRUPT, "%s", report.what);
}

RAC_DO(rac_do_backup)
{
    rac_store_report report;
    const char *path = rac_call_value(call, "to");
    const rac_status status = rac_store_backup(rac_app_store(call->app), path, &report, err);
    if (status)
        return status;
    reply->text = rac_format(call->arena, "Copied and verified: %lld entries, head %s.\n",
                             (long long)report.entries, report.head.print);
    reply->json = json_pack("{s:s, s:I, s:s}", "to", path, "entries", (json_int_t)report.entries, "head",
                            report.head.print);
    return RAC_OK;
}

RAC_DO(rac_do_export)
{
    const char *path = rac_call_value(call, "to");
    const rac_status status = rac_store_export(rac_app_store(call->app), path, err);
    if (status)
        return status;
    reply->text = rac_format(call->arena, "Exported to %s.\n", path);
    reply->json = json_pack("{s:s}", "to", path);
    return RAC_OK;
}

static char *directory_of(rac_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return rac_string_copy(arena, ".");
    return rac_format(arena, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

RAC_DO(rac_do_doctor)
{
    rac_store_probe probe;
    const char *directory = directory_of(call->arena, rac_store_path(rac_app_store(call->app)));
    const rac_status status = rac_store_probe_disk(directory, 100, &probe, err);
    if (status)
        return status;
    reply->text =
        rac_format(call->arena, "Disk under %s: %s\n  write %.0f us, with sync %.0f us (p99 %.0f us)\n",
                   directory, probe.what, probe.write_us_median, probe.sync_us_median, probe.sync_us_p99);
    reply->json = json_pack("{s:f, s:f, s:b, s:b, s:s}", "write_us", probe.write_us_median, "sync_us",
                            probe.sync_us_median, "in_memory", probe.in_memory, "suspicious",
                            probe.suspicious, "what", probe.what);
    return RAC_OK;
}
