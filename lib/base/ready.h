/* Telling the service manager that the service answers (sd_notify(3), READY=1). */
#ifndef FA_BASE_READY_H
#define FA_BASE_READY_H

/* Sends `state` to NOTIFY_SOCKET; does nothing when no manager asked.  A lost message is the
 * manager's to time out. */
void fa_ready_notify(const char *state);

#endif
