/* Inside lib/geometry only: all instances of a STEP file, by their numbers. */
#ifndef FA_GEOMETRY_STEP_INDEX_H
#define FA_GEOMETRY_STEP_INDEX_H

#include "lib/base/error.h"
#include "lib/geometry/step_text.h"

struct fa_step_instance {
    uint64_t id;
    const char *at; /* its keyword, or the parenthesis before the several of a complex instance */
    int kind;       /* what the index's user takes it for; 0: not looked at */
    int32_t shape;  /* of the scene: whose body it is; -1: nobody's */
};

struct fa_step_index {
    struct fa_step_instance *list; /* by id */
    size_t count;
    const char *end;
};

/* Lists the instances of a text, which must stay; FA_E_MEMORY.  The index is freed either way. */
int fa_step_index_make(struct fa_step_index *index, struct fa_step_text text,
                       struct fa_error *err) FA_MUSTCHECK;
void fa_step_index_free(struct fa_step_index *index);

/* NULL: there is none. */
struct fa_step_instance *fa_step_index_find(const struct fa_step_index *index, uint64_t id);

/* The text of an instance from its keyword on. */
struct fa_step_text fa_step_index_text(const struct fa_step_index *index,
                                       const struct fa_step_instance *instance);

/* The parameters of the instance `id`, behind the parenthesis; false when there is no instance of
 * that number and keyword.  NULL: any keyword. */
bool fa_step_index_enter(const struct fa_step_index *index, uint64_t id, const char *keyword,
                         struct fa_step_text *text_r);

#endif
