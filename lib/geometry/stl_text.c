#include "lib/geometry/stl_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LOOK_AHEAD = 4096,
    EXACT_DIGITS = 19,
    EXACT_POWER = 22,
    NUMBER_MAX = 64,
    GROW_FACETS = 4096
};

/* --- numbers ------------------------------------------------------------------------------------
 */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A decimal number taken apart: digits * 10^exponent. */
struct decimal {
    uint64_t digits;
    int count; /* significant digits seen */
    int exponent;
    bool any;
};

static const char *
take_digits(const char *at, const char *end, struct decimal *decimal, bool fraction)
{
    for (; at < end && is_digit(*at); at++) {
        decimal->any = true;
        if (decimal->count < EXACT_DIGITS) {
            decimal->digits = decimal->digits * 10 + (uint64_t)(*at - '0');
            decimal->count += decimal->digits != 0;
            decimal->exponent -= fraction;
        } else {
            decimal->exponent += !fraction;
            decimal->count++;
        }
    }
    return at;
}

static const char *
take_exponent(const char *at, const char *end, struct decimal *decimal)
{
    const char *start = at;
    bool negative = false;
    int value = 0;

    if (at == end || (*at | 0x20) != 'e')
        return start;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    if (at == end || !is_digit(*at))
        return start;
    for (; at < end && is_digit(*at); at++)
        value = value < 10000 ? value * 10 + (*at - '0') : value;
    decimal->exponent += negative ? -value : value;
    return at;
}

static size_t
take_word_number(const char *text, size_t length, double *number_r)
{
    static const struct {
        const char *word;
        size_t length;
    } words[] = {{"nan", 3}, {"infinity", 8}, {"inf", 3}};

    for (size_t i = 0; i < FA_COUNT(words); i++)
        if (length >= words[i].length && strncasecmp(text, words[i].word, words[i].length) == 0) {
            *number_r = NAN; /* dropped all the same */
            return words[i].length;
        }
    return 0;
}

/* The rare number that is too long for the fast way. */
static double
slow_number(const char *text, size_t length)
{
    char copy[NUMBER_MAX + 1];

    length = length < NUMBER_MAX ? length : NUMBER_MAX;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return strtod(copy, NULL);
}

