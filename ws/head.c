#include "ws/head.h"

#include <string.h>
#include <strings.h>

static const char token_characters[] = "!#$%&'*+-.^_`|~0123456789"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool
is_token(const char *text)
{
    return *text != '\0' && text[strspn(text, token_characters)] == '\0';
}

/* Visible ASCII: what may stand in a target. */
static bool
is_target(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return *text == '/';
}

static bool
is_value(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    return true;
}

/* Cuts the text at the first `mark`; what comes after it, or NULL. */
static char *
cut(char *text, const char *mark)
{
    char *at = strstr(text, mark);

    if (at == NULL)
        return NULL;
    *at = '\0';
    return at + strlen(mark);
}

static bool
read_request_line(char *line, struct fa_head *head)
{
    char *target = cut(line, " ");
    char *version = target != NULL ? cut(target, " ") : NULL;
    char *query;

    if (version == NULL || strcmp(version, "HTTP/1.1") != 0 || !is_token(line) ||
        !is_target(target))
        return false;
    query = cut(target, "?");
    head->method = line;
    head->path = target;
    head->query = query != NULL ? query : "";
    return true;
}

static bool
read_field(char *line, struct fa_head *head)
{
    char *value = cut(line, ":");
    size_t length;

    if (value == NULL || head->field_count == FA_HEAD_FIELDS || !is_token(line))
        return false;
    value += strspn(value, " \t");
    length = strlen(value);
    while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
        value[--length] = '\0';
    head->fields[head->field_count++] = (struct fa_head_field){line, value};
    return is_value(value);
}

long
fa_head_read(char *bytes, size_t length, struct fa_head *head_r)
{
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    char *next;
    bool good;

    *head_r = (struct fa_head){.method = NULL};
    if (end == NULL)
        return length >= FA_HEAD_BYTES ? -1 : 0;
    bytes[end - bytes] = '\0';
    /* A NUL would hide what comes behind it. */
    if (end - bytes > FA_HEAD_BYTES || strlen(bytes) != (size_t)(end - bytes))
        return -1;
    next = cut(bytes, "\r\n");
    good = read_request_line(bytes, head_r);
    while (good && next != NULL) {
        char *line = next;

        next = cut(line, "\r\n");
        good = read_field(line, head_r);
    }
    if (!good)
        head_r->method = NULL;
    return good ? end + 4 - bytes : -1;
}

const char *
fa_head_value(const struct fa_head *head, const char *name)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (strcasecmp(head->fields[i].name, name) == 0)
            return head->fields[i].value;
    return NULL;
}

bool
fa_head_has(const struct fa_head *head, const char *name, const char *element)
{
    const char *list = fa_head_value(head, name);

    while (list != NULL && *list != '\0') {
        size_t length;

        list += strspn(list, ", \t");
        length = strcspn(list, ",; \t");
        if (length == strlen(element) && strncasecmp(list, element, length) == 0)
            return true;
        list += strcspn(list, ",");
    }
    return false;
}
