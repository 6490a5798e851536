/* What a verified token must say, and what is read from it. */
#include "tests/unit/issuer.h"

/* Who and for whom: each claim's rule, on both sides of its edge. */
static void
claims_have_edges(void **state)
{
    static const char *const good[] = {
        PAYLOAD(""),
        PAYLOAD(",\"typ\":\"Bearer\""),
        "{\"iss\":\"https://"
        "issuer\",\"aud\":[\"x\",7,\"fileapi\"],\"sub\":\"a\",\"exp\":1700000100}",
        WITHOUT_SUB(",\"sub\":\"\xc3\xa4\xf0\x9f\x98\x80\""),
    };
    static const char *const bad[] = {
        "{\"iss\":\"https://other\",\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":\"https://issuer/\",\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":[\"https://issuer\"],\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":1700000100}",
        "{\"aud\":\"fileapi\",\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":\"https://issuer\",\"aud\":\"other\",\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":\"https://issuer\",\"aud\":[\"other\"],\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":\"https://issuer\",\"aud\":[],\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":\"https://issuer\",\"aud\":{\"fileapi\":1},\"sub\":\"a\",\"exp\":1700000100}",
        "{\"iss\":\"https://issuer\",\"sub\":\"a\",\"exp\":1700000100}",
        WITHOUT_SUB(""),
        WITHOUT_SUB(",\"sub\":\"\""),
        WITHOUT_SUB(",\"sub\":7"),
        WITHOUT_SUB(",\"sub\":null"),
        WITHOUT_SUB(",\"sub\":\"a\\u0000b\""),
        WITHOUT_SUB(",\"sub\":\"a\\nb\""),
        WITHOUT_SUB(",\"sub\":\"a\\u007f\""),
        WITHOUT_SUB(",\"sub\":\"a\\u0085\""),
        WITHOUT_SUB(",\"sub\":\"a\xff\""),
        PAYLOAD(",\"typ\":\"Refresh\""),
        PAYLOAD(",\"typ\":\"ID\""),
        PAYLOAD(",\"typ\":\"bearer\""),
        PAYLOAD(",\"typ\":[\"Bearer\"]"),
        PAYLOAD(",\"typ\":null"),
        PAYLOAD(",\"sub\":\"bob\""),
        "[]",
        "null",
        "\"x\"",
        "x",
        "",
        PAYLOAD("") " ,",
    };

    expect_payloads(*state, good, FA_COUNT(good), true);
    expect_payloads(*state, bad, FA_COUNT(bad), false);
}

#define TIMED(claims) "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"a\"" claims "}"

/* Times have a leeway of 30 s, no more; exp must be there. */
static void
times_have_edges(void **state)
{
    static const char *const good[] = {
        TIMED(",\"exp\":1699999971"),
        TIMED(",\"exp\":1699999970.5"),
        TIMED(",\"exp\":99999999999"),
        TIMED(",\"exp\":1700000100,\"nbf\":1700000030"),
        TIMED(",\"exp\":1700000100,\"iat\":1700000030"),
        TIMED(",\"exp\":1700000100,\"nbf\":0,\"iat\":0"),
        TIMED(",\"exp\":1.7000001e9"),
    };
    static const char *const bad[] = {
        TIMED(""),
        TIMED(",\"exp\":1699999970"),
        TIMED(",\"exp\":1"),
        TIMED(",\"exp\":-1"),
        TIMED(",\"exp\":1700000100000"),
        TIMED(",\"exp\":1e999"),
        TIMED(",\"exp\":\"1700000100\""),
        TIMED(",\"exp\":null"),
        TIMED(",\"exp\":true"),
        TIMED(",\"exp\":1700000100,\"nbf\":1700000031"),
        TIMED(",\"exp\":1700000100,\"iat\":1700000031"),
        TIMED(",\"exp\":1700000100,\"nbf\":\"0\""),
        TIMED(",\"exp\":1700000100,\"nbf\":null"),
        TIMED(",\"exp\":1700000100,\"iat\":[]"),
        TIMED(",\"exp\":1,\"exp\":1700000100"),
    };
    struct issuer *issuer = *state;

    expect_payloads(issuer, good, FA_COUNT(good), true);
    expect_payloads(issuer, bad, FA_COUNT(bad), false);
    assert_true(verifies_by(issuer, &then, sign(issuer, RS256, TIMED(",\"exp\":1700000100.5"))));
    assert_int_equal(issuer->identity.expires_us, 1700000100500000);
}

