/* GET /api/v1/quota/: what the user and the organization use, and what they may. */
#include "lib/quota/quota.h"
#include "handlers/handler.h"
#include "lib/account/account.h"

#include <json-c/json.h>

static int
add_owner(struct fa_ctx *ctx, struct json_object *answer, enum fa_quota_owner owner,
          const struct fa_uuid *subject, struct fa_error *err)
{
    const struct fa_quota_amounts limits = fa_quota_limits(ctx->options, owner);
    struct fa_quota_amounts used = {{0}};
    struct json_object *object;

    if (fa_quota_read(ctx->db, subject, &used, err) < 0)
        return -1;
    object = json_object_new_object();
    for (int i = 0; i < FA_QUOTA_RESOURCES; i++) {
        struct json_object *resource = json_object_new_object();

        json_object_object_add(resource, "used", json_object_new_int64(used.of[i]));
        json_object_object_add(resource, "limit",
                               limits.of[i] > 0 ? json_object_new_int64(limits.of[i]) : NULL);
        json_object_object_add(object, fa_quota_resource_names[i], resource);
    }
    json_object_object_add(answer, fa_quota_owner_names[owner], object);
    return 0;
}

int
fa_quota_get(struct fa_ctx *ctx, const struct fa_request *request, struct fa_reply *reply,
             struct fa_error *err)
{
    const struct fa_account *account = request->access.account;
    struct json_object *answer = json_object_new_object();
    int result = add_owner(ctx, answer, FA_QUOTA_USER, &account->id, err);

    if (result == 0 && account->organization_count == 0)
        json_object_object_add(answer, "organization", NULL);
    else if (result == 0)
        result = add_owner(ctx, answer, FA_QUOTA_ORGANIZATION, &account->organizations[0], err);
    if (result == 0)
        return fa_reply_json(request, reply, answer, err);
    json_object_put(answer);
    return -1;
}
