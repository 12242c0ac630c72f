/* The rows of a simulation, as CSV and as columns, in the order of people whoever computed them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "app/simulate.h"
#include "link/columns.h"

/* Rows are held until this many bytes of them are together. */
enum { BLOCK_BYTES = 1 << 24, ROW_BYTES = 64, PEOPLE_MAX = 1 << 16 };

typedef struct buffer { /* of one worker */
    rac_arena *arena;
    char *data;
    size_t size, capacity;
} buffer;

typedef struct slot { /* the text of one tile */
    int worker;
    size_t from, size;
} slot;

/* Columns by kind; covariates follow VALUES. */
enum { MODEL, ID, REPLICATE, TIME, OUTPUT, VALUE, UNIT, OUTSIDE, FIXED };

struct rac_sim_files {
    rac_sim *sim;
    bool csv, columns;
    size_t covariates;
    const char *covariate[RAC_SIM_COVARIATES];
    rac_unit covariate_unit[RAC_SIM_COVARIATES];

    rac_sim_block block;
    const rac_sim_arm *arm;
    int covariate_at[RAC_SIM_COVARIATES]; /* in the arm, -1 */
    int *output_code, *unit_code;         /* outputs: places in the labels */
    rac_text model;                       /* "racemic-venous," or nothing */
    rac_text *middle;                     /* times x outputs: "0.5,ketamine," */
    rac_text *unit;                       /* outputs: ",mg/L" */
    rac_arena *words;                     /* of the block */
    size_t base;                          /* rows before the block */
    bool *dead;                           /* people of the block without an answer */

    buffer workers[RAC_SIM_THREADS];
    slot *slots;
    size_t slot_count, slot_base, slot_capacity;

    size_t rows, capacity; /* held */
    uint64_t written;
    int32_t *whole[FIXED];
    double *time_h, *value, *person[RAC_SIM_COVARIATES];
    rac_column shape[FIXED + RAC_SIM_COVARIATES];
    int kind[FIXED + RAC_SIM_COVARIATES]; /* MODEL .. or FIXED + covariate */
    size_t shape_count;
    const char **output_label, **unit_label, **model_label;
    size_t output_labels, unit_labels;
};

/* ---- which columns ---- */

static int label(const char ***labels, size_t *count, rac_arena *arena, const char *text)
{
    for (size_t i = 0; i < *count; i++)
        if (!strcmp((*labels)[i], text))
            return (int)i;
    const char **grown = rac_many(arena, const char *, *count + 1);
    if (*count)
        memcpy(grown, *labels, *count * sizeof *grown);
    grown[*count] = text;
    *labels = grown;
    return (int)(*count)++;
}

static void add_column(rac_sim_files *f, int kind, rac_column column)
{
    f->kind[f->shape_count] = kind;
    f->shape[f->shape_count++] = column;
}

static void find_covariates(rac_sim_files *f)
{
    for (size_t a = 0; a < f->sim->arm_count && !f->sim->table; a++) {
        const rac_sim_binding *b = &f->sim->arms[a].binding;
        for (size_t c = 0; c < b->count; c++) {
            const rac_covariate *covariate = rac_model_covariate(b->model, c);
            const bool varies =
                b->table[c] || (b->law[c] >= 0 && b->people->laws[b->law[c]].kind != RAC_SIM_CONSTANT);
            bool known = false;
            for (size_t i = 0; i < f->covariates; i++)
                known |= !strcmp(f->covariate[i], covariate->name);
            if (!varies || known || f->covariates == RAC_SIM_COVARIATES)
                continue;
            f->covariate[f->covariates] = covariate->name;
            f->covariate_unit[f->covariates++] = rac_unit_of(covariate->unit);
        }
    }
}

