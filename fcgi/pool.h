/*
 * The prefork pool: a parent that only supervises, and workers that serve one request at a time.
 *
 * A worker that dies is replaced; one that keeps dying is replaced slowly.  SIGTERM and SIGINT
 * drain (running requests finish), SIGHUP replaces the workers one after another.
 */
#ifndef FA_FCGI_POOL_H
#define FA_FCGI_POOL_H

#include "lib/base/error.h"
#include "lib/base/log.h"
#include "lib/base/options.h"
#include "lib/store/store.h"

/* A worker's life, with SIGTERM blocked: it takes the signal when it is ready to.  `store`: what
 * the workers share about the store, may be NULL.  Returns the process's exit status. */
typedef int fa_pool_worker(int listener, const struct fa_options *options, const struct fa_log *log,
                           struct fa_store_shared *store);

/* Runs the pool until it has drained; the process's exit status. */
int fa_pool_run(int listener, const struct fa_options *options, const struct fa_log *log,
                fa_pool_worker *worker);

#endif
