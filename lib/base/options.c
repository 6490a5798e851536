#include "lib/base/options.h"
#include "lib/base/cleanup.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { VALUE_MAX_BYTES = 8192, NAME_MAX_BYTES = 63 };

enum option_type { TEXT, PATH, INT, BYTES, SECONDS };

struct option {
    const char *variable;
    enum option_type type;
    const char *preset;
    const char *help;
    size_t offset; /* of the member in struct fa_options */
};

static const struct option table[] = {
#define FA_OPTION(member, variable, type, preset, help)                                            \
    {variable, type, preset, help, offsetof(struct fa_options, member)},
#include "lib/base/options.def"
#undef FA_OPTION
};

static const char *const type_help[] = {"text", "path", "number", "bytes (k, M, G)", "seconds"};

/* Reads the file a NAME_FILE variable points to, without the newline at its end. */
static const char *
read_secret(const char *path, struct fa_arena *arena, struct fa_error *err)
{
    char value[VALUE_MAX_BYTES];
    FILE *file = fopen(path, "re");
    size_t length;

    if (file == NULL) {
        fa_error_errno(err, FA_E_INTERNAL, errno, "open %s", path);
        return NULL;
    }
    length = fread(value, 1, sizeof value, file);
    fclose(file);
    if (length == sizeof value) {
        fa_error_set(err, FA_E_INTERNAL, "%s is longer than %zu bytes", path, length - 1);
        return NULL;
    }
    while (length > 0 && (value[length - 1] == '\n' || value[length - 1] == '\r'))
        length--;
    return fa_arena_strndup(arena, value, length);
}

/* The variable's text: its own, its file's, or the default; an empty variable is the default. */
static const char *
find_value(const struct option *option, struct fa_arena *arena, struct fa_error *err)
{
    const char *value = getenv(option->variable);
    char file_variable[64];
    const char *path;

    if (value != NULL && *value != '\0')
        return value;
    snprintf(file_variable, sizeof file_variable, "%s_FILE", option->variable);
    path = getenv(file_variable);
    if (path != NULL && *path != '\0')
        return read_secret(path, arena, err);
    return option->preset;
}

static bool
parse_number(const char *text, enum option_type type, int64_t *number_r)
{
    static const char suffixes[] = "kMGT";
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || number < 0)
        return false;
    if (type == BYTES && *end != '\0') {
        const char *suffix = strchr(suffixes, *end);

        if (suffix == NULL ||
            __builtin_mul_overflow(number, 1LL << (10 * (suffix - suffixes + 1)), &number))
            return false;
        end++;
    }
    *number_r = number;
    return *end == '\0';
}

int
fa_options_read(struct fa_options *options, struct fa_arena *arena, struct fa_error *err)
{
    for (size_t i = 0; i < FA_COUNT(table); i++) {
        const struct option *option = &table[i];
        void *member = (char *)options + option->offset;
        const char *value = find_value(option, arena, err);

        if (value == NULL)
            return -1;
        if (option->type == TEXT || option->type == PATH)
            *(const char **)member = value;
        else if (!parse_number(value, option->type, member))
            return fa_error_set(err, FA_E_INTERNAL, "%s takes %s, not \"%s\"", option->variable,
                                type_help[option->type], value);
    }
    return 0;
}

/* How many bytes to change, add or leave out make one name of the other; long names differ. */
static size_t
distance(const char *name, size_t length, const char *other)
{
    size_t row[NAME_MAX_BYTES + 1];
    size_t width = strlen(other);

    if (width > NAME_MAX_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; i < length; i++) {
        size_t corner = i;

        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t change = corner + (name[i] != other[j]);
            size_t rest = 1 + (row[j] < row[j + 1] ? row[j] : row[j + 1]);

            corner = row[j + 1];
            row[j + 1] = change < rest ? change : rest;
        }
    }
    return row[width];
}

const char *
fa_options_meant(const char *line)
{
    size_t length = strcspn(line, "=");
    const char *meant = NULL;

    if (length > NAME_MAX_BYTES || strchr(line, '_') == NULL)
        return NULL;
    if (length > 5 && strncmp(line + length - 5, "_FILE", 5) == 0)
        length -= 5;
    for (size_t i = 0; i < FA_COUNT(table); i++) {
        const char *name = table[i].variable;
        size_t most = strlen(strchr(name, '_')) / 4; /* short names are not alike so soon */
        size_t changes = distance(line, length, name);

        if (changes == 0)
            return NULL;
        if (changes <= (most < 2 ? most : 2))
            meant = name;
    }
    return meant;
}

void
fa_options_print_sample(FILE *out)
{
    fputs("# Options of fileapi: the environment of its services. A line is the default.\n", out);
    for (size_t i = 0; i < FA_COUNT(table); i++)
        fprintf(out, "\n# %s\n# Takes: %s.\n#%s=%s\n", table[i].help, type_help[table[i].type],
                table[i].variable, table[i].preset);
}

/* An empty option that stands for another one's value. */
static const char *
either(const char *own, const char *other)
{
    return own[0] != '\0' ? own : other;
}

const char *
fa_options_direct(const struct fa_options *options)
{
    return either(options->database_direct, options->database);
}

const char *
fa_options_admin(const struct fa_options *options)
{
    return either(options->database_admin, options->database);
}

const char *
fa_options_spool(const struct fa_options *options)
{
    return either(options->spool, options->store);
}
