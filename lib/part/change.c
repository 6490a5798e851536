#include "lib/part/change.h"

/* What was not given stays. */
#define CHANGE_TEXT(change) FA_BOOL((change)->given), FA_TEXT((change)->text)

static enum fa_db_outcome
change_part(struct fa_db *db, void *closure, struct fa_error *err)
{
    static const struct fa_statement update = {
        "change_part",
        "UPDATE part SET name = COALESCE($2, name), quantity = COALESCE(nullif($3, 0), quantity),"
        " material = CASE WHEN $4 THEN $5 ELSE material END,"
        " machine = CASE WHEN $6 THEN $7 ELSE machine END,"
        " rfq_note = CASE WHEN $8 THEN $9 ELSE rfq_note END,"
        " rfq_needed_by = CASE WHEN $10 THEN $11::text::date ELSE rfq_needed_by END,"
        " updated_at = now() WHERE part_id = $1"};
    struct fa_change *change = closure;
    enum fa_db_outcome outcome = fa_access_lock(db, &change->access, FA_WRITE, err);

    if (outcome < 0)
        return outcome;
    return fa_db_run(db, &update,
                     FA_PARAMS(FA_UUID(&change->access.part), FA_TEXT(change->name),
                               FA_INT(change->quantity), CHANGE_TEXT(&change->material),
                               CHANGE_TEXT(&change->machine), CHANGE_TEXT(&change->rfq_note),
                               CHANGE_TEXT(&change->rfq_needed_by)),
                     err);
}

int
fa_change_part(struct fa_db *db, struct fa_change *change, struct fa_error *err)
{
    return fa_db_transaction(db, change_part, change, err) < 0 ? -1 : 0;
}
