#include "ctl/arguments.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>

static int
read_number(const struct fa_argument *argument, const char *text, struct fa_error *err)
{
    int64_t *number = argument->target;
    bool count = argument->type == FA_A_COUNT;
    char *end;

    errno = 0;
    *number = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *end == '\0' && (!count || *number > 0))
        return 0;
    return fa_error_set(err, FA_E_INTERNAL, "--%s takes a number%s, not \"%s\"", argument->name,
                        count ? " above 0" : "", text);
}

static int
add(const struct fa_argument *argument, const char *text, struct fa_error *err)
{
    struct fa_argument_list *list = argument->target;

    if (list->count == FA_ARGUMENT_VALUES)
        return fa_error_set(err, FA_E_INTERNAL, "--%s comes more than %d times", argument->name,
                            FA_ARGUMENT_VALUES);
    list->values[list->count++] = text;
    return 0;
}

static int
take(const struct fa_argument *argument, const char *text, struct fa_error *err)
{
    switch (argument->type) {
    case FA_A_FLAG:
        *(bool *)argument->target = true;
        return 0;
    case FA_A_TEXT:
        *(const char **)argument->target = text;
        return 0;
    case FA_A_TEXTS:
        return add(argument, text, err);
    case FA_A_COUNT:
    case FA_A_NUMBER:
        return read_number(argument, text, err);
    }
    return -1;
}

int
fa_arguments_read(int argc, char **argv, const struct fa_argument *table, size_t count,
                  struct fa_error *err)
{
    struct option options[FA_ARGUMENTS + 1] = {{NULL, 0, NULL, 0}};
    int index = 0;
    int found;

    for (size_t i = 0; i < count && i < FA_ARGUMENTS; i++)
        options[i] = (struct option){
            table[i].name, table[i].type == FA_A_FLAG ? no_argument : required_argument, NULL, 0};
    opterr = 0;
    while ((found = getopt_long(argc, argv, "", options, &index)) == 0)
        if (take(&table[index], optarg, err) < 0)
            return -1;
    if (found != -1)
        return fa_error_set(err, FA_E_INTERNAL, "\"%.40s\" is no option, or lacks its argument",
                            argv[optind - 1]);
    if (optind < argc)
        return fa_error_set(err, FA_E_INTERNAL, "\"%.40s\" is too much", argv[optind]);
    return 0;
}
