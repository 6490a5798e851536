/* Log lines: always one JSON object, whatever a client sends. */
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
    struct fa_log log;
    int out;          /* where written lines can be read */
    char line[32768]; /* the last one */
};

static int
set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    int ends[2];

    assert_non_null(fixture);
    assert_int_equal(pipe(ends), 0);
    fa_log_init(&fixture->log, "test", "info");
    fixture->out = ends[0];
    fixture->log.fd = ends[1];
    *state = fixture;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *fixture = *state;

    close(fixture->out);
    close(fixture->log.fd);
    free(fixture);
    return 0;
}

/* The line just written as an object, which is the caller's. */
static struct json_object *
read_line(struct fixture *fixture)
{
    struct json_object *object = NULL;
    struct fa_error err;
    ssize_t length = read(fixture->out, fixture->line, sizeof fixture->line - 1);

    assert_true(length > 0);
    fixture->line[length] = '\0';
    assert_ptr_equal(strchr(fixture->line, '\n'), fixture->line + length - 1);
    assert_int_equal(fa_json_parse(fixture->line, (size_t)length, &object, &err), 0);
    return object;
}

/* Fields come out as they went in. */
static void
fields_are_written(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *line;
    double number;

    fixture->log.request_id = "r1";
    fa_log(&fixture->log, FA_LOG_WARNING, "request", FA_LOG_TEXT("method", "GET"),
           FA_LOG_NUMBER("status", -7), FA_LOG_TEXT("nothing", (const char *)NULL));
    line = read_line(fixture);
    assert_string_equal(fa_json_text(line, "level"), "warning");
    assert_string_equal(fa_json_text(line, "program"), "test");
    assert_string_equal(fa_json_text(line, "event"), "request");
    assert_string_equal(fa_json_text(line, "request_id"), "r1");
    assert_string_equal(fa_json_text(line, "method"), "GET");
    assert_string_equal(fa_json_text(line, "nothing"), "");
    assert_true(fa_json_number(line, "status", &number));
    assert_int_equal(number, -7);
    assert_true(fa_json_number(line, "pid", &number));
    assert_non_null(fa_json_text(line, "time"));
    fa_json_free(&line);
}

/* No value can end its line or its string: there is nothing to forge a line with. */
static void
values_cannot_forge(void **state)
{
    static const char *const hostile[] = {
        "a\",\"level\":\"error",
        "a\n{\"time\":\"\"}",
        "\x1b[2J\r\t\x7f",
        "\xff\xc0\x80\xed\xa0\x80",
        "\\",
        "\\\"",
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < FA_COUNT(hostile); i++) {
        struct json_object *line;

        fixture->log.request_id = hostile[i];
        fa_log(&fixture->log, FA_LOG_INFO, hostile[i], FA_LOG_TEXT("path", hostile[i]));
        line = read_line(fixture);
        assert_string_equal(fa_json_text(line, "level"), "info");
        assert_non_null(fa_json_text(line, "path"));
        for (const char *c = fixture->line; c[1] != '\0'; c++)
            assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        fa_json_free(&line);
    }
}

/* Lines below the level are not written; an unknown level is info. */
static void
level_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *line;
    int fd = fixture->log.fd;

    fa_log(&fixture->log, FA_LOG_DEBUG, "first", FA_LOG_NUMBER("n", 1));
    fa_log(&fixture->log, FA_LOG_INFO, "second", FA_LOG_NUMBER("n", 2));
    line = read_line(fixture);
    assert_string_equal(fa_json_text(line, "event"), "second");
    fa_json_free(&line);
    fa_log_init(&fixture->log, "test", "loud");
    assert_int_equal(fixture->log.level, FA_LOG_INFO);
    fa_log_init(&fixture->log, "test", "error");
    assert_int_equal(fixture->log.level, FA_LOG_ERROR);
    fixture->log.fd = fd;
}

/* The client's fault is news, ours is an error; both say what happened and what to do. */
static void
errors_have_their_level(void **state)
{
    static const struct {
        enum fa_error_code code;
        const char *level;
    } cases[] = {{FA_E_INPUT, "info"}, {FA_E_AUTH_INVALID, "info"}, {FA_E_DATABASE, "error"}};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < FA_COUNT(cases); i++) {
        struct fa_error err;
        struct json_object *line;

        fa_error_set(&err, cases[i].code, "it broke");
        if (i == 0)
            fa_error_action(&err, "mend it");
        fa_log_error(&fixture->log, "failed", &err);
        line = read_line(fixture);
        assert_string_equal(fa_json_text(line, "level"), cases[i].level);
        assert_string_equal(fa_json_text(line, "detail"), "it broke");
        assert_int_equal(fa_json_has(line, "action"), i == 0);
        fa_json_free(&line);
    }
}

/* A log that cannot be written changes nothing for who logs. */
static void
lost_lines_do_no_harm(void **state)
{
    struct fixture *fixture = *state;
    struct fa_log log = fixture->log;

    log.fd = -1;
    errno = ENOENT;
    fa_log(&log, FA_LOG_ERROR, "event", FA_LOG_NUMBER("n", 1));
    assert_int_equal(errno, ENOENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

FA_RUN(TEST(fields_are_written), TEST(values_cannot_forge), TEST(level_is_kept),
       TEST(errors_have_their_level), TEST(lost_lines_do_no_harm))
