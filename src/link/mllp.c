/* MLLP framing: see link/mllp.h. */
#include "link/mllp.h"

#include <string.h>

enum { frame_start = 0x0B, frame_end = 0x1C, carriage_return = 0x0D, default_bytes = 1 << 20 };

static rac_mllp_result drop(rac_mllp_decoder *decoder, size_t size, size_t *consumed)
{
    decoder->skipped += size;
    decoder->scanned = 0;
    *consumed = size;
    return RAC_MLLP_MALFORMED;
}

/* Bytes up to the next frame start, or all of them. */
static size_t garbage_before_frame(rac_text buffered)
{
    const char *start = buffered.size ? memchr(buffered.data, frame_start, buffered.size) : NULL;
    return start ? (size_t)(start - buffered.data) : buffered.size;
}

/* The offset of the first frame_start or frame_end at or after `from`; the size when there is none. */
static size_t find_mark(rac_text bytes, size_t from)
{
    for (size_t i = from; i < bytes.size; i++)
        if (bytes.data[i] == frame_end || bytes.data[i] == frame_start)
            return i;
    return bytes.size;
}

rac_mllp_result rac_mllp_decode(rac_mllp_decoder *decoder, rac_text buffered, rac_text *message,
                                size_t *consumed)
{
    const size_t max_bytes = decoder->max_bytes ? decoder->max_bytes : default_bytes;
    size_t garbage = 0;
    if (!decoder->scanned) {
        garbage = garbage_before_frame(buffered);
        decoder->skipped += garbage;
    }
    *consumed = garbage;
    const rac_text frame = {buffered.data + garbage, buffered.size - garbage};
    if (!frame.size)
        return RAC_MLLP_NEED_MORE;
    const size_t mark = find_mark(frame, decoder->scanned ? decoder->scanned : 1);
    const size_t length = mark - 1; /* of the message so far: behind the start byte */
    rac_mllp_result result;
    if (length > max_bytes) {
        result = drop(decoder, mark, consumed); /* its rest is garbage until the next start */
    } else if (mark == frame.size) {
        decoder->scanned = mark;
        return RAC_MLLP_NEED_MORE;
    } else if (frame.data[mark] == frame_start) {
        result = drop(decoder, mark, consumed);
    } else if (!length) {
        result = drop(decoder, mark + 1, consumed);
    } else {
        const bool has_return = mark + 1 < frame.size && frame.data[mark + 1] == carriage_return;
        *message = (rac_text){frame.data + 1, length};
        *consumed = mark + 1 + has_return;
        decoder->scanned = 0;
        result = RAC_MLLP_MESSAGE;
    }
    *consumed += garbage;
    return result;
}

rac_text rac_mllp_encode(rac_arena *arena, rac_text message)
{
    char *frame = rac_arena_alloc(arena, message.size + 3);
    frame[0] = frame_start;
    if (message.size)
        memcpy(frame + 1, message.data, message.size);
    frame[message.size + 1] = frame_end;
    frame[message.size + 2] = carriage_return;
    return (rac_text){frame, message.size + 3};
}
