/* The kernel for processors with AVX2.  See kernel.h. */
#include "pharma/kernel.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC target("avx2")
#endif

#define KERNEL rac_kernel_avx2
#define KERNEL_NAME "avx2"
#include "pharma/kernel_body.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