size_t
fa_stl_text_number(const char *text, size_t length, double *number_r)
{
    static const double powers[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                   1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                   1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *end = text + length;
    const char *at = text;
    struct decimal decimal = {.digits = 0};
    bool negative = false;
    size_t used;

    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    used = take_word_number(at, (size_t)(end - at), number_r);
    if (used > 0)
        return (size_t)(at - text) + used;
    at = take_digits(at, end, &decimal, false);
    if (at < end && *at == '.')
        at = take_digits(at + 1, end, &decimal, true);
    if (!decimal.any)
        return 0;
    at = take_exponent(at, end, &decimal);
    /* Both factors are exact doubles, so the one rounding is the correct one (Clinger 1990). */
    if (decimal.digits < 1ULL << 53 && decimal.count <= EXACT_DIGITS &&
        abs(decimal.exponent) <= EXACT_POWER) {
        double number = (double)decimal.digits;

        number = decimal.exponent < 0 ? number / powers[-decimal.exponent]
                                      : number * powers[decimal.exponent];
        *number_r = negative ? -number : number;
    } else {
        *number_r = slow_number(text, (size_t)(at - text));
    }
    return (size_t)(at - text);
}

/* --- the file -----------------------------------------------------------------------------------
 */

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t
skip_blanks(const char *text, size_t length, size_t at)
{
    while (at < length && is_blank(text[at]))
        at++;
    return at;
}

bool
fa_stl_text_is(const char *text, size_t length)
{
    static const char bom[] = "\xef\xbb\xbf";
    size_t at = length >= 3 && memcmp(text, bom, 3) == 0 ? 3 : 0;
    size_t look = length < LOOK_AHEAD ? length : LOOK_AHEAD;

    at = skip_blanks(text, length, at);
    if (length - at < 5 || strncasecmp(text + at, "solid", 5) != 0)
        return false;
    /* A binary that begins with "solid" has a NUL soon; text never has. */
    return memchr(text, '\0', look) == NULL;
}

/* What has been read so far, and the facet at hand. */
struct reader {
    struct fa_stl *stl;
    size_t capacity; /* facets */
    size_t limit;
    float corners[3][3]; /* first, previous and latest of the loop */
    int corner_count;
    bool broken; /* a number of this facet cannot be read */
};

static int
add_facet(struct reader *reader, struct fa_error *err)
{
    struct fa_stl *stl = reader->stl;

    if (stl->facet_count == reader->limit) {
        fa_error_set(err, FA_E_CONTENT, "The file holds more than %zu facets.", reader->limit);
        return fa_error_action(err, "Export the part with a coarser resolution.");
    }
    if (stl->facet_count == reader->capacity) {
        size_t capacity = reader->capacity + reader->capacity / 2 + GROW_FACETS;
        void *grown = reallocarray(stl->corners, capacity, sizeof reader->corners);

        if (grown == NULL)
            return fa_error_set(err, FA_E_MEMORY, "%zu facets", capacity);
        stl->corners = grown;
        reader->capacity = capacity;
    }
    memcpy(stl->corners[3 * stl->facet_count++], reader->corners, sizeof reader->corners);
    return 0;
}

/* A loop of more than three corners is cut into a fan. */
static int
add_corner(struct reader *reader, const float corner[3], struct fa_error *err)
{
    int place = reader->corner_count < 2 ? reader->corner_count : 2;

    for (int i = 0; i < 3; i++)
        reader->broken |= !isfinite(corner[i]);
    if (reader->corner_count >= 3)
        memcpy(reader->corners[1], reader->corners[2], sizeof reader->corners[1]);
    memcpy(reader->corners[place], corner, sizeof reader->corners[0]);
    reader->corner_count++;
    if (reader->corner_count < 3)
        return 0;
    if (reader->broken) {
        reader->stl->dropped += reader->corner_count == 3;
        return 0;
    }
    return add_facet(reader, err);
}

/* Three numbers behind "vertex"; what cannot be read makes the facet a dropped one. */
static size_t
take_vertex(struct reader *reader, const char *text, size_t length, size_t at, float corner[3])
{
    for (int i = 0; i < 3; i++) {
        double number = NAN;
        size_t used;

        at = skip_blanks(text, length, at);
        used = fa_stl_text_number(text + at, length - at, &number);
        reader->broken |= used == 0;
        corner[i] = (float)number;
        at += used;
    }
    return at;
}

static size_t
line_end(const char *text, size_t length, size_t at)
{
    while (at < length && text[at] != '\n' && text[at] != '\r')
        at++;
    return at;
}

static bool
is_word(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && strncasecmp(text, word, length) == 0;
}

int
fa_stl_text_read(const char *text, size_t length, size_t limit, struct fa_stl *stl,
                 struct fa_error *err)
{
    struct reader reader = {.stl = stl, .limit = limit};
    size_t at = 0;

    while ((at = skip_blanks(text, length, at)) < length) {
        const char *word = text + at;
        size_t size = 0;

        while (at + size < length && !is_blank(word[size]))
            size++;
        at += size;
        if (is_word(word, size, "vertex")) {
            float corner[3];

            at = take_vertex(&reader, text, length, at, corner);
            if (add_corner(&reader, corner, err) < 0)
                return -1;
        } else if (is_word(word, size, "facet") || is_word(word, size, "loop")) {
            reader.corner_count = 0;
            reader.broken = false;
        } else if (is_word(word, size, "solid") || is_word(word, size, "endsolid")) {
            /* A name may hold any word. */
            at = line_end(text, length, at);
        }
    }
    return 0;
}
