#include "lib/base/failpoint.h"

#ifdef FA_ENABLE_FAILPOINTS

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STALL_SECONDS = 5 };

bool
fa_failpoint_hit(const char *name)
{
    const char *list = getenv("FILEAPI_FAILPOINTS");
    size_t length = strlen(name);

    while (list != NULL && *list != '\0') {
        if (strncmp(list, name, length) == 0 && list[length] == '=') {
            const char *action = list + length + 1;

            if (strncmp(action, "kill", 4) == 0)
                raise(SIGKILL);
            if (strncmp(action, "stall", 5) == 0)
                sleep(STALL_SECONDS);
            return strncmp(action, "error", 5) == 0;
        }
        list = strchr(list, ',');
        list = list != NULL ? list + 1 : NULL;
    }
    return false;
}

#else

/* ISO C asks for a declaration in every file. */
typedef int fa_failpoint_unused;

#endif
