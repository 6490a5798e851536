/* Inside fcgi only: what stands in the headers of a form and of its parts. */
#ifndef FA_FCGI_DISPOSITION_H
#define FA_FCGI_DISPOSITION_H

#include "fcgi/multipart.h"

/*
 * Reads name and filename from the Content-Disposition in a part's header; the texts point into
 * `header`, which is changed.  In a quoted value %22 and \" are a quote, as browsers write it, and
 * nothing else is decoded; filename* is ignored.  -1 when the header is missing, malformed or there
 * twice, when it has no name, or when one of the two stands in it twice.
 */
int fa_disposition_parse(char *header, size_t length,
                         struct fa_multipart_part *part_r) FA_MUSTCHECK;

/* Reads the boundary from a form's Content-Type; it points into `content_type`, which is changed.
 * -1 when that is no multipart/form-data, or malformed, or has no boundary, or two. */
int fa_disposition_boundary(char *content_type, const char **boundary_r,
                            size_t *length_r) FA_MUSTCHECK;

#endif
