/* The pages: embedded in the program, or read from a directory while somebody works on them. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/internal.h"

enum { tag_bytes = 16, file_max = 8 << 20 };

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".png", "image/png"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

struct rac_assets {
    int directory; /* -1: embedded */
    char (*tags)[2 * tag_bytes + 3];
};

static void make_tag(char tag[2 * tag_bytes + 3], const void *bytes, size_t size)
{
    unsigned char hash[tag_bytes];
    crypto_generichash(hash, sizeof hash, bytes, size, NULL, 0);
    tag[0] = '"';
    sodium_bin2hex(tag + 1, 2 * tag_bytes + 1, hash, sizeof hash);
    strcpy(tag + 1 + 2 * tag_bytes, "\"");
}

rac_assets *rac_assets_new(const char *directory)
{
    rac_assets *assets = calloc(1, sizeof *assets);
    if (!assets || !(assets->tags = calloc(rac_embedded_count + 1, sizeof *assets->tags)))
        abort();
    assets->directory = directory ? open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (directory && assets->directory < 0) {
        free(assets->tags);
        free(assets);
        return NULL;
    }
    for (size_t i = 0; i < rac_embedded_count; i++)
        make_tag(assets->tags[i], rac_embedded[i].begin,
                 (size_t)(rac_embedded[i].end - rac_embedded[i].begin));
    return assets;
}

void rac_assets_free(rac_assets *assets)
{
    if (!assets)
        return;
    if (assets->directory >= 0)
        close(assets->directory);
    free(assets->tags);
    free(assets);
}

static const char *type_of(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].ending, ending) == 0)
            return types[i].type;
    return NULL;
}

static rac_status missing(rac_error *err)
{
    return rac_fail(err, RAC_NOT_FOUND, "there is no such page");
}

static rac_status find_embedded(const rac_assets *assets, const char *path, rac_response *response,
                                rac_error *err)
{
    for (size_t i = 0; i < rac_embedded_count; i++) {
        const rac_asset *a = &rac_embedded[i];
        if (strcmp(a->path, path) != 0)
            continue;
        response->bytes = (rac_text){(const char *)a->begin, (size_t)(a->end - a->begin)};
        response->etag = assets->tags[i];
        return RAC_OK;
    }
    return missing(err);
}

/* Plain names only: no "..", nothing hidden, so that no path leaves the directory. */
static bool is_plain(const char *path)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
    return path[strspn(path, allowed)] == '\0' && !strstr(path, "/.") && !strstr(path, "//");
}

static rac_status read_whole(int file, rac_arena *arena, rac_text *bytes, rac_error *err)
{
    struct stat about;
    if (fstat(file, &about) || !S_ISREG(about.st_mode) || about.st_size > file_max)
        return missing(err);
    char *data = rac_arena_alloc(arena, (size_t)about.st_size + 1);
    size_t got = 0;
    while (got < (size_t)about.st_size) {
        const ssize_t n = read(file, data + got, (size_t)about.st_size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    *bytes = (rac_text){data, got};
    return RAC_OK;
}

static rac_status find_file(const rac_assets *assets, rac_request *request, const char *path,
                            rac_response *response, rac_error *err)
{
    if (!is_plain(path))
        return missing(err);
    const int file = openat(assets->directory, path + 1, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return missing(err);
    const rac_status status = read_whole(file, request->arena, &response->bytes, err);
    close(file);
    if (status)
        return status;
    char *tag = rac_arena_alloc(request->arena, 2 * tag_bytes + 3);
    make_tag(tag, response->bytes.data, response->bytes.size);
    response->etag = tag;
    return RAC_OK;
}

/* A page may carry one import map, which is script: the policy names its hash. */
static const char *policy_of(rac_arena *arena, rac_text page)
{
    static const char opening[] = "<script type=\"importmap\">", closing[] = "</script>";
    const char *begin = memmem(page.data, page.size, opening, strlen(opening));
    if (!begin)
        return NULL;
    begin += strlen(opening);
    const char *end = memmem(begin, (size_t)(page.data + page.size - begin), closing, strlen(closing));
    if (!end)
        return NULL;
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[sodium_base64_ENCODED_LEN(sizeof hash, sodium_base64_VARIANT_ORIGINAL)];
    crypto_hash_sha256(hash, (const unsigned char *)begin, (unsigned long long)(end - begin));
    sodium_bin2base64(text, sizeof text, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
    return rac_format(arena, "script-src 'self' 'sha256-%s'", text);
}

rac_status rac_handle_asset(rac_request *request, rac_response *response, rac_error *err)
{
    const rac_assets *assets = request->server->assets;
    const char *path = strcmp(request->path, "/") == 0 ? "/index.html" : request->path;
    const char *type = type_of(path);
    rac_status status = type ? RAC_OK : missing(err);
    if (!status)
        status = assets->directory >= 0 ? find_file(assets, request, path, response, err)
                                        : find_embedded(assets, path, response, err);
    if (status)
        return status;
    const char *known = rac_request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
    response->type = type;
    if (strncmp(type, "text/html", 9) == 0)
        response->script_source = policy_of(request->arena, response->bytes);
    if (known && strcmp(known, response->etag) == 0) {
        response->code = MHD_HTTP_NOT_MODIFIED;
        response->bytes = (rac_text){"", 0};
    }
    return RAC_OK;
}
