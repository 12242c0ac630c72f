/* pharma/model_read.h: what the parts of the model reader share. */
#ifndef RACEMATE_PHARMA_MODEL_READ_H
#define RACEMATE_PHARMA_MODEL_READ_H

#include "base/yaml.h"
#include "pharma/model.h"

enum { RAC_TRAIL_MAX = 6 };

/* While reading, every name gets a provisional slot: a number of its own kind.  Slots are fixed when all are
 * known. */
enum { NAME_COVARIATE = 0, NAME_PARAMETER = 100000, NAME_AMOUNT = 200000 };

/* A part of a route before it is compiled. */
typedef struct part_source {
    rac_expression *fraction, *lag, *duration, *rate;
    const rac_yaml *node;
} part_source;

typedef struct flow_source {
    rac_flow flow;
    rac_expression *rate; /* a flow: its rate; an equation's coefficient: the whole right side */
    int equation;         /* compartment whose equation it is, -1 */
    const rac_yaml *key;  /* of a flow: "central -> deep" */
} flow_source;

typedef struct equation_source {
    int compartment;
    rac_expression *rate, *start; /* start: NULL is 0 */
    const rac_yaml *rate_node, *start_node;
    bool linear;
} equation_source;

/* The names one expression asks for. */
typedef struct name_trail {
    rac_text missing; /* the first that means nothing */
    bool faulty;      /* ... because its own definition has a problem */
    rac_text names[RAC_TRAIL_MAX];
    rac_unit units[RAC_TRAIL_MAX];
    size_t count;
} name_trail;

typedef struct reader {
    rac_arena *arena;
    rac_problems *problems;
    rac_model *model;
    bool amounts_visible; /* in equations and outputs */
    const rac_yaml *parameter_map;
    rac_text *faulty; /* names whose definition has a problem */
    size_t faulty_count, faulty_capacity;
    name_trail *trail; /* NULL: nobody asks */
    part_source *part_sources;
    size_t part_source_count, part_source_capacity;
    flow_source *flows;
    size_t flow_count, flow_capacity;
    equation_source *equations;
    size_t equation_count, equation_capacity;
} reader;

rac_unit model_unit_of_dimension(rac_dimension dimension);

/* model_names.c: what names mean while a file is read. */

/* An expression of the names that are visible, of the dimension of *unit (NULL: any).  False when there is a
 * problem: reported here, or where a name it uses is defined. */
bool model_want_expression(reader *r, const rac_yaml *node, const rac_unit *unit, rac_expression **out);
/* False, with a problem, when it is not letters, digits and _. */
bool model_name_is_word(reader *r, const rac_yaml *node, rac_text name);
/* The same, and when the name is taken or is the name of a unit. */
bool model_name_is_free(reader *r, const rac_yaml *node, rac_text name);
void model_name_is_faulty(reader *r, rac_text name);
/* The parameter of that name; -1, with a problem unless its own definition has one. */
int model_want_parameter(reader *r, const rac_yaml *node, rac_text name);
bool model_is_faulty(const reader *r, rac_text name);
int model_find_amount(const rac_model *model, rac_text name);
/* The index of an amount, added when it is new; -1, with a problem, when it cannot be. */
int model_add_amount(reader *r, const rac_yaml *node, rac_text name, rac_unit unit);

/* model_parts.c: variability, flows, routes, outputs, error. */
void model_read_variability(reader *r, const rac_yaml *list);
void model_read_flows(reader *r, const rac_yaml *flows);
void model_read_routes(reader *r, const rac_yaml *routes);
void model_read_outputs(reader *r, const rac_yaml *outputs, const rac_yaml *error);

/* model_modify.c: modifiers and interactions; A, B or C, or "" with a problem or without a node. */
void model_read_modifiers(reader *r, const rac_yaml *modifiers, const rac_yaml *interactions);
const char *model_read_tier(reader *r, const rac_yaml *node);

/* model_sources.c: what was read; what a number says of itself (`node` is its map, or the number alone);
 * numbers that stand where they can have no source. */
void model_read_references(reader *r, const rac_yaml *references);
rac_origin model_read_origin(reader *r, const rac_yaml *node);
void model_keep_loose_numbers(reader *r, const rac_yaml *root);

/* model_look.c: keeps the parts of a file without problems as they are written. */
void model_keep_words(reader *r, const rac_yaml *root);

/* model_equations.c: reads equations and tells the linear ones, which become flows of the exact system, from
 * the others, whose amounts are moved behind all linear ones. */
void model_read_equations(reader *r, const rac_yaml *equations);
rac_status model_compile_equations(reader *r, rac_error *err);
/* A problem where an equation or its start is not finite for the typical subject at the beginning. */
void model_check_equations(reader *r);

/* model_values.c: a problem for each parameter, flow and part of a route whose number cannot be, in the
 * typical subject and at the ends of what was studied. */
void model_check_values(reader *r);

/* model_compile.c: fixes slots, builds programs and the linear system. */
rac_status model_compile(reader *r, rac_error *err);
/* Gives the names of an expression their slots and appends it to a program. */
rac_status model_add_expression(const rac_model *m, rac_program *program, rac_expression *expression,
                                int *result, rac_error *err);
void model_settle(const rac_model *m, rac_node *node);

#endif
