/*
 * Machines: each runs one supervisor, which holds the advisory lock of its machine's name.
 *
 * While the lock is held, the supervisor is the one that knows which of the machine's children
 * live; when it is free, anybody may ask the children's own locks.
 */
#ifndef FA_JOB_MACHINE_H
#define FA_JOB_MACHINE_H

#include "lib/db/db.h"

enum { FA_MACHINE_BYTES = 256 };

struct fa_machine {
    bool alive;    /* a supervisor holds its lock; not to be asked by the supervisor itself */
    bool draining; /* takes no jobs */
    int64_t draining_s;
    int64_t running; /* jobs */
};

/* This machine and boot, "boot-id@host": a pid means something only with it.  `host`: a name in
 * place of the host's own (FILEAPI_JOB_MACHINE), or empty. */
int fa_machine_name(const char *host, char *machine, size_t size,
                    struct fa_error *err) FA_MUSTCHECK;

/* Takes the machine's lock for the session and each later one of `db`, and writes its row: it is
 * draining no more.  `machine` must outlive `db`.  FA_DB_NONE: another supervisor has the lock. */
enum fa_db_outcome fa_machine_enter(struct fa_db *db, const char *machine, int64_t slots,
                                    struct fa_error *err) FA_MUSTCHECK;

/* From the commit on the machine claims nothing, or claims again; FA_DB_NONE: no such machine. */
enum fa_db_outcome fa_machine_drain(struct fa_db *db, const char *machine, bool draining,
                                    struct fa_error *err) FA_MUSTCHECK;

enum fa_db_outcome fa_machine_read(struct fa_db *db, const char *machine, struct fa_machine *state,
                                   struct fa_error *err) FA_MUSTCHECK;

/* Drops the rows of machines that are gone and were started more than `keep_s` ago. */
enum fa_db_outcome fa_machine_prune(struct fa_db *db, int64_t keep_s,
                                    struct fa_error *err) FA_MUSTCHECK;

#endif
