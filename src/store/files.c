/* A new file appears whole or not at all: it is made as a draft beside its name, synced, and then
 * linked to the name, which fails rather than overwrite. */
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

rac_status rac_store_file_failed(rac_error *err, const char *doing, const char *path)
{
    const int code = errno;
    const rac_status status = code == EACCES || code == EROFS || code == EPERM ? RAC_DENIED : RAC_IO;
    return rac_fail(err, status, "%s %s: %s", doing, path, strerror(code));
}

/* The directory a path is in, in the arena. */
static const char *directory_of(rac_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    return slash == path ? "/" : rac_text_copy(arena, (rac_text){path, (size_t)(slash - path)});
}

rac_status rac_store_find_directory(const char *path, bool writable, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    const char *directory = directory_of(arena, path);
    struct stat seen;
    rac_status status = RAC_OK;
    if (stat(directory, &seen) || !S_ISDIR(seen.st_mode)) {
        status = rac_fail(err, RAC_NOT_FOUND, "the directory %s does not exist", directory);
        rac_error_hint(err, "make it first, or check the path");
    } else if (writable && access(directory, W_OK | X_OK)) {
        status = rac_fail(err, RAC_DENIED, "the directory %s is read-only", directory);
        rac_error_hint(err, "check its owner and permissions");
    }
    rac_arena_free(arena);
    return status;
}

rac_status rac_store_refuse_existing(const char *path, rac_error *err)
{
    struct stat seen;
    if (lstat(path, &seen))
        return RAC_OK;
    rac_fail(err, RAC_CONFLICT, "%s exists", path);
    rac_error_hint(err, "choose another name; nothing is overwritten");
    return RAC_CONFLICT;
}

rac_status rac_store_draft_name(rac_arena *arena, const char *path, const char **draft, rac_error *err)
{
    rac_status status = rac_store_find_directory(path, true, err);
    if (status)
        return status;
    *draft = rac_format(arena, "%s.draft-%ld", path, (long)getpid());
    rac_store_discard(*draft);
    return RAC_OK;
}

static rac_status sync_path(const char *path, int flags, rac_error *err)
{
    const int file = open(path, flags | O_CLOEXEC);
    if (file < 0)
        return rac_store_file_failed(err, "cannot open", path);
    rac_status status = fsync(file) ? rac_store_file_failed(err, "cannot sync", path) : RAC_OK;
    close(file);
    return status;
}

rac_status rac_store_sync_directory(const char *path, rac_error *err)
{
    rac_arena *arena = rac_arena_new();
    rac_status status = sync_path(directory_of(arena, path), O_RDONLY | O_DIRECTORY, err);
    rac_arena_free(arena);
    return status;
}

rac_status rac_store_publish(const char *draft, const char *path, bool replace, rac_error *err)
{
    rac_status status = sync_path(draft, O_RDONLY, err);
    if (status)
        return status;
    if (replace ? rename(draft, path) : link(draft, path))
        return errno == EEXIST ? rac_fail(err, RAC_CONFLICT, "%s exists", path)
                               : rac_store_file_failed(err, "cannot create", path);
    if (!replace)
        unlink(draft);
    return rac_store_sync_directory(path, err);
}

void rac_store_discard(const char *draft)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    rac_arena *arena = rac_arena_new();
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        unlink(rac_format(arena, "%s%s", draft, endings[i]));
    rac_arena_free(arena);
}
