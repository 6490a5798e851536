/* Heads of requests: what is read lies within what came, and is text without control characters. */
#include "ws/head.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = malloc(size + 1);
    struct fa_head head;
    long used;

    if (bytes == NULL || size == 0) {
        free(bytes);
        return 0;
    }
    memcpy(bytes, data, size);
    used = fa_head_read(bytes, size, &head);
    if (used > (long)size)
        abort();
    if (used > 0) {
        if (*head.path != '/' || strlen(head.path) + strlen(head.query) > size)
            abort();
        for (size_t i = 0; i < head.field_count; i++)
            if (strpbrk(head.fields[i].value, "\r\n") != NULL)
                abort();
        (void)fa_head_has(&head, "Connection", "upgrade");
    }
    free(bytes);
    return 0;
}
