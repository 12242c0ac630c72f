/* Failing disks: a full disk by a file size limit, and every single write and sync of an append made
 * to fail in turn.  Nothing is half-written, the error has SQLite's words, and later appends work. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include "fixture.h"

/* ---- a VFS that fails on demand --------------------------------------------------------------- */

/* The operation number `fail_at` fails (counted from 1), and with `sticky` all after it. */
static struct {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    int operations, fail_at, code;
    bool sticky;
} disk;

typedef struct shim {
    sqlite3_file base;
    sqlite3_file *real;
} shim;

static sqlite3_file *real(sqlite3_file *file)
{
    return ((shim *)file)->real;
}

static bool fails(void)
{
    disk.operations++;
    return disk.fail_at &&
           (disk.operations == disk.fail_at || (disk.sticky && disk.operations > disk.fail_at));
}

static int shim_close(sqlite3_file *file)
{
    return real(file)->pMethods ? real(file)->pMethods->xClose(real(file)) : SQLITE_OK;
}
static int shim_read(sqlite3_file *file, void *to, int size, sqlite3_int64 at)
{
    return real(file)->pMethods->xRead(real(file), to, size, at);
}
static int shim_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
    if (!fails())
        return real(file)->pMethods->xWrite(real(file), from, size, at);
    if (size > 100) /* a torn write: the first part reaches the disk */
        (void)real(file)->pMethods->xWrite(real(file), from, size / 2, at);
    return disk.code;
}
static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? disk.code : real(file)->pMethods->xTruncate(real(file), size);
}
static int shim_sync(sqlite3_file *file, int flags)
{
    return fails() ? SQLITE_IOERR_FSYNC : real(file)->pMethods->xSync(real(file), flags);
}
static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}
static int shim_lock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xLock(real(file), level);
}
static int shim_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}
static int shim_reserved(sqlite3_file *file, int *locked)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), locked);
}
static int shim_control(sqlite3_file *file, int operation, void *argument)
{
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
static int shim_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}
static int shim_traits(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}
static int shim_map(sqlite3_file *file, int page, int size, int extend, void volatile **to)
{
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, to);
}
static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, n, flags);
}
static void shim_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}
static int shim_unmap(sqlite3_file *file, int remove_it)
{
    return real(file)->pMethods->xShmUnmap(real(file), remove_it);
}

static const sqlite3_io_methods shim_methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_traits,
    .xShmMap = shim_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_barrier,
    .xShmUnmap = shim_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *given)
{
    (void)vfs;
    shim *s = (shim *)file;
    s->real = (sqlite3_file *)(s + 1);
    const int code = disk.real->xOpen(disk.real, name, s->real, flags, given);
    s->base.pMethods = s->real->pMethods ? &shim_methods : NULL;
    return code;
}

static void register_shim(void)
{
    if (disk.real)
        return;
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.pNext = NULL;
    disk.vfs.zName = "failing";
    disk.vfs.szOsFile = (int)sizeof(shim) + disk.real->szOsFile;
    disk.vfs.xOpen = shim_open;
    assert_int_equal(sqlite3_vfs_register(&disk.vfs, 0), SQLITE_OK);
}

/* ---- the tests -------------------------------------------------------------------------------- */

static rac_store_entry large(rac_arena *arena, int bytes)
{
    rac_store_entry entry = reading(arena, "protocol/large", 0);
    entry.body = rac_format(arena, "{\"text\":\"%0*d\"}", bytes, 0);
    return entry;
}

/* One append of `entry` with operation `k` failing; true when there were fewer than k operations. */
static bool fail_one(fixture *f, const rac_store_entry *entry, int k, int code, bool sticky)
{
    rac_error err = {0};
    rac_store *store;
    int64_t before, after;
    check_ok(rac_store_open(f->path, &(rac_store_options){.vfs = "failing"}, &store, &err));
    check_ok(rac_store_last(store, NULL, &before, &err));
    disk.operations = 0;
    disk.code = code;
    disk.sticky = sticky;
    disk.fail_at = k;
    const rac_status status = rac_store_append(store, entry, 1, NULL, NULL, &err);
    const bool reached = disk.operations >= k;
    disk.fail_at = 0;
    check_ok(rac_store_last(store, NULL, &after, &err));
    if (status) {
        assert_int_equal(status, RAC_IO);
        assert_true(strlen(err.message) > 20 && err.hint[0]);
        check_contains(err.message,
                       code == SQLITE_FULL && !strstr(err.message, "I/O") ? "full" : "I/O error");
    }
    assert_true(after == before + (status == RAC_OK));
    /* The cause is gone: the same store, still open, works. */
    const rac_store_entry next = reading(f->arena, "session/1", k);
    check_ok(rac_store_append(store, &next, 1, NULL, NULL, &err));
    rac_store_close(store);
    check_ok(rac_store_open(f->path, NULL, &store, &err));
    check_intact(store, after + 1);
    rac_store_close(store);
    return !reached;
}

