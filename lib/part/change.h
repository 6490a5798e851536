/* Changing what a part's user says about it. */
#ifndef FA_PART_CHANGE_H
#define FA_PART_CHANGE_H

#include "lib/part/access.h"

/* A text that may be taken back: not given, given as NULL, or given. */
struct fa_change_text {
    bool given;
    const char *text;
};

struct fa_change {
    struct fa_access access;
    const char *name; /* NULL: stays */
    int64_t quantity; /* 0: stays */
    struct fa_change_text material;
    struct fa_change_text machine;
    struct fa_change_text rfq_note;
    struct fa_change_text rfq_needed_by; /* YYYY-MM-DD */
};

/* FA_E_NO_PART, FA_E_FORBIDDEN. */
int fa_change_part(struct fa_db *db, struct fa_change *change, struct fa_error *err) FA_MUSTCHECK;

#endif
