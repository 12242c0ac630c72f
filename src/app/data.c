/* Files that come with the program: models, protocols, recordings. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/internal.h"
#include "app/data_folders.h"

char *rac_app_data_file(rac_arena *arena, const char *folder, const char *name)
{
    const char *const roots[] = {getenv("RACEMATE_DATA"), RAC_DATA_DIR, RAC_SOURCE_DIR};
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        char *path = roots[i] ? rac_format(arena, "%s/%s/%s", roots[i], folder, name) : NULL;
        if (path && access(path, R_OK) == 0)
            return path;
    }
    return rac_format(arena, "%s/%s", folder, name);
}

rac_status rac_app_read_data(rac_arena *arena, const char *folder, const char *name, rac_text *bytes,
                             rac_error *err)
{
    enum { most = 1 << 20 };
    const char *path = rac_app_data_file(arena, folder, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return rac_fail(err, RAC_NOT_FOUND, "%s is not installed", path);
    char *data = rac_arena_alloc(arena, most + 1);
    const size_t size = fread(data, 1, most + 1, file);
    const bool failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return rac_fail(err, RAC_IO, "%s cannot be read", path);
    if (size > most)
        return rac_fail(err, RAC_LIMIT, "%s is larger than 1 MiB", path);
    *bytes = (rac_text){data, size};
    return RAC_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

rac_status rac_app_list_data(rac_arena *arena, const char *folder, const char *ending, const char ***names,
                             size_t *count, rac_error *err)
{
    const char *path = rac_app_data_file(arena, folder, "");
    DIR *directory = opendir(path);
    size_t capacity = 0;
    *names = NULL;
    *count = 0;
    if (!directory)
        return rac_fail(err, RAC_NOT_FOUND, "the folder %s is not installed", path);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        const size_t size = strlen(entry->d_name), end = strlen(ending);
        if (entry->d_name[0] != '.' && size > end && strcmp(entry->d_name + size - end, ending) == 0)
            rac_push(arena, *names, *count, capacity, rac_string_copy(arena, entry->d_name));
    }
    closedir(directory);
    if (*count)
        qsort(*names, *count, sizeof **names, by_name);
    return RAC_OK;
}

bool rac_app_is_file_name(const char *word, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return size > 0 && size <= 80 && word[0] != '.' && word[0] != '-' && strspn(word, letters) == size;
}

/* "a, b and c" of the files in a folder, without their ending. */
static const char *names_of(rac_arena *arena, const char *folder, const char ***names, size_t *count)
{
    static const char ending[] = ".yaml";
    rac_error ignored = {0};
    char *all = rac_string_copy(arena, "");
    if (rac_app_list_data(arena, folder, ending, names, count, &ignored))
        return all;
    for (size_t i = 0; i < *count; i++) {
        (*names)[i] = rac_format(arena, "%.*s", (int)(strlen((*names)[i]) - strlen(ending)), (*names)[i]);
        all = rac_format(arena, "%s%s%s", all, i ? ", " : "", (*names)[i]);
    }
    return all;
}

rac_status rac_app_read_named(rac_arena *arena, const char *folder, const char *name, rac_text *bytes,
                              rac_error *err)
{
    rac_error fault = {0};
    rac_status status = rac_app_read_data(arena, folder, name, bytes, &fault);
    if (status == RAC_NOT_FOUND)
        status = rac_app_read_data(arena, folder, rac_format(arena, "%s.yaml", name), bytes, &fault);
    if (status && status != RAC_NOT_FOUND)
        return rac_fail(err, status, "%s", fault.message);
    if (!status)
        return RAC_OK;
    const char **names;
    size_t count = 0;
    const char *all = names_of(arena, folder, &names, &count);
    const char *near = count ? rac_text_nearest(rac_text_of(name), names, count) : NULL;
    rac_fail(err, RAC_NOT_FOUND, "there is no file '%.80s', and none of this name comes with the program",
             name);
    if (near)
        rac_error_hint(err, "did you mean %s? %s/ has %s", near, folder, all);
    else
        rac_error_hint(err, "%s/ has %s", folder, all);
    return RAC_NOT_FOUND;
}
