#include "lib/geometry/step_text.h"
#include "lib/geometry/stl_text.h"

#include <ctype.h>
#include <string.h>

static void
pass_blanks(struct fa_step_text *text)
{
    while (text->at < text->end) {
        if (isspace((unsigned char)*text->at)) {
            text->at++;
        } else if (text->end - text->at >= 2 && memcmp(text->at, "/*", 2) == 0) {
            const char *close = memmem(text->at + 2, (size_t)(text->end - text->at) - 2, "*/", 2);

            text->at = close != NULL ? close + 2 : text->end;
        } else {
            return;
        }
    }
}

/* Behind the closing apostrophe; one within is doubled, which looks like two strings. */
static void
pass_string(struct fa_step_text *text)
{
    const char *close = memchr(text->at + 1, '\'', (size_t)(text->end - text->at) - 1);

    text->at = close != NULL ? close + 1 : text->end;
}

bool
fa_step_text_has(const char *text, size_t length, const char *word)
{
    return memmem(text, length, word, strlen(word)) != NULL;
}

bool
fa_step_text_take(struct fa_step_text *text, char character)
{
    pass_blanks(text);
    if (text->at == text->end || *text->at != character)
        return false;
    text->at++;
    return true;
}

bool
fa_step_text_word(struct fa_step_text *text, const char *word)
{
    size_t length = strlen(word);

    pass_blanks(text);
    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
        return false;
    text->at += length;
    return true;
}

static bool
is_in_keyword(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The keyword that is next, and its length; 0: there is none. */
static size_t
keyword_length(const struct fa_step_text *text)
{
    size_t length = 0;

    while (text->at + length < text->end && is_in_keyword(text->at[length]))
        length++;
    return length;
}

bool
fa_step_text_keyword(struct fa_step_text *text, const char *keyword)
{
    struct fa_step_text behind;
    size_t length;

    pass_blanks(text);
    length = keyword_length(text);
    if (length == 0 ||
        (keyword != NULL && (length != strlen(keyword) || memcmp(text->at, keyword, length) != 0)))
        return false;
    behind = (struct fa_step_text){.at = text->at + length, .end = text->end};
    if (!fa_step_text_take(&behind, '('))
        return false;
    *text = behind;
    return true;
}

/* Passes text up to one of the ends on the level it begins on, not beyond the statement. */
static bool
pass_to(struct fa_step_text *text, const char *ends)
{
    int depth = 0;

    for (pass_blanks(text); text->at < text->end; pass_blanks(text)) {
        char next = *text->at;

        if (depth == 0 && strchr(ends, next) != NULL)
            return true;
        if (next == ';')
            return false;
        depth += next == '(' ? 1 : next == ')' ? -1 : 0;
        if (depth < 0)
            return false;
        if (next == '\'')
            pass_string(text);
        else
            text->at++;
    }
    return false;
}

bool
fa_step_text_part(struct fa_step_text *text, const char *keyword)
{
    struct fa_step_text at = *text;

    if (!fa_step_text_take(&at, '('))
        return false;
    while (!fa_step_text_keyword(&at, keyword))
        if (!fa_step_text_keyword(&at, NULL) || !pass_to(&at, ")") || !fa_step_text_take(&at, ')'))
            return false;
    *text = at;
    return true;
}

bool
fa_step_text_next(struct fa_step_text *text, uint64_t *id_r)
{
    while (text->at < text->end) {
        if (fa_step_text_reference(text, id_r) && fa_step_text_take(text, '='))
            return true;
        /* To the end of the statement. */
        while (text->at < text->end && *text->at != ';' && *text->at != '#') {
            if (*text->at == '\'')
                pass_string(text);
            else
                text->at++;
        }
        if (text->at < text->end && *text->at == ';')
            text->at++;
    }
    return false;
}

bool
fa_step_text_pass(struct fa_step_text *text, int count)
{
    for (int i = 0; i < count; i++)
        if (!pass_to(text, ",") || !fa_step_text_take(text, ','))
            return false;
    return true;
}

bool
fa_step_text_reference(struct fa_step_text *text, uint64_t *id_r)
{
    uint64_t id = 0;
    int digits = 0;

    if (!fa_step_text_take(text, '#'))
        return false;
    for (; text->at < text->end && isdigit((unsigned char)*text->at) && digits < 18; digits++)
        id = 10 * id + (uint64_t)(*text->at++ - '0');
    *id_r = id;
    return digits > 0;
}

bool
fa_step_text_number(struct fa_step_text *text, double *number_r)
{
    size_t length;

    pass_blanks(text);
    length = fa_stl_text_number(text->at, (size_t)(text->end - text->at), number_r);
    text->at += length;
    return length > 0;
}
