#include "fcgi/filename.h"
#include "lib/base/utf8.h"

#include <string.h>

static int
refuse(struct fa_error *err, const char *why)
{
    return fa_error_field(err, "file", "its name %s", why);
}

int
fa_filename_check(const char *raw, size_t length, size_t limit, const char **name_r,
                  size_t *name_length_r, struct fa_error *err)
{
    const char *name = raw;
    size_t count = 0;
    size_t size;

    for (size_t i = 0; i < length; i++)
        if (raw[i] == '/' || raw[i] == '\\')
            name = raw + i + 1;
    *name_r = name;
    *name_length_r = length -= (size_t)(name - raw);
    if (length == 0)
        return refuse(err, "is empty");
    if ((length == 1 || length == 2) && memcmp(name, "..", length) == 0)
        return refuse(err, "is no name");
    for (size_t i = 0; i < length; i += size, count++) {
        uint32_t code;

        size = fa_utf8_next(name + i, length - i, &code);
        if (size == 0)
            return refuse(err, "is not UTF-8");
        if (fa_utf8_is_control(code))
            return refuse(err, "holds control characters");
    }
    if (count > limit)
        return fa_error_field(err, "file", "its name is longer than %zu characters", limit);
    return 0;
}
