/* Writing to a descriptor in large pieces, one error at the end. */
#ifndef FA_GEOMETRY_OUTPUT_H
#define FA_GEOMETRY_OUTPUT_H

#include "lib/base/error.h"

#include <stddef.h>

enum { FA_OUTPUT_BYTES = 64 * 1024 };

struct fa_output {
    int fd;
    int saved_errno; /* of the first failure; 0: none */
    size_t pending;
    unsigned char buffer[FA_OUTPUT_BYTES];
};

void fa_output_init(struct fa_output *output, int fd);
void fa_output_add(struct fa_output *output, const void *data, size_t length);

/* Writes what is pending; FA_E_STORE or FA_E_SPACE when anything could not be written. */
int fa_output_finish(struct fa_output *output, struct fa_error *err) FA_MUSTCHECK;

#endif
