#include "jobs/task.h"

#include <string.h>

static const struct fa_task tasks[] = {
    {FA_TASK_CAD, fa_task_cad_run},
    {FA_TASK_REPORT, fa_task_report_run},
#ifdef FA_ENABLE_FAILPOINTS
    {"nothing", fa_task_nothing_run},
#endif
};

const struct fa_task *
fa_task_find(const char *name)
{
    for (size_t i = 0; i < FA_COUNT(tasks); i++)
        if (strcmp(tasks[i].name, name) == 0)
            return &tasks[i];
    return NULL;
}
