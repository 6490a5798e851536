/* 3MF (3MF Core Specification 1.3): objects, components and build items; materials are left out. */
#ifndef FA_GEOMETRY_THREEMF_H
#define FA_GEOMETRY_THREEMF_H

#include "lib/geometry/scene.h"

/* True when the bytes begin like a package: a ZIP archive. */
bool fa_threemf_is(const unsigned char *data, size_t length);

/*
 * Reads what the file wants built into an empty scene, in millimetres; at most `limit` facets in
 * all objects.  `unit_r` is the file's own unit, static text.  FA_E_CONTENT with sentence and
 * action; FA_E_MEMORY.
 */
int fa_threemf_read(const unsigned char *data, size_t length, size_t limit, struct fa_scene *scene,
                    const char **unit_r, struct fa_error *err) FA_MUSTCHECK;

/* The same of the package's model, its XML. */
int fa_threemf_read_model(const char *text, size_t length, size_t limit, struct fa_scene *scene,
                          const char **unit_r, struct fa_error *err) FA_MUSTCHECK;

#endif
