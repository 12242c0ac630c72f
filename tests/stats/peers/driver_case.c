/* Reading cases, saying numbers, and which function answers a family. */
#include "driver.h"

static const struct {
    const char *family;
    void (*answer)(const driver_case *c);
} families[] = {
    {"two_samples", driver_two_samples},
    {"counts", driver_counts},
    {"two_by_two", driver_two_by_two},
    {"rates", driver_rates},
    {"adjust", driver_adjust},
    {"distribution", driver_distribution},
    {"evalue", driver_evalue},
    {"pool", driver_pool},
    {"bootstrap", driver_bootstrap},
    {"survival", driver_survival},
    {"cox", driver_cox},
    {"linear", driver_linear},
    {"logistic", driver_logistic},
    {"weighting", driver_weighting},
    {"mixed", driver_mixed},
};

const double *driver_many(const driver_case *c, const char *name, size_t *count)
{
    for (size_t i = 0; i < c->items; i++)
        if (strcmp(c->item[i].name, name) == 0) {
            if (count)
                *count = c->item[i].count;
            return c->item[i].values;
        }
    if (count)
        *count = 0;
    return NULL;
}

double driver_one(const driver_case *c, const char *name, double otherwise)
{
    size_t count;
    const double *values = driver_many(c, name, &count);
    return count ? values[0] : otherwise;
}

bool driver_flag(const driver_case *c, const char *name)
{
    return driver_one(c, name, 0) != 0;
}

int *driver_ints(const driver_case *c, const char *name)
{
    size_t count;
    const double *values = driver_many(c, name, &count);
    int *out = values ? rac_many(c->arena, int, count) : NULL;
    for (size_t i = 0; i < count; i++)
        out[i] = (int)values[i];
    return out;
}

bool *driver_bools(const driver_case *c, const char *name)
{
    size_t count;
    const double *values = driver_many(c, name, &count);
    bool *out = values ? rac_many(c->arena, bool, count) : NULL;
    for (size_t i = 0; i < count; i++)
        out[i] = values[i] != 0;
    return out;
}

void driver_say(const driver_case *c, const char *quantity, double value)
{
    fprintf(c->out, "%s,%s,%.17g\n", c->id, quantity, value);
}

void driver_say_at(const driver_case *c, const char *quantity, size_t index, double value)
{
    fprintf(c->out, "%s,%s%zu,%.17g\n", c->id, quantity, index, value);
}

void driver_refused(const driver_case *c, const rac_error *err)
{
    driver_say(c, "status", err->status);
    if (getenv("RACEMATE_PEERS_VERBOSE"))
        fprintf(stderr, "%s: %s\n", c->id, err->message);
}

static _Noreturn void stop(const char *what, const char *where)
{
    fprintf(stderr, "driver: %s at '%s'\n", what, where);
    exit(2);
}

static double number_of(const char *word)
{
    char *end;
    if (strcmp(word, "NA") == 0)
        return NAN;
    const double value = strtod(word, &end);
    if (*end)
        stop("not a number", word);
    return value;
}

/* The case whose first line was just read; `word` is room for one word. */
static void read_case(FILE *file, driver_case *c, char *word)
{
    if (fscanf(file, "%63s %63s", c->family, c->id) != 2)
        stop("a case without family or id", c->family);
    while (fscanf(file, "%63s", word) == 1 && strcmp(word, "end") != 0) {
        if (c->items == DRIVER_ITEMS_MOST)
            stop("too many items", word);
        driver_item *item = &c->item[c->items++];
        memcpy(item->name, word, DRIVER_NAME_MOST);
        if (fscanf(file, "%zu", &item->count) != 1)
            stop("an item without count", item->name);
        item->values = rac_many(c->arena, double, item->count);
        for (size_t i = 0; i < item->count; i++) {
            if (fscanf(file, "%63s", word) != 1)
                stop("too few numbers", item->name);
            item->values[i] = number_of(word);
        }
    }
}

bool driver_next(FILE *file, FILE *out)
{
    char word[DRIVER_NAME_MOST];
    if (fscanf(file, "%63s", word) != 1)
        return false;
    driver_case c = {.arena = rac_arena_new(), .out = out};
    if (strcmp(word, "case") != 0)
        stop("expected 'case'", word);
    read_case(file, &c, word);
    size_t k = 0;
    while (k < sizeof families / sizeof *families && strcmp(families[k].family, c.family) != 0)
        k++;
    if (k == sizeof families / sizeof *families)
        stop("no such family", c.family);
    families[k].answer(&c);
    rac_arena_free(c.arena);
    return true;
}
