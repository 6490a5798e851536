#include "lib/geometry/stl.h"
#include "lib/geometry/large.h"
#include "lib/geometry/stl_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_BYTES = 84, FACET_BYTES = 50, NORMAL_BYTES = 12, CORNERS_BYTES = 36, SAMPLE = 1000 };

static int
useless(struct fa_error *err, const char *message, const char *action)
{
    fa_error_set(err, FA_E_CONTENT, "%s", message);
    return fa_error_action(err, "%s", action);
}

static const char export_again[] = "Export the part again as binary STL.";

static uint32_t
read_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

/* The format is little-endian, and so is every machine this is built for. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "STL corners are copied as they are");

static bool
is_finite(const float corners[9])
{
    for (int i = 0; i < 9; i++)
        if (!isfinite(corners[i]))
            return false;
    return true;
}

/* A coordinate that a part could have: noise read as floats has exponents from -38 to 38. */
static bool
is_plausible(const float corners[9])
{
    for (int i = 0; i < 9; i++) {
        float size = fabsf(corners[i]);

        if (!(size < 1e9F) || (size > 0 && size < 1e-15F))
            return false;
    }
    return true;
}

/* Looks at facets spread over the file: half of them must look like geometry. */
static bool
looks_binary(const unsigned char *facets, size_t count)
{
    size_t step = count / SAMPLE + 1;
    size_t seen = 0;
    size_t good = 0;

    for (size_t i = 0; i < count; i += step) {
        float corners[9];

        memcpy(corners, facets + i * FACET_BYTES + NORMAL_BYTES, CORNERS_BYTES);
        good += is_plausible(corners);
        seen++;
    }
    return good * 2 > seen;
}

/* Whether all facets are finite: without a branch, because nearly all files are. */
static bool
are_finite(const unsigned char *facets, size_t count)
{
    uint32_t seen = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t bits[9];

        memcpy(bits, facets + i * FACET_BYTES + NORMAL_BYTES, CORNERS_BYTES);
        for (int k = 0; k < 9; k++)
            seen |= (bits[k] & 0x7fffffff) + 0x00800000; /* the largest exponent overflows */
    }
    return (seen & 0x80000000) == 0;
}

static int
read_binary(const unsigned char *facets, size_t count, struct fa_stl *stl, struct fa_error *err)
{
    if (are_finite(facets, count)) {
        stl->soup.corners = facets + NORMAL_BYTES;
        stl->soup.stride = FACET_BYTES;
        stl->facet_count = count;
        return 0;
    }
    stl->corners = fa_large_alloc(count, CORNERS_BYTES);
    if (stl->corners == NULL)
        return fa_error_set(err, FA_E_MEMORY, "%zu facets", count);
    for (size_t i = 0; i < count; i++) {
        float corners[9];

        memcpy(corners, facets + i * FACET_BYTES + NORMAL_BYTES, CORNERS_BYTES);
        if (is_finite(corners))
            memcpy(stl->corners[3 * stl->facet_count++], corners, CORNERS_BYTES);
        else
            stl->dropped++;
    }
    return 0;
}

/* A binary whose length does not fit its count: what is there is used, when it looks like one. */
static int
read_odd_binary(const unsigned char *data, size_t length, struct fa_stl *stl, struct fa_error *err)
{
    size_t present = (length - HEADER_BYTES) / FACET_BYTES;
    size_t count = stl->announced < present ? (size_t)stl->announced : present;

    stl->short_count = stl->announced > present;
    stl->trailing = stl->announced < present || (length - HEADER_BYTES) % FACET_BYTES != 0;
    if (present == 0 && stl->announced > 0) {
        fa_error_set(err, FA_E_CONTENT, "The file announces %llu facets but holds none.",
                     (unsigned long long)stl->announced);
        return fa_error_action(err, "%s", export_again);
    }
    if (present > 0 && !looks_binary(data + HEADER_BYTES, present))
        return useless(err, "The file is no STL: it holds neither facets nor text.", export_again);
    return read_binary(data + HEADER_BYTES, count, stl, err);
}

static int
read_any(const unsigned char *data, size_t length, size_t limit, struct fa_stl *stl,
         struct fa_error *err)
{
    const char *text = (const char *)data;
    bool sized;

    if (length == 0)
        return useless(err, "The file is empty.", "Upload it again, or export the part anew.");
    stl->announced = length >= HEADER_BYTES ? read_u32(data + HEADER_BYTES - 4) : 0;
    sized = length >= HEADER_BYTES && length == HEADER_BYTES + FACET_BYTES * stl->announced;
    if (!sized && fa_stl_text_is(text, length))
        return fa_stl_text_read(text, length, limit, stl, err);
    if (length < HEADER_BYTES)
        return useless(err, "The file is no STL: it is shorter than an STL's header.",
                       export_again);
    if ((length - HEADER_BYTES) / FACET_BYTES > limit) {
        fa_error_set(err, FA_E_CONTENT, "The file holds more than %zu facets.", limit);
        return fa_error_action(err, "Export the part with a coarser resolution.");
    }
    if (sized)
        return read_binary(data + HEADER_BYTES, (size_t)stl->announced, stl, err);
    return read_odd_binary(data, length, stl, err);
}

int
fa_stl_read(const unsigned char *data, size_t length, size_t limit, struct fa_stl *stl,
            struct fa_error *err)
{
    int result;

    *stl = (struct fa_stl){.corners = NULL};
    result = read_any(data, length, limit, stl, err);
    if (result == 0 && stl->facet_count == 0)
        result =
            stl->dropped > 0
                ? useless(err, "Not one facet of the file has readable coordinates.", export_again)
                : useless(err, "The file holds no facet.", export_again);
    if (stl->corners != NULL) {
        stl->soup.corners = stl->corners;
        stl->soup.stride = CORNERS_BYTES;
    }
    stl->soup.count = stl->facet_count;
    if (result < 0)
        fa_stl_free(stl);
    return result;
}

void
fa_stl_free(struct fa_stl *stl)
{
    free(stl->corners);
    *stl = (struct fa_stl){.corners = NULL};
}
