/* Routing, and the names of downloads. */
#include "fcgi/router.h"
#include "handlers/download.h"
#include "lib/part/asset_type.h"
#include "tests/unit/unit.h"

#define ID "bd288e8369c944e38ae22dbfe562ca3e"

static const struct fa_route *
route_of(const char *method, const char *path, struct fa_match *match)
{
    fa_router_match(fa_routes, method, path, match);
    return match->route;
}

/* Every path works with and without its slash. */
static void
slash_is_optional(void **state)
{
    struct fa_match with, without;

    (void)state;
    assert_non_null(route_of("GET", "/api/v1/part/" ID "/thumbnail-file/", &with));
    assert_ptr_equal(with.route, route_of("GET", "/api/v1/part/" ID "/thumbnail-file", &without));
    assert_int_equal(with.part_length, 32);
    assert_memory_equal(with.part, ID, 32);
    assert_null(route_of("GET", "/api/v1/part/" ID "/thumbnail-file//", &with));
    assert_null(route_of("GET", "/api/v1/part//thumbnail-file/", &with));
    assert_false(with.known_path);
}

/* A known path with a method it lacks says which it has; the start routes have no HEAD. */
static void
methods_are_told(void **state)
{
    struct fa_match match;

    (void)state;
    assert_null(route_of("DELETE", "/api/v1/part/" ID "/thumbnail-file/", &match));
    assert_true(match.known_path);
    assert_string_equal(match.allow, "GET, HEAD, OPTIONS");
    assert_non_null(route_of("HEAD", "/api/v1/part/" ID "/upload-file/", &match));
    assert_null(route_of("HEAD", "/api/v1/part/" ID "/analysis-results-file/", &match));
    assert_non_null(route_of("PUT", "/api/v1/part/" ID "/fetch-analysis-results-file/", &match));
}

/* A path that stands in the table as it is hides those with a placeholder. */
static void
assets_is_no_part(void **state)
{
    struct fa_match match;

    (void)state;
    assert_non_null(route_of("POST", "/api/v1/part/assets", &match));
    assert_null(match.part);
    assert_null(route_of("GET", "/api/v1/part/assets/", &match));
    assert_string_equal(match.allow, "POST, OPTIONS");
    assert_non_null(route_of("PATCH", "/api/v1/part/" ID, &match));
    assert_non_null(route_of("GET", "/api/v1/part", &match));
}

/* Content-Disposition has an ASCII form and the real name (RFC 6266, RFC 8187). */
static void
disposition_keeps_names(void **state)
{
    struct fa_arena arena;

    (void)state;
    fa_arena_init(&arena, 1 << 20);
    assert_string_equal(fa_disposition(&arena, "a b.stl"),
                        "attachment; filename=\"a b.stl\"; filename*=UTF-8''a%20b.stl");
    assert_string_equal(fa_disposition(&arena, "\xc3\x84\"\r\n.stl"),
                        "attachment; filename=\"____.stl\"; filename*=UTF-8''%C3%84%22%0D%0A.stl");
    fa_arena_free(&arena);
}

/* Formats are known by their extension in any case; what a browser could run is left out. */
static void
formats_are_known(void **state)
{
    (void)state;
    assert_true(fa_format_of("x.STL")->processed);
    assert_true(fa_format_of("x.3mf")->processed);
    assert_true(fa_format_of("x.amf")->cad && !fa_format_of("x.amf")->processed);
    assert_false(fa_format_of("x.pdf")->cad);
    assert_true(fa_format_orients(fa_format_of("x.StEp")));
    assert_false(fa_format_orients(fa_format_of("x.ply")));
    assert_string_equal(fa_format_of("x.html")->media_type, "application/octet-stream");
    assert_string_equal(fa_format_of("x.svg")->media_type, "application/octet-stream");
    assert_int_equal(fa_processing_of("cad", "x.stp", false), FA_PROCESS_CAD);
    assert_int_equal(fa_processing_of("misc", "x.stl", false), FA_PROCESS_NOTHING);
    assert_int_equal(fa_processing_of("drawing", "x.pdf", true), FA_PROCESS_NOTHING);
    assert_int_equal(fa_stem_length("MyPart.v2.stl"), 9);
    assert_int_equal(fa_stem_length(".stl"), 4);
}

FA_RUN(cmocka_unit_test(slash_is_optional), cmocka_unit_test(methods_are_told),
       cmocka_unit_test(assets_is_no_part), cmocka_unit_test(disposition_keeps_names),
       cmocka_unit_test(formats_are_known))
