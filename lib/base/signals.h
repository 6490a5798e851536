/* Signals as a descriptor to poll (signalfd(2)). */
#ifndef FA_BASE_SIGNALS_H
#define FA_BASE_SIGNALS_H

#include "lib/base/error.h"

/* Blocks SIGTERM, SIGINT and `more` (0: no more) in this process; the descriptor, not blocking, is
 * readable when one of them has come.  -1 with FA_E_INTERNAL. */
int fa_signals_open(int more, struct fa_error *err) FA_MUSTCHECK;

#endif
