/* pharma/lanes.h: eight subjects side by side.
 *
 * All population arithmetic runs on lanes: one subject a lane, the same operations in the same order for
 * each. Only + - * / and square root are used, never fused or reordered, so a subject's numbers do not depend
 * on who shares the lanes, on the width of the processor's registers or on the number of threads: bit for
 * bit.
 *
 * Functions here are compiled once for each instruction set (see kernel_*.c); they are macros' honest
 * cousins, `static inline`, and take lanes by value only where they are sure to be inlined.
 */
#ifndef RACEMATE_PHARMA_LANES_H
#define RACEMATE_PHARMA_LANES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "racemate/base.h"

#define RAC_LANES 8
typedef double rac_lanes __attribute__((vector_size(8 * RAC_LANES)));
typedef int64_t rac_lane_mask __attribute__((vector_size(8 * RAC_LANES))); /* -1 where true, 0 where not */

/* Zeroed lanes in an arena, aligned as the type asks. */
rac_lanes *rac_lanes_new(rac_arena *arena, size_t count);

#endif
