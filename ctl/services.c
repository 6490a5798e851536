/* What several commands share. */
#include "ctl/command.h"

int
fa_ctl_services_open(struct fa_ctl_services *services, const struct fa_options *options,
                     struct fa_error *err)
{
    *services = (struct fa_ctl_services){NULL, NULL};
    services->db =
        fa_db_new(fa_options_direct(options), "fileapictl", options->database_timeout, err);
    if (services->db == NULL)
        return -1;
    return fa_store_open(options, &services->store, err);
}

void
fa_ctl_services_close(struct fa_ctl_services *services)
{
    fa_store_close(&services->store);
    fa_db_free(&services->db);
}

int
fa_ctl_store_check(struct fa_store *store, struct fa_error *err)
{
    if (fa_store_check(store, err) == 0)
        return 0;
    if (err->action[0] == '\0')
        fa_error_action(err, "see that the store is there, and run this as the service's user");
    return -1;
}
