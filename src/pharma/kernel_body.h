/* pharma/kernel_body.h: the body of every kernel.  A kernel_*.c chooses an instruction set, names its table
 * KERNEL and includes this. */
#include "pharma/lanes_inline.h"
#include "pharma/elementary_inline.h"
#include "pharma/modes_inline.h"
#include "pharma/scaling_inline.h"
#include "pharma/walk_inline.h"
#include "pharma/sample_inline.h"
#include "pharma/program_inline.h"
#include "pharma/forcing_inline.h"
#include "pharma/states_inline.h"
#include "pharma/rosenbrock_inline.h"
#include "pharma/cascade_inline.h"
#include "pharma/states_walk_inline.h"

const rac_kernel KERNEL = {KERNEL_NAME, solve_tile,          sample_tile,
                           run_program, run_program_forward, solve_states};
