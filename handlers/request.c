#include "handlers/handler.h"

#include <string.h>

const struct fa_value *
fa_request_value(const struct fa_request *request, const char *name)
{
    static const struct fa_value none = {.given = false};

    for (size_t i = 0; request->route->fields[i].name != NULL; i++)
        if (strcmp(request->route->fields[i].name, name) == 0)
            return &request->form->values[i];
    return &none;
}

const char *
fa_request_text(const struct fa_request *request, const char *name)
{
    return fa_request_value(request, name)->text;
}

bool
fa_request_flag(const struct fa_request *request, const char *name)
{
    return fa_request_value(request, name)->number != 0;
}
