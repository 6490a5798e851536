/* Inside fcgi only: the header of a form's part. */
#ifndef FA_FCGI_DISPOSITION_H
#define FA_FCGI_DISPOSITION_H

#include "fcgi/multipart.h"

/*
 * Reads name and filename from the Content-Disposition in a part's header; the texts point into
 * `header`, which is changed.  In a quoted value %22 and \" are a quote, as browsers write it, and
 * nothing else is decoded; filename* is ignored.  -1 when there is no such header, no name, or a
 * parameter stands twice.
 */
int fa_disposition_parse(char *header, size_t length,
                         struct fa_multipart_part *part_r) FA_MUSTCHECK;

#endif
