/* The one way to take something away. */
#ifndef FA_HANDLERS_REMOVED_H
#define FA_HANDLERS_REMOVED_H

#include "handlers/handler.h"
#include "lib/part/removal.h"

typedef int fa_remover(struct fa_db *db, struct fa_removal *removal, struct fa_error *err);

/* Runs `remove` for the request's part (and its field `basename`, where the route has one), then
 * tells whoever listens. */
int fa_removed(struct fa_ctx *ctx, const struct fa_request *request, fa_remover *remove,
               struct fa_error *err) FA_MUSTCHECK;

#endif