static void find_shape(rac_sim_files *f)
{
    const rac_sim *sim = f->sim;
    f->model_label = rac_many(sim->arena, const char *, sim->arm_count);
    for (size_t a = 0; a < sim->arm_count; a++) {
        const rac_sim_arm *arm = &sim->arms[a];
        f->model_label[a] = arm->about->name;
        for (size_t o = 0; o < arm->output_count; o++) {
            const size_t at = (size_t)arm->outputs[o];
            label(&f->output_label, &f->output_labels, sim->arena, rac_model_output_name(arm->model, at));
            label(&f->unit_label, &f->unit_labels, sim->arena, rac_model_output_unit(arm->model, at));
        }
    }
    find_covariates(f);
    if (sim->arm_count > 1)
        add_column(f, MODEL, (rac_column){"model", "", RAC_COLUMN_INT32, f->model_label, sim->arm_count});
    add_column(f, ID, (rac_column){"id", "", RAC_COLUMN_INT32, NULL, 0});
    if (sim->table && sim->n > 1)
        add_column(f, REPLICATE, (rac_column){"replicate", "", RAC_COLUMN_INT32, NULL, 0});
    add_column(f, TIME, (rac_column){"time_h", "h", RAC_COLUMN_FLOAT64, NULL, 0});
    add_column(f, OUTPUT, (rac_column){"output", "", RAC_COLUMN_INT32, f->output_label, f->output_labels});
    add_column(f, VALUE, (rac_column){"value", "", RAC_COLUMN_FLOAT64, NULL, 0});
    add_column(f, UNIT, (rac_column){"unit", "", RAC_COLUMN_INT32, f->unit_label, f->unit_labels});
    for (size_t c = 0; c < f->covariates; c++)
        add_column(f, FIXED + (int)c,
                   (rac_column){f->covariate[c], f->covariate_unit[c].text, RAC_COLUMN_FLOAT64, NULL, 0});
    add_column(f, OUTSIDE, (rac_column){"outside", "", RAC_COLUMN_INT32, NULL, 0});
}

/* ---- opening ---- */

static rac_status write_heads(rac_sim_files *f, rac_error *err)
{
    const rac_sim *sim = f->sim;
    rac_status status = RAC_OK;
    if (f->csv) {
        rac_csv_writer writer = rac_csv_writer_open(sim->arena, ',');
        rac_text head;
        for (size_t i = 0; i < f->shape_count; i++)
            rac_csv_write_string(&writer, f->shape[i].name);
        rac_csv_end_row(&writer);
        status = rac_csv_written(&writer, &head, err);
        if (!status)
            status = rac_call_write(sim->call, "out", head.data, head.size, err);
    }
    if (!f->columns || status)
        return status;
    rac_columns_about about[2 + 2 * RAC_SIM_MODELS];
    size_t count = 0;
    about[count++] =
        (rac_columns_about){"seed", rac_format(sim->arena, "%llu", (unsigned long long)sim->seed)};
    for (size_t a = 0; a < sim->arm_count; a++) {
        about[count++] = (rac_columns_about){"model", sim->arms[a].about->name};
        about[count++] = (rac_columns_about){"sampling", sim->arms[a].about->sampling};
    }
    rac_text head;
    status = rac_columns_head(sim->arena, about, count, f->shape, f->shape_count, &head, err);
    return status ? status : rac_call_write(sim->call, "columns", head.data, head.size, err);
}

static rac_status check_ids(const rac_sim *sim, rac_error *err)
{
    for (size_t g = 0; sim->table && g < sim->arms[0].group_count; g++) {
        const double id = sim->arms[0].groups[g].id;
        if (id != floor(id) || fabs(id) > INT32_MAX)
            return rac_fail(err, RAC_INVALID, "ID %g is no whole number of at most %d, as --columns has them",
                            id, INT32_MAX);
    }
    return RAC_OK;
}

