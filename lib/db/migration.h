/* Migrations: numbered, append-only, registered in table schema_migration. */
#ifndef FA_DB_MIGRATION_H
#define FA_DB_MIGRATION_H

#include "lib/db/db.h"

struct fa_migration {
    int64_t version;
    const char *name;
    const char *script; /* SQL statements */
};

/* Makes the table of migrations when there is none. */
int fa_migration_prepare(struct fa_db *db, struct fa_error *err) FA_MUSTCHECK;

/* Applies the migration and registers it in one transaction: 1 when it was applied, 0 when it was
 * there already, -1 with `err`; also when another text was applied under its number. */
int fa_migration_apply(struct fa_db *db, const struct fa_migration *migration,
                       struct fa_error *err) FA_MUSTCHECK;

#endif
