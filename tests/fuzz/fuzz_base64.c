/* base64url: what is decoded encodes to the same text again, so every value has one spelling. */
#include "lib/base/base64.h"
#include "lib/base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    FA_CLEANUP(fa_buf_free) struct fa_buf again;
    unsigned char *decoded;
    size_t length;

    fa_arena_init(&arena, 1 << 20);
    fa_buf_init(&again, 1 << 20);
    decoded = fa_base64_decode(&arena, (const char *)data, size, &length);
    if (decoded == NULL)
        return 0;
    fa_base64_encode(&again, decoded, length);
    if (again.length != size || (size > 0 && memcmp(again.data, data, size) != 0))
        abort();
    return 0;
}
