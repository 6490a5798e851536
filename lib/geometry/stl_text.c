#include "lib/geometry/stl_text.h"
#include "lib/geometry/large.h"
#include "lib/geometry/list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LOOK_AHEAD = 4096,
    EXACT_DIGITS = 18, /* surely fit into 64 bits */
    EXACT_POWER = 22,
    NUMBER_MAX = 64,
    USUAL_BYTES = 160 /* or more, of a facet */
};

/* --- numbers ------------------------------------------------------------------------------------
 */

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Too many digits overflow; the caller counts them. */
static inline const char *
take_digits(const char *at, const char *end, uint64_t *digits)
{
    for (; at < end && is_digit(*at); at++)
        *digits = *digits * 10 + (uint64_t)(*at - '0');
    return at;
}

static const char *
take_exponent(const char *at, const char *end, int *exponent)
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
    *exponent += negative ? -value : value;
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
    const char *start, *point;
    uint64_t digits = 0;
    ptrdiff_t count, fraction = 0;
    bool negative = false;
    int exponent = 0;

    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    start = at;
    at = take_digits(at, end, &digits);
    count = at - start;
    if (at < end && *at == '.') {
        point = at;
        at = take_digits(at + 1, end, &digits);
        fraction = at - point - 1;
    }
    count += fraction;
    if (count == 0) {
        size_t used = take_word_number(start, (size_t)(end - start), number_r);

        return used > 0 ? (size_t)(start - text) + used : 0;
    }
    at = take_exponent(at, end, &exponent);
    if (count <= EXACT_DIGITS)
        exponent -= (int)fraction;
    /* Both factors are exact doubles, so the one rounding is the correct one (Clinger 1990). */
    if (count <= EXACT_DIGITS && digits < 1ULL << 53 && abs(exponent) <= EXACT_POWER) {
        double number = (double)digits;

        number = exponent < 0 ? number / powers[-exponent] : number * powers[exponent];
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
    if (!fa_list_reserve(&stl->corners, stl->facet_count, &reader->capacity,
                         sizeof reader->corners))
        return fa_error_set(err, FA_E_MEMORY, "%zu facets", stl->facet_count);
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

/* Whatever its case; `word` is of small letters. */
static bool
is_word(const char *text, size_t length, const char *word, size_t size)
{
    if (length != size)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((text[i] | 0x20) != word[i])
            return false;
    return true;
}

enum word { OTHER, VERTEX, BEGIN, NAME };

/* What a word begins: most are numbers, and told by their first character. */
static enum word
word_of(const char *text, size_t length)
{
    static const struct {
        const char *word;
        size_t size;
        enum word meaning;
    } words[] = {{"vertex", 6, VERTEX},
                 {"facet", 5, BEGIN},
                 {"loop", 4, BEGIN},
                 {"solid", 5, NAME},
                 {"endsolid", 8, NAME}};

    if ((text[0] | 0x20) < 'a')
        return OTHER;
    for (size_t i = 0; i < FA_COUNT(words); i++)
        if (is_word(text, length, words[i].word, words[i].size))
            return words[i].meaning;
    return OTHER;
}

/* Room for all facets that fit into the text, where it is written as usual: what is not used costs
 * nothing. */
static int
reserve(struct reader *reader, size_t length, struct fa_error *err)
{
    size_t capacity = length / USUAL_BYTES + 1;

    reader->capacity = capacity < reader->limit ? capacity : reader->limit;
    reader->stl->corners = fa_large_alloc(reader->capacity, sizeof reader->corners);
    if (reader->stl->corners == NULL)
        return fa_error_set(err, FA_E_MEMORY, "%zu facets", reader->capacity);
    return 0;
}

int
fa_stl_text_read(const char *text, size_t length, size_t limit, struct fa_stl *stl,
                 struct fa_error *err)
{
    struct reader reader = {.stl = stl, .limit = limit};
    size_t at = 0;

    if (reserve(&reader, length, err) < 0)
        return -1;
    while ((at = skip_blanks(text, length, at)) < length) {
        const char *word = text + at;
        size_t size = 0;
        float corner[3];

        /* Most characters of words are told by one comparison. */
        while (at + size < length && ((unsigned char)word[size] > ' ' || !is_blank(word[size])))
            size++;
        at += size;
        switch (word_of(word, size)) {
        case VERTEX:
            at = take_vertex(&reader, text, length, at, corner);
            if (add_corner(&reader, corner, err) < 0)
                return -1;
            break;
        case BEGIN:
            reader.corner_count = 0;
            reader.broken = false;
            break;
        case NAME: /* may hold any word */
            at = line_end(text, length, at);
            break;
        case OTHER:
            break;
        }
    }
    return 0;
}
