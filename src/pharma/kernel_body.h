/* pharma/kernel_body.h: the body of every kernel.  A kernel_*.c chooses an instruction set, names its table
 * KERNEL and includes this. */
#include "pharma/lanes_inline.h"
#include "pharma/elementary_inline.h"
#include "pharma/modes_inline.h"
#include "pharma/scaling_inline.h"
#include "pharma/walk_inline.h"
#include "pharma/sample_inline.h"
#include "pharma/sensitivity_inline.h"
#include "pharma/sensitivity_scaling_inline.h"
#include "pharma/program_inline.h"
#include "pharma/forcing_inline.h"
#include "pharma/itinerary_inline.h"
#include "pharma/states_inline.h"
#include "pharma/panel_inline.h"
#include "pharma/newton_inline.h"
#include "pharma/cascade_inline.h"
#include "pharma/panels_inline.h"
#include "pharma/states_walk_inline.h"
#include "pharma/states_steady_inline.h"

const rac_kernel KERNEL = {.name = KERNEL_NAME,
                           .solve = solve_tile,
                           .sample = sample_tile,
                           .run = run_program,
                           .run_forward = run_program_forward,
                           .solve_states = solve_states,
                           .solve_slopes = solve_slopes,
                           .scale_slopes = scale_slopes};