static void
expect_organizations(struct issuer *issuer, const char *payload, const char *expected)
{
    char seen[256] = "";

    assert_true(verifies_by(issuer, &then, sign(issuer, RS256, payload)));
    for (size_t i = 0; i < issuer->identity.organization_count; i++) {
        strcat(seen, issuer->identity.organizations[i]);
        strcat(seen, ";");
    }
    assert_string_equal(seen, expected);
}

/* Keycloak's three forms of the claim, sorted and each once; what is no alias is no organization.
 */
static void
organizations_come_in_three_forms(void **state)
{
    struct issuer *issuer = *state;

    expect_organizations(issuer, PAYLOAD(""), "");
    expect_organizations(issuer, PAYLOAD(",\"organization\":\"acme\""), "acme;");
    expect_organizations(issuer, PAYLOAD(",\"organization\":[\"z\",\"a\",\"z\",7,\"\",null]"),
                         "a;z;");
    expect_organizations(
        issuer, PAYLOAD(",\"organization\":{\"z\":{},\"a\":{\"id\":\"1\"},\"m\":null}"), "a;m;z;");
    expect_organizations(issuer, PAYLOAD(",\"organization\":[]"), "");
    expect_organizations(issuer, PAYLOAD(",\"organization\":{}"), "");
    expect_organizations(issuer, PAYLOAD(",\"organization\":7"), "");
    expect_organizations(issuer, PAYLOAD(",\"organization\":[\"a\\nb\",\"a\\u0000\",\"\\u0090\"]"),
                         "");
}

/* Of more than 64 organizations the first by alias count, in whatever order they were told. */
static void
organizations_are_limited(void **state)
{
    struct issuer *issuer = *state;
    struct fa_buf payload;

    fa_buf_init(&payload, 16384);
    fa_buf_add_text(&payload, "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"a\","
                              "\"exp\":1700000100,\"organization\":[\"z\"");
    for (int i = 99; i >= 0; i--)
        fa_buf_printf(&payload, ",\"org-%02d\"", i);
    fa_buf_add_text(&payload, "]}");
    assert_true(verifies_by(issuer, &then, sign(issuer, RS256, payload.data)));
    fa_buf_free(&payload);
    assert_int_equal(issuer->identity.organization_count, 64);
    assert_string_equal(issuer->identity.organizations[0], "org-00");
    assert_string_equal(issuer->identity.organizations[63], "org-63");
}

