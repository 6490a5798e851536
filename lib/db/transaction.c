#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/db/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 3, JITTER_US = 10000, ASK_PAUSE_US = 100000 };

/* A crash can lose the number of a transaction that was not on disk yet, and the server gives it to
 * another one then.  Statistics are begun anew by each crash, and are each server's own: a number
 * means what it did as long as their start is the same. */
static const struct fa_statement current_transaction = {
    "current_transaction", "SELECT pg_current_xact_id_if_assigned()::text AS id,"
                           " stats_reset::text AS epoch FROM pg_stat_bgwriter"};

static const struct fa_statement transaction_status = {
    "transaction_status",
    "SELECT CASE WHEN stats_reset::text IS NOT DISTINCT FROM $2"
    "             THEN pg_xact_status($1::text::xid8)"
    "            WHEN $1::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) THEN 'aborted'"
    "            WHEN pg_xact_status($1::text::xid8) = 'committed' THEN 'unknown'"
    "            ELSE 'aborted' END AS status FROM pg_stat_bgwriter"};

/* A transaction as the server knows it. */
struct ticket {
    const char *id;    /* NULL: it has written nothing */
    const char *epoch; /* since when the number holds */
};

/* Asks on a new connection what became of the transaction, until `deadline_us`, but once at least.
 */
static enum fa_db_outcome
ask_commit(struct fa_db *db, const struct ticket *ticket, int64_t deadline_us,
           struct fa_arena *arena, struct fa_error *err)
{
    do {
        const char *status = NULL;
        enum fa_db_outcome outcome = fa_db_row(
            db, &transaction_status, FA_PARAMS(FA_TEXT(ticket->id), FA_TEXT(ticket->epoch)),
            FA_COLUMNS(FA_COLUMN_TEXT("status", &status)), arena, err);

        if (outcome == FA_DB_ROW && status != NULL && strcmp(status, "committed") == 0)
            return FA_DB_ROW;
        if (outcome == FA_DB_ROW && status != NULL && strcmp(status, "aborted") == 0)
            return fa_db_fail(err, FA_E_DATABASE, "commit: connection lost, rolled back");
        if (outcome == FA_DB_ROW && status != NULL && strcmp(status, "unknown") == 0)
            break;
        usleep(ASK_PAUSE_US);
    } while (fa_clock_monotonic_us() < deadline_us);
    return fa_db_fail(err, FA_E_DATABASE, "commit: outcome of transaction %s unknown", ticket->id);
}

static enum fa_db_outcome
commit(struct fa_db *db, struct fa_error *err)
{
    FA_AUTO_ARENA(arena, 64 * 1024);
    struct ticket ticket = {NULL, NULL};
    int64_t deadline_us;
    enum fa_db_outcome outcome;

    outcome = fa_db_row(
        db, &current_transaction, FA_NO_PARAMS,
        FA_COLUMNS(FA_COLUMN_TEXT("id", &ticket.id), FA_COLUMN_TEXT("epoch", &ticket.epoch)),
        &arena, err);
    if (outcome < 0)
        return outcome;
    deadline_us = fa_clock_monotonic_us() + db->timeout_us;
    outcome = fa_db_command(db, "COMMIT", "commit", err);
    db->in_transaction = false;
    if (outcome < 0 && db->conn == NULL && ticket.id != NULL)
        return ask_commit(db, &ticket, deadline_us, &arena, err);
    return outcome;
}

static enum fa_db_outcome
attempt(struct fa_db *db, fa_db_work *work, void *closure, struct fa_error *err)
{
    enum fa_db_outcome outcome;
    enum fa_db_outcome ended;

    if (fa_db_connect(db, err) < 0)
        return FA_DB_FAILED;
    if (fa_db_command(db, "BEGIN", "begin", err) < 0)
        return FA_DB_FAILED;
    db->in_transaction = true;
    outcome = work(db, closure, err);
    if (outcome >= 0) {
        ended = commit(db, err);
        if (ended < 0)
            outcome = ended;
    }
    if (db->in_transaction && db->conn != NULL) {
        /* The error that led here is the one to report. */
        struct fa_error ignored;

        (void)!fa_db_command(db, "ROLLBACK", "rollback", &ignored);
    }
    db->in_transaction = false;
    return outcome;
}

enum fa_db_outcome
fa_db_transaction(struct fa_db *db, fa_db_work *work, void *closure, struct fa_error *err)
{
    enum fa_db_outcome outcome = attempt(db, work, closure, err);

    for (int i = 1; outcome == FA_DB_RETRY && i < TRIES; i++) {
        usleep((useconds_t)(random() % (JITTER_US << i)));
        outcome = attempt(db, work, closure, err);
    }
    if (outcome == FA_DB_RETRY)
        fa_error_wrap(err, "tried %d times", TRIES);
    return outcome;
}
