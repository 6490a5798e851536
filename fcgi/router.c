#include "fcgi/router.h"

#include <string.h>

static const char placeholder[] = "{part}";

/* Compares segment by segment; a slash at the end of `path` is optional. */
static bool
path_fits(const char *pattern, const char *path, struct fa_match *match)
{
    while (*pattern != '\0') {
        if (*pattern == *placeholder &&
            strncmp(pattern, placeholder, sizeof placeholder - 1) == 0) {
            size_t length = strcspn(path, "/");

            if (length == 0)
                return false;
            match->part = path;
            match->part_length = length;
            path += length;
            pattern += sizeof placeholder - 1;
            continue;
        }
        if (*path == '\0' && strcmp(pattern, "/") == 0)
            return true;
        if (*path++ != *pattern++)
            return false;
    }
    return *path == '\0';
}

static void
allow(struct fa_match *match, const char *method)
{
    size_t length = strlen(match->allow);

    if (strstr(match->allow, method) != NULL || length + strlen(method) + 3 > sizeof match->allow)
        return;
    if (length > 0)
        strcat(match->allow, ", ");
    strcat(match->allow, method);
}

void
fa_router_match(const struct fa_route *routes, const char *method, const char *path,
                struct fa_match *match)
{
    bool head = strcmp(method, "HEAD") == 0;
    bool literal = false;

    *match = (struct fa_match){.route = NULL};
    for (const struct fa_route *route = routes; route->method != NULL; route++) {
        struct fa_match candidate = {.part = NULL};

        if (!path_fits(route->path, path, &candidate))
            continue;
        /* "assets" is no part's id: a path that stands in the table as it is comes first there. */
        if (candidate.part != NULL && literal)
            continue;
        literal = candidate.part == NULL;
        match->known_path = true;
        allow(match, route->method);
        if ((route->flags & FA_ROUTE_HEAD) != 0)
            allow(match, "HEAD");
        if (match->route != NULL || strcmp(route->method, head ? "GET" : method) != 0 ||
            (head && (route->flags & FA_ROUTE_HEAD) == 0))
            continue;
        match->route = route;
        match->part = candidate.part;
        match->part_length = candidate.part_length;
    }
    if (match->known_path)
        allow(match, "OPTIONS");
}
