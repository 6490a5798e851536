/* A page of kept events, as JSON. */
#ifndef FA_WS_PAGE_H
#define FA_WS_PAGE_H

#include "ws/hub.h"

struct fa_page_request {
    const char *after; /* as it came; NULL: from the beginning of what is kept */
    struct fa_event_place place;
    int64_t limit;
};

/* Reads `after` and `limit`; FA_E_INPUT. */
int fa_page_read_request(const char *query, struct fa_arena *arena, struct fa_page_request *request,
                         struct fa_error *err) FA_MUSTCHECK;

/* Prints {"events", "next", "more", "resync"}.  FA_E_DATABASE. */
int fa_page_print(struct fa_hub *hub, const struct fa_uuid *account,
                  const struct fa_page_request *request, struct fa_buf *out,
                  struct fa_error *err) FA_MUSTCHECK;

#endif
