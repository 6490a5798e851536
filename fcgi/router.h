/* Which route answers a path; pure text, no services. */
#ifndef FA_FCGI_ROUTER_H
#define FA_FCGI_ROUTER_H

#include "handlers/handler.h"

struct fa_match {
    const struct fa_route *route; /* NULL: unknown path, or a method it does not know */
    bool known_path;
    const char *part; /* the segment in place of {part}; NULL: none */
    size_t part_length;
    char allow[64]; /* methods of the path, as the Allow header lists them */
};

/* Looks `method` and `path` (no query) up in `routes`.  HEAD finds the GET of routes that deliver
 * files.  A path without a placeholder hides those with one that fit too and stand after it. */
void fa_router_match(const struct fa_route *routes, const char *method, const char *path,
                     struct fa_match *match);

#endif
