#include "lib/base/uuid.h"
#include "lib/base/clock.h"
#include "lib/base/hex.h"

#include <stdint.h>
#include <string.h>
#include <uuid/uuid.h>

struct fa_uuid
fa_uuid_new(void)
{
    struct fa_uuid uuid;
    uint64_t ms = (uint64_t)(fa_clock_now_us() / 1000);

    /* libuuid's own source of randomness: it falls back and retries as getrandom needs it. */
    uuid_generate_random(uuid.bytes);
    for (int i = 0; i < 6; i++)
        uuid.bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    uuid.bytes[6] = (unsigned char)(0x70 | (uuid.bytes[6] & 0x0f));
    return uuid;
}

bool
fa_uuid_parse(const char *text, size_t length, struct fa_uuid *uuid_r)
{
    char dashed[37];

    if (length == 36) {
        memcpy(dashed, text, 36);
    } else if (length == 32) {
        static const unsigned char cut[6] = {0, 8, 12, 16, 20, 32};

        for (size_t i = 0; i < 5; i++) {
            memcpy(dashed + cut[i] + i, text + cut[i], (size_t)(cut[i + 1] - cut[i]));
            dashed[(size_t)cut[i + 1] + i] = '-';
        }
    } else {
        return false;
    }
    dashed[36] = '\0';
    return strlen(dashed) == 36 && uuid_parse(dashed, uuid_r->bytes) == 0;
}

const struct fa_uuid *
fa_uuid_given(const struct fa_uuid *uuid)
{
    static const struct fa_uuid zero;

    return memcmp(uuid, &zero, sizeof zero) != 0 ? uuid : NULL;
}

char *
fa_uuid_text(const struct fa_uuid *uuid, char text[FA_UUID_TEXT])
{
    return fa_hex_text(uuid->bytes, sizeof uuid->bytes, text);
}
