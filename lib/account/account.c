#include "lib/account/account.h"

/* The first SELECT finds nearly everyone without writing; a change or a newcomer writes.  What a
 * token does not tell is left as it was: a client's own token has neither name nor e-mail. */
static enum fa_db_outcome
see_user(struct fa_db *db, const struct fa_identity *identity, struct fa_uuid *account_r,
         struct fa_error *err)
{
    static const struct fa_statement find = {
        "account_find", "SELECT account_id FROM account WHERE issuer = $1 AND subject = $2"
                        " AND ($3::text IS NULL OR name IS NOT DISTINCT FROM $3)"
                        " AND ($4::text IS NULL OR email IS NOT DISTINCT FROM $4)"};
    static const struct fa_statement upsert = {
        "account_upsert", "INSERT INTO account (account_id, issuer, subject, name, email)"
                          " VALUES ($5, $1, $2, $3, $4)"
                          " ON CONFLICT (issuer, subject) DO UPDATE"
                          " SET name = COALESCE(excluded.name, account.name),"
                          "  email = COALESCE(excluded.email, account.email), updated_at = now()"
                          " RETURNING account_id"};
    struct fa_uuid fresh = fa_uuid_new();
    struct fa_columns columns = FA_COLUMNS(FA_COLUMN_UUID("account_id", account_r));
    enum fa_db_outcome outcome =
        fa_db_row(db, &find,
                  FA_PARAMS(FA_TEXT(identity->issuer), FA_TEXT(identity->subject),
                            FA_TEXT(identity->name), FA_TEXT(identity->email)),
                  columns, NULL, err);

    if (outcome != FA_DB_NONE)
        return outcome;
    return fa_db_row(db, &upsert,
                     FA_PARAMS(FA_TEXT(identity->issuer), FA_TEXT(identity->subject),
                               FA_TEXT(identity->name), FA_TEXT(identity->email), FA_UUID(&fresh)),
                     columns, NULL, err);
}

static enum fa_db_outcome
see_organization(struct fa_db *db, const char *alias, struct fa_uuid *organization_r,
                 struct fa_error *err)
{
    static const struct fa_statement find = {
        "organization_find", "SELECT organization_id FROM organization WHERE alias = $1"};
    static const struct fa_statement upsert = {
        "organization_upsert", "INSERT INTO organization (organization_id, alias) VALUES ($2, $1)"
                               " ON CONFLICT (alias) DO UPDATE SET alias = excluded.alias"
                               " RETURNING organization_id"};
    struct fa_uuid fresh = fa_uuid_new();
    struct fa_columns columns = FA_COLUMNS(FA_COLUMN_UUID("organization_id", organization_r));
    enum fa_db_outcome outcome =
        fa_db_row(db, &find, FA_PARAMS(FA_TEXT(alias)), columns, NULL, err);

    if (outcome != FA_DB_NONE)
        return outcome;
    return fa_db_row(db, &upsert, FA_PARAMS(FA_TEXT(alias), FA_UUID(&fresh)), columns, NULL, err);
}

enum fa_db_outcome
fa_account_seen(struct fa_db *db, const struct fa_identity *identity, struct fa_account *account_r,
                struct fa_error *err)
{
    account_r->organization_count = identity->organization_count;
    for (size_t i = 0; i < identity->organization_count; i++) {
        enum fa_db_outcome outcome =
            see_organization(db, identity->organizations[i], &account_r->organizations[i], err);

        if (outcome < 0)
            return outcome;
    }
    return see_user(db, identity, &account_r->id, err);
}
