#include "lib/base/attr.h"
#include "lib/base/hex.h"
#include "lib/base/utf8.h"
#include "lib/geometry/step_text.h"

#include <string.h>

enum { PAGE = 0x80, NO_CHARACTER = 0xfffd };

struct written {
    char *at, *end; /* the last byte is kept for the NUL */
};

static void
put(struct written *out, const char *bytes, size_t length)
{
    /* Once something did not fit, nothing behind it may. */
    if ((size_t)(out->end - out->at) <= length) {
        out->end = out->at + 1;
        return;
    }
    memcpy(out->at, bytes, length);
    out->at += length;
}

static void
put_code(struct written *out, uint32_t code)
{
    char bytes[4];

    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        code = NO_CHARACTER;
    put(out, bytes, fa_utf8_put(code, bytes));
}

static bool
take(struct fa_step_text *text, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
        return false;
    text->at += length;
    return true;
}

static bool
take_code(struct fa_step_text *text, int digits, struct written *out)
{
    uint32_t code = 0;

    for (int i = 0; i < digits; i++) {
        int digit = text->at + i < text->end ? fa_hex_digit(text->at[i]) : -1;

        if (digit < 0)
            return false;
        code = code << 4 | (uint32_t)digit;
    }
    text->at += digits;
    put_code(out, code);
    return true;
}

/* A backslash and what it stands before; one that means nothing is itself. */
static void
take_directive(struct fa_step_text *text, struct written *out)
{
    static const struct {
        const char *word;
        int digits;
        bool many;
    } codes[] = {{"\\X\\", 2, false}, {"\\X2\\", 4, true}, {"\\X4\\", 8, true}};

    for (size_t i = 0; i < FA_COUNT(codes); i++) {
        if (!take(text, codes[i].word))
            continue;
        while (take_code(text, codes[i].digits, out) && codes[i].many)
            ;
        if (codes[i].many)
            take(text, "\\X0\\");
        return;
    }
    if (take(text, "\\S\\") && text->at < text->end) {
        put_code(out, PAGE | (unsigned char)*text->at++);
    } else {
        if (!take(text, "\\\\"))
            text->at++;
        put(out, "\\", 1);
    }
}

bool
fa_step_text_string(struct fa_step_text *text, char *out, size_t size)
{
    struct written written = {.at = out, .end = out + size};

    if (!fa_step_text_take(text, '\''))
        return false;
    for (;;) {
        if (take(text, "''"))
            put(&written, "'", 1);
        else if (text->at == text->end || take(text, "'"))
            break;
        else if (*text->at == '\\')
            take_directive(text, &written);
        else
            put(&written, text->at++, 1);
    }
    *written.at = '\0';
    return true;
}