/* Roles come from the realm and from the one client; an admin is a manager. */
static void
roles_come_from_two_places(void **state)
{
    static const struct {
        const char *payload;
        bool manager;
        bool admin;
    } cases[] = {
        {PAYLOAD(""), false, false},
        {PAYLOAD(",\"realm_access\":{\"roles\":[\"user\",\"manager\"]}"), true, false},
        {PAYLOAD(",\"realm_access\":{\"roles\":[\"admin\"]}"), true, true},
        {PAYLOAD(",\"resource_access\":{\"fileapi\":{\"roles\":[\"manager\"]}}"), true, false},
        {PAYLOAD(",\"resource_access\":{\"fileapi\":{\"roles\":[\"admin\"]}}"), true, true},
        {PAYLOAD(",\"resource_access\":{\"account\":{\"roles\":[\"admin\"]}}"), false, false},
        {PAYLOAD(",\"realm_access\":{\"roles\":\"admin\"}"), false, false},
        {PAYLOAD(",\"realm_access\":{\"roles\":{\"admin\":1}}"), false, false},
        {PAYLOAD(",\"realm_access\":[\"admin\"]"), false, false},
        {PAYLOAD(",\"realm_access\":{\"roles\":[\"Admin\",\"administrator\",[\"admin\"]]}"), false,
         false},
        {PAYLOAD(",\"roles\":[\"admin\"]"), false, false},
        {PAYLOAD(",\"realm_access\":null,\"resource_access\":{\"fileapi\":null}"), false, false},
    };
    struct issuer *issuer = *state;

    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        assert_true(verifies_by(issuer, &then, sign(issuer, RS256, cases[i].payload)));
        if (issuer->identity.manager != cases[i].manager ||
            issuer->identity.admin != cases[i].admin)
            fail_msg("wrong roles: %s", cases[i].payload);
    }
}

/* A name or an address that cannot be shown is left out; it is no reason to refuse. */
static void
odd_display_texts_are_left_out(void **state)
{
    struct issuer *issuer = *state;
    char *longest = fa_arena_alloc(&issuer->arena, 257);

    memset(longest, 'n', 255);
    assert_true(verifies_by(
        issuer, &then,
        sign(issuer, RS256,
             fa_arena_printf(&issuer->arena, PAYLOAD(",\"name\":\"%s\",\"email\":\"a\\u001b\""),
                             longest))));
    assert_string_equal(issuer->identity.name, longest);
    assert_null(issuer->identity.email);
    longest[255] = 'n';
    assert_true(verifies_by(
        issuer, &then,
        sign(issuer, RS256,
             fa_arena_printf(&issuer->arena, PAYLOAD(",\"name\":\"%s\",\"email\":7"), longest))));
    assert_null(issuer->identity.name);
    assert_false(verifies_by(
        issuer, &then,
        sign(issuer, RS256,
             fa_arena_printf(&issuer->arena, WITHOUT_SUB(",\"sub\":\"%s\""), longest))));
}

/* Want of memory is no fault of the token: 503, not 401, and no identity with a claim missing. */
static void
want_of_memory_is_told(void **state)
{
    struct issuer *issuer = *state;
    const struct fa_token_rules by = rules_of(issuer, &then);
    struct fa_buf payload;
    char *token;
    bool seen = false;

    fa_buf_init(&payload, 16384);
    fa_buf_add_text(&payload, "{\"iss\":\"https://issuer\",\"aud\":\"fileapi\",\"sub\":\"a\","
                              "\"exp\":1700000100,\"name\":\"n\",\"organization\":[\"o\"");
    for (int i = 0; i < 62; i++)
        fa_buf_printf(&payload, ",\"organization-with-a-long-name-%02d%0100d\"", i, 0);
    fa_buf_add_text(&payload, "]}");
    token = sign(issuer, RS256, payload.data);
    fa_buf_free(&payload);
    for (size_t limit = 1024; limit < 128 * 1024; limit += 1024) {
        struct fa_arena small;
        int result;

        fa_arena_init(&small, limit);
        result =
            fa_token_verify(&by, token, strlen(token), &small, &issuer->identity, &issuer->err);
        if (result < 0)
            assert_int_equal(issuer->err.code, FA_E_MEMORY);
        else
            assert_int_equal(issuer->identity.organization_count, 63);
        seen = seen || result == 0;
        fa_arena_free(&small);
    }
    assert_true(seen);
}

FA_RUN(WITH(claims_have_edges, open_rsa), WITH(times_have_edges, open_rsa),
       WITH(organizations_come_in_three_forms, open_rsa), WITH(organizations_are_limited, open_rsa),
       WITH(roles_come_from_two_places, open_rsa), WITH(odd_display_texts_are_left_out, open_rsa),
       WITH(want_of_memory_is_told, open_rsa))
