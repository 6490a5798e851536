/* Urlencoded texts: what is found is UTF-8, and found again when it is encoded anew. */
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/base/urlform.h"
#include "lib/base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    FA_CLEANUP(fa_buf_free) struct fa_buf again;
    struct fa_error err;
    const char *value;
    const char *same;

    fa_arena_init(&arena, 1 << 20);
    fa_buf_init(&again, 1 << 20);
    if (fa_urlform_find((const char *)data, size, "n", &arena, &value, &err) < 0) {
        if (err.code != FA_E_INPUT)
            abort();
        return 0;
    }
    if (value == NULL)
        return 0;
    if (!fa_utf8_valid(value, strlen(value), NULL))
        abort();
    fa_buf_add_text(&again, "&%6E=");
    for (const char *c = value; *c != '\0'; c++)
        fa_buf_printf(&again, "%%%02X", (unsigned)(unsigned char)*c);
    if (fa_urlform_find(again.data, again.length, "n", &arena, &same, &err) < 0 || same == NULL ||
        strcmp(value, same) != 0)
        abort();
    return 0;
}
