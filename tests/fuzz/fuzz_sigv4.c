/*
 * The canonicaliser: names and values of any bytes.
 *
 * The input is lines: the path, then "name=value" parameters and ":name=value" headers.  The target
 * must hold nothing but what may stand in one, its parameters must be in order, and decoded it must
 * be the input again.
 */
#include "lib/base/cleanup.h"
#include "lib/store/sigv4.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    struct fa_sigv4_pair query[FA_SIGV4_PAIRS];
    struct fa_sigv4_pair headers[FA_SIGV4_PAIRS];
    size_t query_count;
    size_t header_count;
};

static void
read_line(struct input *input, char *line)
{
    bool is_header = *line == ':';
    char *value = is_header ? line + 1 : line;
    const char *name = strsep(&value, "=");
    struct fa_sigv4_pair pair = {name, value != NULL ? value : ""};

    if (is_header && input->header_count < FA_SIGV4_PAIRS)
        input->headers[input->header_count++] = pair;
    else if (!is_header && input->query_count < FA_SIGV4_PAIRS)
        input->query[input->query_count++] = pair;
}

/* A slow second opinion; of a path, '/' stays. */
static size_t
encode_all(const char *text, const char *plain, char *out)
{
    size_t length = 0;

    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) != NULL)
            out[length++] = *text;
        else
            length += (size_t)snprintf(out + length, 4, "%%%02X", (unsigned char)*text);
    }
    return length;
}

#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

static size_t
encode(const char *text, char *out)
{
    return encode_all(text, UNRESERVED, out);
}

/* The parameters are as many as were given, in order, and each that was given is among them. */
static void
check_query(const struct input *input, char *query, char *scratch)
{
    const char *given[FA_SIGV4_PAIRS];
    char *field;
    size_t count = 0;

    while ((field = strsep(&query, "&")) != NULL) {
        char *equals = strchr(field, '=');

        /* In the order of names, then values: '=' would sort among the characters of names. */
        if (count == input->query_count || equals == NULL)
            abort();
        *equals = '\1';
        if (count > 0 && strcmp(given[count - 1], field) > 0)
            abort();
        given[count++] = field;
    }
    if (count != input->query_count)
        abort();
    for (size_t i = 0; i < count; i++) {
        size_t length = encode(input->query[i].name, scratch);
        bool found = false;

        scratch[length++] = '\1';
        scratch[length + encode(input->query[i].value, scratch + length)] = '\0';
        for (size_t k = 0; k < count; k++)
            found = found || strcmp(given[k], scratch) == 0;
        if (!found)
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FA_CLEANUP(fa_arena_free) struct fa_arena arena;
    FA_AUTO_FREE char *scratch = malloc(6 * size + 16);
    FA_AUTO_FREE char *text = malloc(size + 1);
    struct fa_sigv4 signer = {
        .access_key = "AKIDEXAMPLE", .secret_key = "secret", .region = "r", .service = "s3"};
    struct input input = {.query_count = 0};
    struct fa_sigv4_signed result;
    struct fa_error err;
    char *rest = text;
    char *line;
    char *path;
    size_t length;

    if (text == NULL || scratch == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    path = strsep(&rest, "\n");
    while ((line = strsep(&rest, "\n")) != NULL)
        read_line(&input, line);
    fa_arena_init(&arena, 8 << 20);
    if (fa_sigv4_sign(&signer,
                      &(const struct fa_sigv4_request){.method = "GET",
                                                       .path = path,
                                                       .query = input.query,
                                                       .query_count = input.query_count,
                                                       .headers = input.headers,
                                                       .header_count = input.header_count,
                                                       .payload_hash = FA_SIGV4_UNSIGNED,
                                                       .time_us = 1440938160000000},
                      &arena, &result, &err) < 0)
        return 0;
    length = encode_all(path, UNRESERVED "/", scratch);
    if (strncmp(result.target, scratch, length) != 0 ||
        result.target[length] != (input.query_count > 0 ? '?' : '\0') ||
        strlen(result.signature) != 64)
        abort();
    if (input.query_count > 0)
        check_query(&input, fa_arena_strdup(&arena, result.target + length + 1), scratch);
    return 0;
}
