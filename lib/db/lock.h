/*
 * The advisory locks: who may be taken for whom is decided by these numbers, so all stand here.
 *
 * Most have two keys, a kind of ours and what it is about; PostgreSQL keeps them apart from those
 * of one key, which are FA_LOCK_MIGRATION and 20818, the one caller of event_publish (sql/).
 */
#ifndef FA_DB_LOCK_H
#define FA_DB_LOCK_H

#define FA_LOCK_ATTEMPT   "20815" /* of a job: the child that works holds it */
#define FA_LOCK_OBJECT    "20816" /* work that one process at a time does on objects */
#define FA_LOCK_MIGRATION "20816"
#define FA_LOCK_QUOTA     "20817" /* of a user or an organization, until the commit */
#define FA_LOCK_MACHINE   "20819" /* the machine's one supervisor holds it */

/* The keys of a lock about a text. */
#define FA_LOCK_KEYS(kind, text) kind ", hashtext(" text ")"

/* Whether nobody holds the lock, so whoever would is dead: taking it and giving it back in one
 * statement is the test. */
#define FA_LOCK_IS_FREE(keys)                                                                      \
    " CASE WHEN pg_try_advisory_lock(" keys ") THEN pg_advisory_unlock(" keys ") ELSE false END "

#endif
