/*
 * Options: one table (options.def), read once from the environment at start.
 *
 * Numbers are checked and converted here, so the rest of the code reads typed members.
 */
#ifndef FA_BASE_OPTIONS_H
#define FA_BASE_OPTIONS_H

#include "lib/base/arena.h"
#include "lib/base/error.h"

#include <stdint.h>
#include <stdio.h>

/* The C type behind each type in options.def; all numbers in bytes, seconds or pieces. */
typedef const char *fa_option_TEXT;
typedef const char *fa_option_PATH;
typedef int64_t fa_option_INT;
typedef int64_t fa_option_BYTES;
typedef int64_t fa_option_SECONDS;

struct fa_options {
#define FA_OPTION(member, variable, type, preset, help) fa_option_##type member;
#include "lib/base/options.def"
#undef FA_OPTION
};

/* Fills `options` from the environment; texts live in `arena` (or are static).  FA_E_INTERNAL names
 * the variable and what it takes. */
int fa_options_read(struct fa_options *options, struct fa_arena *arena,
                    struct fa_error *err) FA_MUSTCHECK;

/* The option that a line NAME=value of the environment was most likely to name: one that is spelt
 * almost like it.  NULL when it names one, or none that we know. */
const char *fa_options_meant(const char *line);

/* The connection string for sessions that LISTEN or hold locks; the admin's, for migrations. */
const char *fa_options_direct(const struct fa_options *options);
const char *fa_options_admin(const struct fa_options *options);

/* The folder for bytes on their way in. */
const char *fa_options_spool(const struct fa_options *options);

/* Writes the commented sample file. */
void fa_options_print_sample(FILE *out);

#endif
