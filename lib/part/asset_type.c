#include "lib/part/asset_type.h"

#include <string.h>
#include <strings.h>

const char *const fa_asset_types[] = {"drawing", "image",    "cad",  "offer", "invoice",
                                      "rfq",     "document", "misc", NULL};

/* HTML and SVG are left out on purpose: they download, they never render. */
const struct fa_format fa_formats[] = {
    {".stl", "model/stl", true, true},
    {".stp", "model/step", true, true},
    {".step", "model/step", true, true},
    {".3mf", "model/3mf", true, true},
    {".amf", "application/x-amf", true, false},
    {".obj", "model/obj", true, true},
    {".ply", "application/octet-stream", true, false},
    {".off", "application/octet-stream", true, false},
    {".igs", "model/iges", true, true},
    {".iges", "model/iges", true, true},
    {".brep", "application/octet-stream", true, false},
    {".x_t", "application/octet-stream", true, false},
    {".x_b", "application/octet-stream", true, false},
    {".sat", "application/octet-stream", true, false},
    {".jt", "model/jt", true, false},
    {".sldprt", "application/octet-stream", true, false},
    {".catpart", "application/octet-stream", true, false},
    {".ipt", "application/octet-stream", true, false},
    {".prt", "application/octet-stream", true, false},
    {".pdf", "application/pdf", false, false},
    {".png", "image/png", false, false},
    {".jpg", "image/jpeg", false, false},
    {".jpeg", "image/jpeg", false, false},
    {".tif", "image/tiff", false, false},
    {".tiff", "image/tiff", false, false},
    {".gif", "image/gif", false, false},
    {".webp", "image/webp", false, false},
    {".txt", "text/plain; charset=utf-8", false, false},
    {".csv", "text/csv; charset=utf-8", false, false},
    {".zip", "application/zip", false, false},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false,
     false},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false, false},
    {".glb", "model/gltf-binary", false, false},
    {NULL, NULL, false, false},
};

static const struct fa_format unknown = {"", "application/octet-stream", false, false};

size_t
fa_stem_length(const char *basename)
{
    const char *dot = strrchr(basename, '.');

    /* A name that only starts with a dot has no extension. */
    return dot != NULL && dot != basename ? (size_t)(dot - basename) : strlen(basename);
}

const struct fa_format *
fa_format_of(const char *basename)
{
    const char *extension = strrchr(basename, '.');

    for (size_t i = 0; extension != NULL && fa_formats[i].extension != NULL; i++)
        if (strcasecmp(fa_formats[i].extension, extension) == 0)
            return &fa_formats[i];
    return &unknown;
}

bool
fa_asset_type_is_cad(const char *asset_type)
{
    return asset_type != NULL && strcmp(asset_type, "cad") == 0;
}

bool
fa_asset_type_takes(const char *asset_type, const char *basename)
{
    return !fa_asset_type_is_cad(asset_type) || fa_format_of(basename)->cad;
}

bool
fa_format_orients(const struct fa_format *format)
{
    return strcmp(format->media_type, "model/stl") == 0 ||
           strcmp(format->media_type, "model/step") == 0;
}

enum fa_processing
fa_processing_of(const char *asset_type, const char *basename, bool skip_drawing)
{
    if (fa_asset_type_is_cad(asset_type) && fa_format_of(basename)->processed)
        return FA_PROCESS_CAD;
    if (strcmp(asset_type, "drawing") == 0 && !skip_drawing)
        return FA_PROCESS_DRAWING;
    return FA_PROCESS_NOTHING;
}
