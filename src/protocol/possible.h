/* protocol/possible.h: what an expression can still be, when its names are known only as ranges (internal).
 *
 * Interval arithmetic over the tree, three-valued for truths.  It never claims too much: when it says that
 * an expression cannot be true, no values inside the ranges make it true (rounding of the last digit aside).
 * It can claim too little: `a - a` of a range is not 0, for each occurrence of a name counts as independent.
 * To lose less, the ranges are cut into cells: each truth and word alone, each number at the constants it is
 * compared with.  Within a cell such comparisons are decided, so rules of thresholds are judged exactly.
 * What stays undecided: comparisons of two ranges, of differences and products of ranges, and expressions
 * with so many names that the cells were merged (over 4096). */
#ifndef RACEMATE_PROTOCOL_POSSIBLE_H
#define RACEMATE_PROTOCOL_POSSIBLE_H

#include "protocol/names.h"

typedef struct rac_possible {
    rac_value_kind kind;
    double low, high;               /* NUMBER, in base units, both ends included */
    bool can_be_true, can_be_false; /* TRUTH */
    rac_text word;                  /* WORD; data NULL: any */
} rac_possible;

rac_possible rac_possible_of(const rac_node *node, const rac_possible *env);

/* One name, and what it may be, cell by cell. */
typedef struct rac_axis {
    int slot;
    rac_unit unit; /* of a number, as people write it */
    rac_possible whole;
    rac_possible *cells;
    size_t count, capacity, at;
} rac_axis;

typedef struct rac_cells {
    rac_axis *axes;
    size_t count;
    rac_possible *env; /* one a slot: the present cell */
    bool started;
} rac_cells;

/* The cells of one or two expressions (`b` may be NULL).  An open site place is its whole range when
 * `fraction` is negative, else the value at that fraction of the range; a filled place is its value. */
rac_cells rac_cells_of(rac_arena *arena, const rac_protocol *protocol, double fraction,
                       const rac_expression *a, const rac_expression *b);
/* Moves to the next cell; false after the last. */
bool rac_cells_next(rac_cells *cells);
/* Puts the index-th of an evenly spread sequence of single values into env instead (index from 1). */
void rac_cells_sample(rac_cells *cells, unsigned index);

#endif