rac_status rac_sim_files_open(rac_sim *sim, rac_sim_files **files, rac_error *err)
{
    const bool csv = rac_call_value(sim->call, "out") != NULL;
    const bool columns = rac_call_value(sim->call, "columns") != NULL;
    *files = NULL;
    rac_status status = columns ? check_ids(sim, err) : RAC_OK;
    if (status || !(csv || columns))
        return status;
    rac_sim_files *f = rac_new(sim->arena, rac_sim_files);
    f->sim = sim;
    f->csv = csv;
    f->columns = columns;
    find_shape(f);
    if ((status = write_heads(f, err)))
        return status;
    for (int w = 0; w < sim->threads; w++)
        f->workers[w].arena = rac_arena_new();
    f->words = rac_arena_new();
    *files = f;
    return RAC_OK;
}

size_t rac_sim_files_block(const rac_sim_files *files, size_t rows_per_person)
{
    if (!files)
        return PEOPLE_MAX;
    const size_t people = BLOCK_BYTES / ROW_BYTES / (rows_per_person ? rows_per_person : 1);
    return people < RAC_TILE ? RAC_TILE : people > PEOPLE_MAX ? PEOPLE_MAX : people / RAC_TILE * RAC_TILE;
}

/* ---- what is held ---- */

static rac_status write_chunk(rac_sim_files *f, rac_error *err)
{
    const void *values[FIXED + RAC_SIM_COVARIATES];
    if (!f->columns || !f->rows)
        return RAC_OK;
    for (size_t i = 0; i < f->shape_count; i++)
        values[i] = f->kind[i] >= FIXED   ? (const void *)f->person[f->kind[i] - FIXED]
                    : f->kind[i] == TIME  ? (const void *)f->time_h
                    : f->kind[i] == VALUE ? (const void *)f->value
                                          : (const void *)f->whole[f->kind[i]];
    rac_arena *arena = rac_arena_new();
    const size_t size = rac_columns_chunk_size(f->shape, f->shape_count, f->rows);
    unsigned char *bytes = rac_arena_alloc(arena, size);
    rac_columns_chunk(f->shape, f->shape_count, values, f->rows, bytes);
    const rac_status status = rac_call_write(f->sim->call, "columns", bytes, size, err);
    rac_arena_free(arena);
    return status;
}

static rac_status flush(rac_sim_files *f, rac_error *err)
{
    rac_status status = write_chunk(f, err);
    for (size_t i = 0; i < f->slot_count && !status; i++)
        status = rac_call_write(f->sim->call, "out", f->workers[f->slots[i].worker].data + f->slots[i].from,
                                f->slots[i].size, err);
    for (int w = 0; w < f->sim->threads; w++)
        f->workers[w].size = 0;
    f->written += f->rows;
    f->rows = f->slot_count = 0;
    return status;
}

static void make_room(rac_sim_files *f, size_t rows)
{
    rac_arena *arena = f->sim->arena;
    const size_t usual = BLOCK_BYTES / ROW_BYTES + 1;
    f->capacity = rows > usual ? rows : usual;
    if (!f->columns)
        return;
    for (size_t i = 0; i < f->shape_count; i++)
        if (f->kind[i] >= FIXED)
            f->person[f->kind[i] - FIXED] = rac_many(arena, double, f->capacity);
        else if (f->kind[i] == TIME)
            f->time_h = rac_many(arena, double, f->capacity);
        else if (f->kind[i] == VALUE)
            f->value = rac_many(arena, double, f->capacity);
        else
            f->whole[f->kind[i]] = rac_many(arena, int32_t, f->capacity);
}

/* ---- a block ---- */

static const char *field(rac_arena *arena, const char *text)
{
    rac_csv_writer writer = rac_csv_writer_open(arena, ',');
    rac_text out = {0};
    rac_csv_write_string(&writer, text);
    rac_csv_end_row(&writer);
    if (rac_csv_written(&writer, &out, NULL))
        return "";
    return rac_text_copy(arena, (rac_text){out.data, out.size - 1});
}

static rac_text words(rac_arena *arena, const char *before, const char *middle, const char *after)
{
    return rac_text_of(rac_format(arena, "%s%s%s", before, middle, after));
}

