#include "lib/base/words.h"

#include <string.h>

static const char blanks[] = " \t";

const char *
fa_words_next(const char **words, size_t *length_r)
{
    const char *word = *words + strspn(*words, blanks);

    *length_r = strcspn(word, blanks);
    *words = word + *length_r;
    return *length_r > 0 ? word : NULL;
}

bool
fa_words_has(const char *words, const char *word)
{
    size_t wanted = strlen(word);
    const char *each;
    size_t length;

    while ((each = fa_words_next(&words, &length)) != NULL)
        if (length == wanted && memcmp(each, word, length) == 0)
            return true;
    return false;
}
