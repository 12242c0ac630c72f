/* link/mllp.h: the minimal lower layer protocol, which frames HL7 messages on a stream of bytes.
 *
 * A frame is 0x0B, the message, 0x1C 0x0D (HL7 v2, appendix C).  No sockets here: the caller keeps
 * one buffer a connection, appends what it reads, and calls rac_mllp_decode until it needs more.
 *
 *     rac_mllp_decoder decoder = {0};
 *     for (;;) {
 *         rac_text message;
 *         size_t consumed;
 *         const rac_mllp_result result = rac_mllp_decode(&decoder, buffered, &message, &consumed);
 *         if (result == RAC_MLLP_MESSAGE) ... read `message`, which lies in `buffered` ...
 *         ... drop `consumed` bytes from the front of `buffered` ...
 *         if (result == RAC_MLLP_NEED_MORE) break;
 *     }
 *
 * Bytes between frames are skipped.  0x1C alone ends a message, because some senders forget the
 * 0x0D (which is then skipped, if it comes).  A second 0x0B before the end means that the first
 * message was cut off: it is malformed, and the new one is read. */
#ifndef RACEMATE_LINK_MLLP_H
#define RACEMATE_LINK_MLLP_H

#include "racemate/base.h"

typedef struct rac_mllp_decoder {
    size_t max_bytes; /* of one message; 0: 1 MiB */
    size_t scanned;   /* bytes at the front of the buffer already looked at, so that a message that
                       * comes byte by byte is not searched again from its start */
    uint64_t skipped; /* bytes dropped outside frames so far, for the log */
} rac_mllp_decoder;

typedef enum rac_mllp_result {
    RAC_MLLP_NEED_MORE, /* no whole frame yet; garbage may have been consumed */
    RAC_MLLP_MESSAGE,   /* `message` is whole and not empty */
    RAC_MLLP_MALFORMED  /* a frame that was cut off, empty or over max_bytes was consumed */
} rac_mllp_result;

/* `buffered` starts where the last call's consumed bytes ended.  *consumed is always set; *message
 * only for RAC_MLLP_MESSAGE, a slice of `buffered`. */
rac_mllp_result rac_mllp_decode(rac_mllp_decoder *decoder, rac_text buffered, rac_text *message,
                                size_t *consumed);

/* The message in its frame, in the arena. */
rac_text rac_mllp_encode(rac_arena *arena, rac_text message);

#endif
