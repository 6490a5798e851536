#include "lib/geometry/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void
fa_output_init(struct fa_output *output, int fd)
{
    output->fd = fd;
    output->saved_errno = 0;
    output->pending = 0;
}

static void
flush(struct fa_output *output)
{
    const unsigned char *at = output->buffer;

    while (output->pending > 0 && output->saved_errno == 0) {
        ssize_t written = write(output->fd, at, output->pending);

        if (written < 0 && errno != EINTR)
            output->saved_errno = errno;
        if (written > 0) {
            at += written;
            output->pending -= (size_t)written;
        }
    }
    output->pending = 0;
}

void
fa_output_add(struct fa_output *output, const void *data, size_t length)
{
    const unsigned char *at = data;

    while (length > 0) {
        size_t room = FA_OUTPUT_BYTES - output->pending;
        size_t size = length < room ? length : room;

        memcpy(output->buffer + output->pending, at, size);
        output->pending += size;
        at += size;
        length -= size;
        if (output->pending == FA_OUTPUT_BYTES)
            flush(output);
    }
}

int
fa_output_finish(struct fa_output *output, struct fa_error *err)
{
    flush(output);
    if (output->saved_errno != 0)
        return fa_error_errno(err, FA_E_STORE, output->saved_errno, "write the output");
    return 0;
}
