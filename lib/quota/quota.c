#include "lib/quota/quota.h"
#include "lib/db/lock.h"

const char *const fa_quota_resource_names[FA_QUOTA_RESOURCES] = {"bytes", "parts", "jobs"};
const char *const fa_quota_owner_names[FA_QUOTA_OWNERS] = {"user", "organization"};

static const enum fa_error_code codes[FA_QUOTA_OWNERS][FA_QUOTA_RESOURCES] = {
    {FA_E_QUOTA_USER_BYTES, FA_E_QUOTA_USER_PARTS, FA_E_QUOTA_USER_JOBS},
    {FA_E_QUOTA_ORGANIZATION_BYTES, FA_E_QUOTA_ORGANIZATION_PARTS, FA_E_QUOTA_ORGANIZATION_JOBS},
};

struct fa_quota_amounts
fa_quota_limits(const struct fa_options *options, enum fa_quota_owner owner)
{
    if (owner == FA_QUOTA_USER)
        return (struct fa_quota_amounts){
            {options->quota_user_bytes, options->quota_user_parts, options->quota_user_jobs}};
    return (struct fa_quota_amounts){{options->quota_organization_bytes,
                                      options->quota_organization_parts,
                                      options->quota_organization_jobs}};
}

/* `used` is negative when it was not looked up. */
static enum fa_db_outcome
refuse(enum fa_quota_owner owner, enum fa_quota_resource resource, int64_t used, int64_t limit,
       struct fa_error *err)
{
    const char *what = fa_quota_resource_names[resource];
    const char *who = fa_quota_owner_names[owner];

    if (used >= 0)
        fa_error_set(err, codes[owner][resource],
                     "The %s has %lld of %lld %s in use; this request does not fit.", who,
                     (long long)used, (long long)limit, what);
    else
        fa_error_set(err, codes[owner][resource],
                     "The %s may have %lld %s in all; this request alone has more.", who,
                     (long long)limit, what);
    if (err != NULL)
        err->quota =
            (struct fa_error_quota){.owner = who, .resource = what, .used = used, .limit = limit};
    return FA_DB_FAILED;
}

enum fa_db_outcome
fa_quota_read(struct fa_db *db, const struct fa_uuid *subject, struct fa_quota_amounts *used,
              struct fa_error *err)
{
    static const struct fa_statement read = {
        "quota_read",
        "SELECT COALESCE(sum(bytes), 0)::bigint AS bytes, COALESCE(sum(parts), 0)::bigint AS parts,"
        " (SELECT count(*) FROM job JOIN part USING (part_id) WHERE state IN ('queued', 'running')"
        "  AND (owner_id = $1 OR organization_id = $1)) AS jobs"
        " FROM quota_use WHERE subject_id = $1"};

    return fa_db_row(db, &read, FA_PARAMS(FA_UUID(subject)),
                     FA_COLUMNS(FA_COLUMN_INT("bytes", &used->of[FA_QUOTA_BYTES]),
                                FA_COLUMN_INT("parts", &used->of[FA_QUOTA_PARTS]),
                                FA_COLUMN_INT("jobs", &used->of[FA_QUOTA_JOBS])),
                     NULL, err);
}

static bool
is_limited(const struct fa_quota_amounts *limits, const struct fa_quota_amounts *added)
{
    for (int i = 0; i < FA_QUOTA_RESOURCES; i++)
        if (limits->of[i] > 0 && added->of[i] > 0)
            return true;
    return false;
}

/* The lock lasts until the commit: whoever comes next sees what this transaction wrote. */
static enum fa_db_outcome
check_subject(struct fa_db *db, const struct fa_uuid *subject, enum fa_quota_owner owner,
              const struct fa_quota_amounts *limits, const struct fa_quota_amounts *added,
              struct fa_error *err)
{
    static const struct fa_statement lock = {
        "quota_lock",
        "SELECT pg_advisory_xact_lock(" FA_LOCK_KEYS(FA_LOCK_QUOTA, "$1::uuid::text") ")"};
    struct fa_quota_amounts used = {{0}};
    enum fa_db_outcome outcome = fa_db_run(db, &lock, FA_PARAMS(FA_UUID(subject)), err);

    if (outcome >= 0)
        outcome = fa_quota_read(db, subject, &used, err);
    if (outcome < 0)
        return outcome;
    for (unsigned i = 0; i < FA_QUOTA_RESOURCES; i++)
        if (limits->of[i] > 0 && added->of[i] > 0 && used.of[i] > limits->of[i])
            return refuse(owner, i, used.of[i] - added->of[i], limits->of[i], err);
    return FA_DB_ROW;
}

enum fa_db_outcome
fa_quota_check(struct fa_db *db, const struct fa_options *options, const struct fa_uuid *part,
               const struct fa_quota_amounts *added, struct fa_error *err)
{
    static const struct fa_statement find = {
        "quota_subjects", "SELECT owner_id, organization_id, organization_id IS NOT NULL AS shared"
                          " FROM part WHERE part_id = $1"};
    const struct fa_quota_amounts limits[FA_QUOTA_OWNERS] = {
        fa_quota_limits(options, FA_QUOTA_USER), fa_quota_limits(options, FA_QUOTA_ORGANIZATION)};
    struct fa_uuid subjects[FA_QUOTA_OWNERS];
    bool shared = false;
    enum fa_db_outcome outcome = FA_DB_ROW;

    if (!is_limited(&limits[FA_QUOTA_USER], added) &&
        !is_limited(&limits[FA_QUOTA_ORGANIZATION], added))
        return FA_DB_ROW;
    outcome =
        fa_db_row(db, &find, FA_PARAMS(FA_UUID(part)),
                  FA_COLUMNS(FA_COLUMN_UUID("owner_id", &subjects[FA_QUOTA_USER]),
                             FA_COLUMN_UUID("organization_id", &subjects[FA_QUOTA_ORGANIZATION]),
                             FA_COLUMN_BOOL("shared", &shared)),
                  NULL, err);
    /* Always in this order: users wait for organizations, never the other way round. */
    for (unsigned i = 0; outcome >= 0 && i < (shared ? FA_QUOTA_OWNERS : FA_QUOTA_ORGANIZATION);
         i++)
        if (is_limited(&limits[i], added))
            outcome = check_subject(db, &subjects[i], i, &limits[i], added, err);
    return outcome;
}

int
fa_quota_announced(const struct fa_options *options, bool organization, int64_t bytes,
                   struct fa_error *err)
{
    for (unsigned i = 0; i < (organization ? FA_QUOTA_OWNERS : FA_QUOTA_ORGANIZATION); i++) {
        int64_t limit = fa_quota_limits(options, i).of[FA_QUOTA_BYTES];

        if (limit > 0 && bytes > limit)
            return refuse(i, FA_QUOTA_BYTES, -1, limit, err);
    }
    return 0;
}

int
fa_quota_fold(struct fa_db *db, struct fa_error *err)
{
    /* One statement: readers see the rows before or the row after.  A supervisor elsewhere that
     * folds the same subject finds its rows gone. */
    static const struct fa_statement fold = {
        "quota_fold",
        "WITH gone AS (DELETE FROM quota_use WHERE subject_id IN"
        "  (SELECT subject_id FROM quota_use WHERE NOT folded LIMIT 5000)"
        "  RETURNING subject_id, bytes, parts)"
        " INSERT INTO quota_use (subject_id, bytes, parts, folded)"
        " SELECT subject_id, sum(bytes), sum(parts), true FROM gone GROUP BY subject_id"};

    return fa_db_run(db, &fold, FA_NO_PARAMS, err) < 0 ? -1 : 0;
}