static void test_store_faults__each_write_and_sync_may_fail(void **state)
{
    fixture *f = *state;
    static const int codes[] = {SQLITE_IOERR_WRITE, SQLITE_FULL};
    register_shim();
    rac_store_close(f->store);
    f->store = NULL;
    for (int i = 0; i < 4; i++) {
        int k = 1;
        const rac_store_entry entry = large(f->arena, i < 2 ? 10 : 60000);
        while (!fail_one(f, &entry, k, codes[i % 2], i % 4 == 1 || i == 2))
            k++;
        assert_true(k > 3); /* there were writes and a sync to fail */
    }
}

static void test_store_faults__a_checkpoint_may_fail(void **state)
{
    fixture *f = *state;
    register_shim();
    rac_store_close(f->store);
    f->store = NULL;
    /* A megabyte an append: every few of them SQLite moves the log into the file. */
    const rac_store_entry entry = large(f->arena, RAC_STORE_BODY_MAX - 20);
    for (int k = 1; k < 2000; k += 211)
        fail_one(f, &entry, k, SQLITE_FULL, true);
}

static void test_store_faults__a_full_disk_takes_only_what_does_not_fit(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    struct rlimit usual, small;
    signal(SIGXFSZ, SIG_IGN);
    fill(f, "session/1", 3);
    getrlimit(RLIMIT_FSIZE, &usual);
    small = usual;
    small.rlim_cur = 400000;
    const rac_store_entry much = large(f->arena, 900000), little = reading(f->arena, "session/1", 99);
    const rac_store_entry both[] = {little, much};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const rac_status first = rac_store_append(f->store, both, 2, NULL, NULL, &err);
    rac_error second_err = {0};
    const rac_status second = rac_store_append(f->store, &little, 1, NULL, NULL, &second_err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_int_equal(first, RAC_IO);
    check_contains(err.message, "I/O error");
    assert_int_equal(second, RAC_OK);
    check_intact(f->store, 5);
    check_ok(rac_store_append(f->store, both, 2, NULL, NULL, &err));
    check_intact(f->store, 7);
}

static void test_store_faults__a_backup_that_does_not_fit_leaves_nothing(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    struct rlimit usual, small;
    signal(SIGXFSZ, SIG_IGN);
    const rac_store_entry much = large(f->arena, 900000);
    check_ok(rac_store_append(f->store, &much, 1, NULL, NULL, &err));
    getrlimit(RLIMIT_FSIZE, &usual);
    small = usual;
    small.rlim_cur = 400000;
    const char *backup = rac_format(f->arena, "%s/backup", f->directory);
    const char *export = rac_format(f->arena, "%s/export", f->directory);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const rac_status copied = rac_store_backup(f->store, backup, NULL, &err);
    const rac_status exported = rac_store_export(f->store, export, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_int_equal(copied, RAC_IO);
    assert_int_equal(exported, RAC_IO);
    DIR *directory = opendir(f->directory);
    int files = 0;
    for (struct dirent *file; (file = readdir(directory));)
        files += strstr(file->d_name, "backup") || strstr(file->d_name, "export");
    closedir(directory);
    assert_int_equal(files, 0);
    check_intact(f->store, 2);
}

static void test_store_probe__measures_this_disk_and_knows_memory(void **state)
{
    fixture *f = *state;
    rac_error err = {0};
    rac_store_probe probe;
    check_ok(rac_store_probe_disk(f->directory, 20, &probe, &err));
    assert_true(probe.write_us_median > 0 && probe.sync_us_median > 0);
    assert_true(probe.sync_us_p99 >= probe.sync_us_median);
    assert_true(probe.what[0]);
    check_status(rac_store_probe_disk(f->directory, 5, &probe, &err), RAC_INVALID);
    check_status(rac_store_probe_disk("/nonexistent", 20, &probe, &err), RAC_IO);
    if (access("/dev/shm", W_OK) == 0) {
        check_ok(rac_store_probe_disk("/dev/shm", 20, &probe, &err));
        if (probe.in_memory)
            check_contains(probe.what, "power cut");
    }
}

RAC_TESTS(store_test(test_store_faults__each_write_and_sync_may_fail),
          store_test(test_store_faults__a_checkpoint_may_fail),
          store_test(test_store_faults__a_full_disk_takes_only_what_does_not_fit),
          store_test(test_store_faults__a_backup_that_does_not_fit_leaves_nothing),
          store_test(test_store_probe__measures_this_disk_and_knows_memory))