/* What is the same in many rows is written once. */
static void write_words(rac_sim_files *f)
{
    const rac_sim_arm *arm = f->arm;
    const size_t outputs = arm->output_count;
    rac_arena_free(f->words);
    f->words = rac_arena_new();
    f->output_code = rac_many(f->words, int, outputs);
    f->unit_code = rac_many(f->words, int, outputs);
    f->unit = rac_many(f->words, rac_text, outputs);
    f->middle = rac_many(f->words, rac_text, f->block.times * outputs);
    f->model = f->sim->arm_count > 1 ? words(f->words, field(f->words, arm->about->name), ",", "")
                                     : (rac_text){"", 0};
    for (size_t o = 0; o < outputs; o++) {
        const char *name = rac_model_output_name(arm->model, (size_t)arm->outputs[o]);
        const char *unit = rac_model_output_unit(arm->model, (size_t)arm->outputs[o]);
        f->output_code[o] = label(&f->output_label, &f->output_labels, f->sim->arena, name);
        f->unit_code[o] = label(&f->unit_label, &f->unit_labels, f->sim->arena, unit);
        f->unit[o] = words(f->words, ",", field(f->words, unit), "");
        const char *quoted = field(f->words, name);
        for (size_t t = 0; f->csv && t < f->block.times; t++) {
            char time_h[RAC_NUMBER_SIZE];
            rac_number_print(time_h, f->block.times_h[t]);
            f->middle[t * outputs + o] = rac_text_of(rac_format(f->words, "%s,%s,", time_h, quoted));
        }
    }
}

rac_status rac_sim_files_begin(rac_sim_files *f, const rac_sim_block *block, rac_error *err)
{
    const rac_sim_arm *arm = &f->sim->arms[block->arm];
    const size_t rows = block->people * block->times * arm->output_count;
    rac_status status = f->rows + rows > f->capacity ? flush(f, err) : RAC_OK;
    if (status)
        return status;
    if (rows > f->capacity || !f->capacity)
        make_room(f, rows);
    f->block = *block;
    f->arm = arm;
    f->base = f->rows;
    f->slot_base = f->slot_count;
    for (size_t c = 0; c < f->covariates; c++)
        f->covariate_at[c] = rac_model_find_covariate(arm->model, f->covariate[c]);
    write_words(f);
    f->dead = rac_many(f->words, bool, block->people + RAC_TILE);
    const size_t tiles = (block->people + RAC_TILE - 1) / RAC_TILE;
    if (f->slot_base + tiles > f->slot_capacity) {
        f->slot_capacity = 2 * (f->slot_base + tiles);
        slot *grown = rac_many(f->sim->arena, slot, f->slot_capacity);
        if (f->slot_count)
            memcpy(grown, f->slots, f->slot_count * sizeof *grown);
        f->slots = grown;
    }
    f->slot_count += f->csv ? tiles : 0;
    f->rows += rows;
    return RAC_OK;
}

static double covariate_of(const rac_sim_files *f, size_t which, size_t person)
{
    const int at = f->covariate_at[which];
    if (at < 0)
        return NAN;
    const double *column = f->block.columns ? f->block.columns[at] : NULL;
    const double value = column ? column[person] : f->arm->binding.constants[at];
    return rac_quantity_from_base(value, f->covariate_unit[which]).value;
}

static bool is_outside(const rac_sim_files *f, size_t person)
{
    return f->block.outside ? f->block.outside[person] : f->arm->groups[f->block.group].outside;
}

static double id_of(const rac_sim_files *f, size_t person)
{
    return f->sim->table ? f->arm->groups[f->block.group].id : (double)(f->block.first + person + 1);
}

/* ---- a tile as text ---- */

