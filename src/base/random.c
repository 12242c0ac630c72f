/* Counter-based random numbers: see random.h. */
#include "base/random.h"

#include <Random123/philox.h>
#include <math.h>

/* The key carries the seed, the counter the subject, the purpose and the block. */
static void refill(rac_random *stream)
{
    const philox4x32_key_t key = {{(uint32_t)stream->seed, (uint32_t)(stream->seed >> 32)}};
    const philox4x32_ctr_t counter = {
        {stream->block++, stream->purpose, (uint32_t)stream->subject, (uint32_t)(stream->subject >> 32)}};
    const philox4x32_ctr_t out = philox4x32(counter, key);
    for (int i = 0; i < 4; i++)
        stream->words[i] = out.v[i];
    stream->left = 4;
}

rac_random rac_random_open(uint64_t seed, uint64_t subject, rac_random_purpose purpose)
{
    return (rac_random){.seed = seed, .subject = subject, .purpose = (uint32_t)purpose};
}

uint32_t rac_random_u32(rac_random *stream)
{
    if (!stream->left)
        refill(stream);
    return stream->words[4 - stream->left--];
}

double rac_random_uniform(rac_random *stream)
{
    const uint64_t high = rac_random_u32(stream) >> 5, low = rac_random_u32(stream) >> 6;
    return ((double)(high * 67108864U + low) + 0.5) * 0x1p-53;
}

uint32_t rac_random_below(rac_random *stream, uint32_t count)
{
    uint64_t product = (uint64_t)rac_random_u32(stream) * count;
    if ((uint32_t)product < count) {
        const uint32_t threshold = (0U - count) % count;
        while ((uint32_t)product < threshold)
            product = (uint64_t)rac_random_u32(stream) * count;
    }
    return (uint32_t)(product >> 32);
}

double rac_random_normal(rac_random *stream)
{
    if (stream->has_spare) {
        stream->has_spare = false;
        return stream->spare;
    }
    const double radius = sqrt(-2.0 * log(rac_random_uniform(stream)));
    const double angle = 6.283185307179586476925 * rac_random_uniform(stream);
    stream->spare = radius * sin(angle);
    stream->has_spare = true;
    return radius * cos(angle);
}
