/* A worker of the pool: waits, takes a connection, serves one request, again. */
#ifndef FA_FCGI_WORKER_H
#define FA_FCGI_WORKER_H

#include "fcgi/pool.h"

fa_pool_worker fa_worker_run;

#endif
