#include "lib/geometry/step_index.h"
#include "lib/geometry/list.h"

#include <stdlib.h>

static int
by_id(const void *one, const void *other)
{
    const struct fa_step_instance *a = one;
    const struct fa_step_instance *b = other;

    return a->id < b->id ? -1 : a->id > b->id;
}

int
fa_step_index_make(struct fa_step_index *index, struct fa_step_text text, struct fa_error *err)
{
    size_t room = 0;
    uint64_t id;

    *index = (struct fa_step_index){.end = text.end};
    while (fa_step_text_next(&text, &id)) {
        if (!fa_list_reserve(&index->list, index->count, &room, sizeof *index->list))
            return fa_error_set(err, FA_E_MEMORY, "instances of the STEP file");
        index->list[index->count++] =
            (struct fa_step_instance){.id = id, .at = text.at, .shape = -1};
    }
    if (index->count > 0)
        qsort(index->list, index->count, sizeof *index->list, by_id);
    return 0;
}

void
fa_step_index_free(struct fa_step_index *index)
{
    free(index->list);
    *index = (struct fa_step_index){.list = NULL};
}

struct fa_step_instance *
fa_step_index_find(const struct fa_step_index *index, uint64_t id)
{
    const struct fa_step_instance key = {.id = id};

    if (index->count == 0)
        return NULL;
    return bsearch(&key, index->list, index->count, sizeof key, by_id);
}

struct fa_step_text
fa_step_index_text(const struct fa_step_index *index, const struct fa_step_instance *instance)
{
    return (struct fa_step_text){.at = instance->at, .end = index->end};
}

bool
fa_step_index_enter(const struct fa_step_index *index, uint64_t id, const char *keyword,
                    struct fa_step_text *text_r)
{
    const struct fa_step_instance *instance = fa_step_index_find(index, id);

    if (instance == NULL)
        return false;
    *text_r = fa_step_index_text(index, instance);
    return fa_step_text_keyword(text_r, keyword);
}
