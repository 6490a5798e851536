/* Options: defaults, checks and secrets in files. */
#include "lib/base/options.h"
#include "tests/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    struct fa_options options;
    struct fa_arena arena;
    struct fa_error err;
    char path[64]; /* of a file that exists */
};

static const char *const variables[] = {
#define FA_OPTION(member, variable, type, preset, help) variable,
#include "lib/base/options.def"
#undef FA_OPTION
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int fd;

    assert_non_null(fixture);
    for (size_t i = 0; i < FA_COUNT(variables); i++)
        unsetenv(variables[i]);
    unsetenv("FILEAPI_DATABASE_FILE");
    strcpy(fixture->path, "/tmp/fileapi-option-XXXXXX");
    fd = mkstemp(fixture->path);
    assert_true(fd >= 0);
    close(fd);
    fa_arena_init(&fixture->arena, 1 << 20);
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    fa_arena_free(&fixture->arena);
    unlink(fixture->path);
    free(fixture);
    return 0;
}

static bool
is_read(struct fixture *fixture)
{
    fixture->err = (struct fa_error){0};
    return fa_options_read(&fixture->options, &fixture->arena, &fixture->err) == 0;
}

static void
write_file(const struct fixture *fixture, const char *text, size_t length)
{
    FILE *file = fopen(fixture->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    fclose(file);
}

/* An empty environment is a valid one, and so is an empty variable. */
static void
defaults_are_valid(void **state)
{
    struct fixture *fixture = *state;

    assert_true(is_read(fixture));
    assert_int_equal(fixture->options.max_upload, 2LL << 30);
    assert_int_equal(fixture->options.leeway, 30);
    assert_string_equal(fixture->options.log_level, "info");
    setenv("FILEAPI_MAX_UPLOAD", "", 1);
    assert_true(is_read(fixture));
    assert_int_equal(fixture->options.max_upload, 2LL << 30);
}

/* Bytes take suffixes of 1024; other numbers take none, and nothing overflows. */
static void
numbers_are_checked(void **state)
{
    static const struct {
        const char *variable;
        const char *text;
        int64_t bytes; /* -1: refused */
    } cases[] = {
        {"FILEAPI_MAX_UPLOAD", "0", 0},
        {"FILEAPI_MAX_UPLOAD", "1000", 1000},
        {"FILEAPI_MAX_UPLOAD", "3k", 3 << 10},
        {"FILEAPI_MAX_UPLOAD", "3M", 3 << 20},
        {"FILEAPI_MAX_UPLOAD", "3G", 3LL << 30},
        {"FILEAPI_MAX_UPLOAD", "3T", 3LL << 40},
        {"FILEAPI_MAX_UPLOAD", "9223372036854775807", INT64_MAX},
        {"FILEAPI_MAX_UPLOAD", "9223372036854775808", -1},
        {"FILEAPI_MAX_UPLOAD", "9223372036854775807k", -1},
        {"FILEAPI_MAX_UPLOAD", "-1", -1},
        {"FILEAPI_MAX_UPLOAD", "1.5G", -1},
        {"FILEAPI_MAX_UPLOAD", "1x", -1},
        {"FILEAPI_MAX_UPLOAD", "1kB", -1},
        {"FILEAPI_MAX_UPLOAD", "k", -1},
        {"FILEAPI_MAX_UPLOAD", "many", -1},
        {"FILEAPI_WORKERS", "4k", -1},
        {"FILEAPI_TOKEN_LEEWAY", "30s", -1},
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        setenv(cases[i].variable, cases[i].text, 1);
        if (is_read(fixture) != (cases[i].bytes >= 0))
            fail_msg("%s=%s", cases[i].variable, cases[i].text);
        if (cases[i].bytes >= 0) {
            assert_int_equal(fixture->options.max_upload, cases[i].bytes);
        } else {
            assert_int_equal(fixture->err.code, FA_E_INTERNAL);
            assert_non_null(strstr(fixture->err.detail, cases[i].variable));
        }
        unsetenv(cases[i].variable);
    }
}

/* A secret may come in a file, without the line end an editor adds; the variable itself wins. */
static void
secrets_come_in_files(void **state)
{
    static char longest[8193];
    struct fixture *fixture = *state;

    write_file(fixture, "host=db password=x\r\n", 20);
    setenv("FILEAPI_DATABASE_FILE", fixture->path, 1);
    assert_true(is_read(fixture));
    assert_string_equal(fixture->options.database, "host=db password=x");
    setenv("FILEAPI_DATABASE", "host=other", 1);
    assert_true(is_read(fixture));
    assert_string_equal(fixture->options.database, "host=other");
    unsetenv("FILEAPI_DATABASE");
    write_file(fixture, "", 0);
    assert_true(is_read(fixture));
    assert_string_equal(fixture->options.database, "");
    memset(longest, 'x', sizeof longest);
    write_file(fixture, longest, sizeof longest);
    assert_false(is_read(fixture));
    unlink(fixture->path);
    assert_false(is_read(fixture));
    assert_non_null(strstr(fixture->err.detail, fixture->path));
}

/* A misspelt option is told apart from what others have in the environment. */
static void
misspelt_names_are_found(void **state)
{
    static const struct {
        const char *line;
        const char *meant;
    } cases[] = {
        {"FILEAPI_JOB_SLOT=3", "FILEAPI_JOB_SLOTS"},
        {"FILEAPI_MAX_UPLAOD=1G", "FILEAPI_MAX_UPLOAD"},
        {"FILEAPI_WORKER=4", "FILEAPI_WORKERS"},
        {"FILEAPI_DATABSE_FILE=/x", "FILEAPI_DATABASE"},
        {"OIDC_ISSUR=https://x", "OIDC_ISSUER"},
        {"AWS_ENDPOINT_URL_S=https://x", "AWS_ENDPOINT_URL_S3"},
        {"FILEAPI_JOB_SLOTS=3", NULL},
        {"FILEAPI_DATABASE_FILE=/x", NULL},
        {"FILEAPI_URL=https://x", NULL},
        {"FILEAPI_LOGS=/x", NULL},
        {"FILEAPI_DIR=/x", NULL},
        {"AWS_DEFAULT_REGION=x", NULL},
        {"PATH=/bin", NULL},
        {"=", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        const char *meant = fa_options_meant(cases[i].line);

        if (cases[i].meant == NULL ? meant != NULL
                                   : meant == NULL || strcmp(meant, cases[i].meant) != 0)
            fail_msg("%s is taken for %s", cases[i].line, meant != NULL ? meant : "none");
    }
}

/* The sample names every option, each in a comment: as a configuration it changes nothing. */
static void
sample_is_complete(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    assert_non_null(out);
    fa_options_print_sample(out);
    fclose(out);
    for (size_t i = 0; i < FA_COUNT(variables); i++) {
        char line[80];

        snprintf(line, sizeof line, "\n#%s=", variables[i]);
        if (strstr(text, line) == NULL)
            fail_msg("%s is missing", variables[i]);
    }
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_true(*line == '#' || *line == '\n');
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

FA_RUN(TEST(defaults_are_valid), TEST(numbers_are_checked), TEST(secrets_come_in_files),
       TEST(misspelt_names_are_found), TEST(sample_is_complete))