/* Nine significant digits, more than any assay has, by whole numbers: several times as fast as printf. */
static size_t print_nine(char *out, double value)
{
    enum { LOWEST = -5, HIGHEST = 8, DIGITS = 9 };
    static const double powers[] = {1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0,  1e1,  1e2,  1e3, 1e4,
                                    1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13};
    const double size = fabs(value);
    if (!(size >= powers[0] && size < powers[HIGHEST - LOWEST]))
        return value == 0 ? (size_t)snprintf(out, RAC_NUMBER_SIZE, "0")
                          : (size_t)snprintf(out, RAC_NUMBER_SIZE, "%.*g", DIGITS, value);
    int exponent = LOWEST;
    while (size >= powers[exponent + 1 - LOWEST])
        exponent++;
    int64_t left = llround(size * powers[DIGITS - 1 - exponent - LOWEST]);
    if (left >= 1000000000) {
        left /= 10;
        exponent++;
    }
    char text[DIGITS];
    for (int i = DIGITS - 1; i >= 0; i--, left /= 10)
        text[i] = (char)('0' + left % 10);
    int last = DIGITS - 1;
    while (last > 0 && text[last] == '0')
        last--;
    char *at = out;
    if (value < 0)
        *at++ = '-';
    if (exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        for (int i = -1; i > exponent; i--)
            *at++ = '0';
    }
    for (int i = 0; i <= last || i <= exponent; i++) {
        if (i > 0 && i == exponent + 1)
            *at++ = '.';
        *at++ = text[i];
    }
    return (size_t)(at - out);
}

static char *room(buffer *b, size_t more)
{
    if (b->capacity - b->size < more) {
        const size_t capacity = 2 * (b->size + more);
        char *grown = rac_arena_alloc(b->arena, capacity);
        if (b->size)
            memcpy(grown, b->data, b->size);
        b->data = grown;
        b->capacity = capacity;
    }
    return b->data + b->size;
}

typedef struct ends { /* what every row of a person begins and ends with */
    char before[3 * RAC_NUMBER_SIZE], after[(RAC_SIM_COVARIATES + 1) * RAC_NUMBER_SIZE];
    size_t before_size, after_size;
} ends;

static void find_ends(const rac_sim_files *f, size_t person, ends *e)
{
    e->before_size = rac_number_print(e->before, id_of(f, person));
    e->before[e->before_size++] = ',';
    if (f->sim->table && f->sim->n > 1) {
        e->before_size += rac_number_print(e->before + e->before_size, (double)(f->block.first + person + 1));
        e->before[e->before_size++] = ',';
    }
    e->after_size = 0;
    for (size_t c = 0; c < f->covariates; c++) {
        const double value = covariate_of(f, c, person);
        e->after[e->after_size++] = ',';
        if (!isnan(value))
            e->after_size += rac_number_print(e->after + e->after_size, value);
    }
    e->after[e->after_size++] = ',';
    e->after[e->after_size++] = is_outside(f, person) ? '1' : '0';
    e->after[e->after_size++] = '\n';
}

static char *append(char *at, const char *bytes, size_t size)
{
    memcpy(at, bytes, size);
    return at + size;
}

static void add_person(rac_sim_files *f, buffer *b, const rac_population_tile *tile, size_t lane,
                       size_t person)
{
    const rac_sim_arm *arm = f->arm;
    ends e;
    find_ends(f, person, &e);
    for (size_t t = 0; t < f->block.times; t++)
        for (size_t o = 0; o < arm->output_count; o++) {
            const size_t time = f->block.at ? f->block.at[t] : t, output = (size_t)arm->outputs[o];
            const rac_text middle = f->middle[t * arm->output_count + o];
            char *start = room(b, f->model.size + e.before_size + middle.size + RAC_NUMBER_SIZE +
                                      f->unit[o].size + e.after_size);
            char *at = append(start, f->model.data, f->model.size);
            at = append(append(at, e.before, e.before_size), middle.data, middle.size);
            at += print_nine(at, tile->values[(time * tile->outputs + output) * RAC_TILE + lane]);
            at = append(append(at, f->unit[o].data, f->unit[o].size), e.after, e.after_size);
            b->size += (size_t)(at - start);
        }
}

