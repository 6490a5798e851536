#include "lib/geometry/step_file.h"
#include "lib/base/attr.h"
#include "lib/geometry/step_text.h"

#include <string.h>
#include <strings.h>

enum { TAIL = 4096, NAME_BYTES = 64 };

/* Goes behind the next one of this word and its parenthesis. */
static bool
find(struct fa_step_text *text, const char *word)
{
    while (text->at < text->end) {
        const char *found = memmem(text->at, (size_t)(text->end - text->at), word, strlen(word));

        text->at = found != NULL ? found + strlen(word) : text->end;
        if (fa_step_text_take(text, '('))
            return true;
    }
    return false;
}

/* CONVERSION_BASED_UNIT('INCH', …), among those of angles. */
static bool
is_inch(struct fa_step_text text)
{
    char name[NAME_BYTES];

    while (find(&text, "CONVERSION_BASED_UNIT"))
        if (fa_step_text_string(&text, name, sizeof name) && strcasecmp(name, "inch") == 0)
            return true;
    return false;
}

/* SI_UNIT(.MILLI., .METRE.), among those of angles. */
static bool
is_metric(struct fa_step_text text, const char *prefix)
{
    while (find(&text, "SI_UNIT"))
        if (fa_step_text_word(&text, prefix) && fa_step_text_take(&text, ',') &&
            fa_step_text_word(&text, ".METRE."))
            return true;
    return false;
}

const char *
fa_step_file_unit(const char *text, size_t length, double *scale_r)
{
    static const struct {
        const char *prefix, *unit;
        double scale;
    } units[] = {{".MILLI.", "mm", 1}, {".CENTI.", "cm", 10}, {"$", "m", 1000}};
    const struct fa_step_text all = {.at = text, .end = text + length};

    /* An inch is defined by millimetres, so it is asked for first. */
    *scale_r = 25.4;
    if (is_inch(all))
        return "inch";
    for (size_t i = 0; i < FA_COUNT(units); i++) {
        *scale_r = units[i].scale;
        if (is_metric(all, units[i].prefix))
            return units[i].unit;
    }
    *scale_r = 1;
    return NULL;
}

bool
fa_step_file_is_cut(const char *text, size_t length)
{
    size_t tail = length < TAIL ? length : TAIL;

    return !fa_step_text_has(text + length - tail, tail, "END-ISO-10303-21");
}

/* True when the file is of another application than mechanical design, whose name `name` is. */
static bool
is_foreign(const char *text, size_t length, char name[NAME_BYTES])
{
    static const char *const ours[] = {"CONFIG_CONTROL", "AP203", "AUTOMOTIVE_DESIGN", "AP214",
                                       "AP242"};
    struct fa_step_text at = {.at = text, .end = text + length};

    if (!find(&at, "FILE_SCHEMA") || !fa_step_text_take(&at, '(') ||
        !fa_step_text_string(&at, name, NAME_BYTES))
        return false;
    for (size_t i = 0; i < FA_COUNT(ours); i++)
        if (strncasecmp(name, ours[i], strlen(ours[i])) == 0)
            return false;
    name[strcspn(name, " {")] = '\0';
    return name[0] != '\0';
}

int
fa_step_file_explain_empty(const char *text, size_t length, struct fa_error *err)
{
    char schema[NAME_BYTES];

    if (fa_step_file_is_cut(text, length)) {
        fa_error_set(err, FA_E_CONTENT, "The STEP file is cut short: its end is missing.");
        return fa_error_action(err, "Export or upload the part again.");
    }
    if (fa_step_text_has(text, length, "DOCUMENT_FILE") ||
        fa_step_text_has(text, length, "EXTERNALLY_DEFINED")) {
        fa_error_set(err, FA_E_CONTENT,
                     "The STEP file only refers to other files; the parts are not in it.");
        return fa_error_action(
            err, "Export the assembly as one STEP file, without external references.");
    }
    if (is_foreign(text, length, schema)) {
        fa_error_set(err, FA_E_CONTENT,
                     "The file holds no part that can be read: its schema is %s.", schema);
        return fa_error_action(err, "Export the part as STEP AP203, AP214 or AP242.");
    }
    fa_error_set(err, FA_E_CONTENT, "The file holds no solid and no surface.");
    return fa_error_action(err, "Export the part again and include its solid bodies.");
}
