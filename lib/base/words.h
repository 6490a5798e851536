/* Lists in options: words with blanks between them. */
#ifndef FA_BASE_WORDS_H
#define FA_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* The next word at `*words`, which moves behind it, and its length; NULL at the end. */
const char *fa_words_next(const char **words, size_t *length_r);

/* True when `word` is one of them, to the letter. */
bool fa_words_has(const char *words, const char *word);

#endif
