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

/* Goes to the next instance: behind its "#id=", with the id; false at the end. */
bool fa_step_text_next(struct fa_step_text *text, uint64_t *id_r);

/* True, and behind it, when this character or keyword is next. */
bool fa_step_text_take(struct fa_step_text *text, char character);
bool fa_step_text_keyword(struct fa_step_text *text, const char *keyword);

/* Passes `count` parameters, each with the comma behind it; false when there are not as many. */
bool fa_step_text_pass(struct fa_step_text *text, int count);

bool fa_step_text_reference(struct fa_step_text *text, uint64_t *id_r);
bool fa_step_text_number(struct fa_step_text *text, double *number_r);

#endif
