/* Status names and the error value: see racemate/base.h. */
#include "racemate/base.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *sentence;
    int exit_code;
} statuses[] = {
#define X(name, sentence, exit_code) [name] = {#name, sentence, exit_code},
    RAC_STATUS_LIST(X)
#undef X
};

static bool known(rac_status status)
{
    return (size_t)status < sizeof statuses / sizeof *statuses;
}

const char *rac_status_name(rac_status status)
{
    return known(status) ? statuses[status].name : "RAC_UNKNOWN_STATUS";
}

const char *rac_status_sentence(rac_status status)
{
    return known(status) ? statuses[status].sentence : "unknown status";
}

int rac_status_exit_code(rac_status status)
{
    return known(status) ? statuses[status].exit_code : 1;
}

/* Prints into a fixed field; text that does not fit ends in "..." so that the cut shows. */
static void print_cut(char *field, size_t size, const char *format, va_list arguments) RAC_PRINTF(3, 0);
static void print_cut(char *field, size_t size, const char *format, va_list arguments)
{
    const int wanted = vsnprintf(field, size, format, arguments);
    if (wanted < 0) {
        field[0] = '\0';
    } else if ((size_t)wanted >= size) {
        size_t keep = size - 4;
        while (keep > 0 && ((unsigned char)field[keep] & 0xC0) == 0x80) /* whole characters only */
            keep--;
        memcpy(field + keep, "...", 4);
    }
}

static void copy_cut(char *field, size_t size, const char *format, ...) RAC_PRINTF(3, 4);
static void copy_cut(char *field, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_cut(field, size, format, arguments);
    va_end(arguments);
}

rac_status rac_error_set(rac_error *err, rac_status status, const char *source, int source_line,
                         const char *format, ...)
{
    if (!err)
        return status;
    memset(err, 0, sizeof *err);
    err->status = status;
    err->source = source;
    err->source_line = source_line;
    va_list arguments;
    va_start(arguments, format);
    print_cut(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    return status;
}

void rac_error_place(rac_error *err, const char *file, int line, int column)
{
    if (!err)
        return;
    copy_cut(err->file, sizeof err->file, "%s", file ? file : "");
    err->line = line;
    err->column = column;
}

void rac_error_field(rac_error *err, const char *field)
{
    if (err)
        copy_cut(err->field, sizeof err->field, "%s", field ? field : "");
}

void rac_error_detail(rac_error *err, const char *format, ...)
{
    if (!err)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_cut(err->detail, sizeof err->detail, format, arguments);
    va_end(arguments);
}

void rac_error_hint(rac_error *err, const char *format, ...)
{
    if (!err)
        return;
    va_list arguments;
    va_start(arguments, format);
    print_cut(err->hint, sizeof err->hint, format, arguments);
    va_end(arguments);
}

rac_problems rac_problems_init(rac_arena *arena)
{
    return (rac_problems){.arena = arena};
}

void rac_problems_add(rac_problems *problems, const rac_error *err)
{
    rac_push(problems->arena, problems->items, problems->count, problems->capacity, *err);
}
