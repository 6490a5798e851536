/* Inside lib/geometry only: the text form of STEP (ISO 10303-21), value by value. */
#ifndef FA_GEOMETRY_STEP_TEXT_H
#define FA_GEOMETRY_STEP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A place in the text.  Blanks and comments before what is asked for are passed. */
struct fa_step_text {
    const char *at;
    const char *end;
};

/* True when the word stands anywhere in the text. */
bool fa_step_text_has(const char *text, size_t length, const char *word);

/* Goes to the next instance: behind its "#id=", with the id; false at the end. */
bool fa_step_text_next(struct fa_step_text *text, uint64_t *id_r);

/* True, and behind it, when this character, or these, are next. */
bool fa_step_text_take(struct fa_step_text *text, char character);
bool fa_step_text_word(struct fa_step_text *text, const char *word);

/* True, and behind the parenthesis, when this keyword with its parameters is next; NULL: any. */
bool fa_step_text_keyword(struct fa_step_text *text, const char *keyword);

/* True, and behind the parenthesis, when a complex instance, "(ONE(…)TWO(…)…)", is next and has a
 * part of this keyword. */
bool fa_step_text_part(struct fa_step_text *text, const char *keyword);

/* Passes `count` parameters, each with the comma behind it; false when there are not as many. */
bool fa_step_text_pass(struct fa_step_text *text, int count);

bool fa_step_text_reference(struct fa_step_text *text, uint64_t *id_r);
bool fa_step_text_number(struct fa_step_text *text, double *number_r);

/* A string, with what its directives stand for (ISO 10303-21, 6.4.3), as UTF-8; what does not fit
 * is cut. */
bool fa_step_text_string(struct fa_step_text *text, char *out, size_t size);

#endif