static void add_text(rac_sim_files *f, int worker, const rac_population_tile *tile, size_t place)
{
    buffer *b = &f->workers[worker];
    const size_t from = b->size;
    for (int lane = 0; lane < tile->subjects; lane++)
        if (!(tile->failed >> lane & 1))
            add_person(f, b, tile, (size_t)lane, place + (size_t)lane);
    f->slots[f->slot_base + place / RAC_TILE] = (slot){worker, from, b->size - from};
}

/* ---- a tile as columns ---- */

static void add_numbers(rac_sim_files *f, const rac_population_tile *tile, size_t lane, size_t person)
{
    const rac_sim_arm *arm = f->arm;
    const size_t rows = f->block.times * arm->output_count, first = f->base + person * rows;
    const int32_t same[FIXED] = {[MODEL] = (int32_t)f->block.arm,
                                 [ID] = (int32_t)id_of(f, person),
                                 [REPLICATE] = (int32_t)(f->block.first + person + 1),
                                 [OUTSIDE] = is_outside(f, person)};
    for (int k = 0; k < FIXED; k++)
        for (size_t row = first; f->whole[k] && row < first + rows; row++)
            f->whole[k][row] = same[k];
    for (size_t c = 0; c < f->covariates; c++) {
        const double value = covariate_of(f, c, person);
        for (size_t row = first; row < first + rows; row++)
            f->person[c][row] = value;
    }
    for (size_t t = 0, row = first; t < f->block.times; t++)
        for (size_t o = 0; o < arm->output_count; o++, row++) {
            const size_t time = f->block.at ? f->block.at[t] : t, output = (size_t)arm->outputs[o];
            f->time_h[row] = f->block.times_h[t];
            f->whole[OUTPUT][row] = f->output_code[o];
            f->whole[UNIT][row] = f->unit_code[o];
            f->value[row] = tile->values[(time * tile->outputs + output) * RAC_TILE + lane];
        }
}

void rac_sim_files_add(rac_sim_files *f, int worker, const rac_population_tile *tile, size_t place)
{
    if (f->csv)
        add_text(f, worker, tile, place);
    for (int lane = 0; f->columns && lane < tile->subjects; lane++) {
        f->dead[place + (size_t)lane] = tile->failed >> lane & 1;
        if (!f->dead[place + (size_t)lane])
            add_numbers(f, tile, (size_t)lane, place + (size_t)lane);
    }
}

/* People without an answer leave no rows. */
static void close_gaps(rac_sim_files *f)
{
    const size_t each = f->block.times * f->arm->output_count;
    size_t to = f->base;
    for (size_t person = 0; person < f->block.people; person++) {
        const size_t from = f->base + person * each;
        if (f->dead[person])
            continue;
        for (int k = 0; k < FIXED && to != from; k++)
            if (f->whole[k])
                memmove(f->whole[k] + to, f->whole[k] + from, each * sizeof(int32_t));
        if (to != from) {
            memmove(f->time_h + to, f->time_h + from, each * sizeof(double));
            memmove(f->value + to, f->value + from, each * sizeof(double));
            for (size_t c = 0; c < f->covariates; c++)
                memmove(f->person[c] + to, f->person[c] + from, each * sizeof(double));
        }
        to += each;
    }
    f->rows = to;
}

rac_status rac_sim_files_end(rac_sim_files *f, rac_error *err)
{
    if (f->columns)
        close_gaps(f);
    return f->rows > f->capacity / 2 ? flush(f, err) : RAC_OK;
}

rac_status rac_sim_files_close(rac_sim_files *f, rac_status status, rac_error *err)
{
    if (!f)
        return status;
    if (!status)
        status = flush(f, err);
    if (!status && f->columns) {
        unsigned char end[RAC_COLUMNS_END_SIZE];
        rac_columns_end(f->written, end);
        status = rac_call_write(f->sim->call, "columns", end, sizeof end, err);
    }
    for (int w = 0; w < f->sim->threads; w++)
        rac_arena_free(f->workers[w].arena);
    rac_arena_free(f->words);
    return status;
}
