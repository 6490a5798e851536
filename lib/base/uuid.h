/* UUIDs: version 7 (RFC 9562) for everything we name, printed as the contract does: 32 lower-case
 * hex digits. */
#ifndef FA_BASE_UUID_H
#define FA_BASE_UUID_H

#include <stdbool.h>
#include <stddef.h>

enum { FA_UUID_TEXT = 33 };

struct fa_uuid {
    unsigned char bytes[16];
};

/* A new UUIDv7: 48 bits of milliseconds, then random bits; sorts by time, never repeats. */
struct fa_uuid fa_uuid_new(void);

/* Reads 32 hex digits or the dashed form, any case; false when `text` is neither. */
bool fa_uuid_parse(const char *text, size_t length, struct fa_uuid *uuid_r);

/* The UUID, or NULL when it is zero: as the database's NULL is read, and written. */
const struct fa_uuid *fa_uuid_given(const struct fa_uuid *uuid);

/* Fills and returns `text`. */
char *fa_uuid_text(const struct fa_uuid *uuid, char text[FA_UUID_TEXT]);

#endif
