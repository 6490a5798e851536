#include "lib/part/access.h"

enum fa_db_outcome
fa_access_decide(enum fa_db_outcome outcome, const struct fa_rights *rights, enum fa_right right,
                 struct fa_error *err)
{
    if (outcome < 0)
        return outcome;
    if (outcome == FA_DB_NONE)
        return fa_db_fail(err, FA_E_NO_PART, "no such part");
    if (right == FA_WRITE ? !rights->may_write : !rights->may_read)
        return fa_db_fail(err, FA_E_FORBIDDEN, "no %s access to the part",
                          right == FA_WRITE ? "write" : "read");
    return FA_DB_ROW;
}

static enum fa_db_outcome
run(struct fa_db *db, const struct fa_statement *statement, const struct fa_access *access,
    enum fa_right right, struct fa_error *err)
{
    struct fa_rights rights = {false, false};
    enum fa_db_outcome outcome = fa_db_row(db, statement, FA_PARAMS(FA_ACCESS_PARAMS(access)),
                                           FA_COLUMNS(FA_ACCESS_TARGETS(&rights)), NULL, err);

    return fa_access_decide(outcome, &rights, right, err);
}

int
fa_access_check(struct fa_db *db, const struct fa_access *access, enum fa_right right,
                struct fa_error *err)
{
    static const struct fa_statement check = {"access_check",
                                              "SELECT " FA_ACCESS_COLUMNS " FROM " FA_ACCESS_FROM
                                              " WHERE p.part_id = $1"};

    return run(db, &check, access, right, err) < 0 ? -1 : 0;
}

enum fa_db_outcome
fa_access_lock(struct fa_db *db, const struct fa_access *access, enum fa_right right,
               struct fa_error *err)
{
    static const struct fa_statement lock = {"access_lock",
                                             "SELECT " FA_ACCESS_COLUMNS " FROM " FA_ACCESS_FROM
                                             " WHERE p.part_id = $1 FOR UPDATE OF p"};

    return run(db, &lock, access, right, err);
}
