/* The text form of STEP (ISO 10303-21), value by value. */
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

/* Goes to the next instance: behind its "#id=", with the id; false at the end. */
bool fa_step_text_next(struct fa_step_text *text, uint64_t *id_r);

/* True, and behind it, when this character is next. */
bool fa_step_text_take(struct fa_step_text *text, char character);

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

/* The unit of length that a whole file uses, static text, and its millimetres; NULL, and 1, when
 * none is known. */
const char *fa_step_text_unit(const char *text, size_t length, double *scale_r);

/* The schema that the header names, in capitals, cut to `size`; false when it names none. */
bool fa_step_text_schema(const char *text, size_t length, char *name, size_t size);

#endif
