/* The kernel for processors with AVX-512.  See kernel.h. */
#include "pharma/kernel.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC target("avx512f")
#endif

#define KERNEL rac_kernel_avx512
#define KERNEL_NAME "avx512"
#include "pharma/kernel_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
