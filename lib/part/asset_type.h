/*
 * What may be uploaded: the contract's asset types, and the file formats with their media types and
 * what the service makes of them.
 */
#ifndef FA_PART_ASSET_TYPE_H
#define FA_PART_ASSET_TYPE_H

#include <stdbool.h>
#include <stddef.h>

enum fa_processing {
    FA_PROCESS_NOTHING, /* stored and served */
    FA_PROCESS_CAD,     /* figures, model, picture */
    FA_PROCESS_DRAWING  /* the drawing is read */
};

/* A known file format, found by a name's extension in any case. */
struct fa_format {
    const char *extension;  /* lower case, with its dot */
    const char *media_type; /* as served; octet-stream where a browser could run it */
    bool cad;               /* allowed as type "cad" */
    bool processed;         /* as type "cad": gets derived files */
};

/* The asset types, NULL-terminated, for request specs. */
extern const char *const fa_asset_types[];

/* The known formats, ended by a NULL extension. */
extern const struct fa_format fa_formats[];

/* The format of `basename`; never NULL: unknown extensions are application/octet-stream. */
const struct fa_format *fa_format_of(const char *basename);

/* Whether assets of this type (NULL: none) are CADs; whether a file of that name may be one of the
 * type. */
bool fa_asset_type_is_cad(const char *asset_type);
bool fa_asset_type_takes(const char *asset_type, const char *basename);

/* Whether a CAD of this format can be oriented: STL and STEP can. */
bool fa_format_orients(const struct fa_format *format);

/* What to do with a new asset of this type and name. */
enum fa_processing fa_processing_of(const char *asset_type, const char *basename,
                                    bool skip_drawing);

/* The basename without its last extension; returns the stem's length in bytes. */
size_t fa_stem_length(const char *basename);

#endif
