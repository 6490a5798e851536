#include "lib/geometry/glb.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/glb_plan.h"
#include "lib/geometry/output.h"

#include <meshoptimizer.h>
#include <stdlib.h>
#include <string.h>

enum {
    GLB_MAGIC = 0x46546c67,
    GLB_VERSION = 2,
    CHUNK_JSON = 0x4e4f534a,
    CHUNK_BIN = 0x004e4942,
    HEADER_BYTES = 12,
    CHUNK_BYTES = 8,
    JSON_LIMIT = 64 << 20
};

/* A stream as it will be written; `own` is freed. */
struct stream {
    const void *bytes;
    unsigned char *own;
};

static void release(struct stream (*streams)[FA_GLB_STREAMS])
{
    for (size_t i = 0; i < FA_GLB_STREAMS; i++)
        free((*streams)[i].own);
}

/* Replaces a stream by its compressed form. */
static int
compress(enum fa_glb_stream number, struct stream *stream, struct fa_glb_view *view,
         struct fa_error *err)
{
    size_t vertices = view->count; /* indices never reach further than there are indices */
    size_t bound = number == FA_GLB_VERTICES
                       ? meshopt_encodeVertexBufferBound(view->count, view->stride)
                       : meshopt_encodeIndexBufferBound(view->count, vertices);

    stream->own = malloc(bound + 1);
    if (stream->own == NULL)
        return fa_error_set(err, FA_E_MEMORY, "compressed model");
    if (number == FA_GLB_VERTICES)
        view->length = meshopt_encodeVertexBuffer(stream->own, bound, stream->bytes, view->count,
                                                  view->stride);
    else
        view->length = meshopt_encodeIndexBuffer(stream->own, bound, stream->bytes, view->count);
    stream->bytes = stream->own;
    return view->length > 0 ? 0 : fa_error_set(err, FA_E_INTERNAL, "model cannot be compressed");
}

/* The encoder of indices takes them wide. */
static int
widen(const struct fa_glb_plan *plan, struct stream *stream, struct fa_error *err)
{
    unsigned *wide = malloc(plan->narrow_count * sizeof *wide + 1);

    if (wide == NULL)
        return fa_error_set(err, FA_E_MEMORY, "compressed model");
    for (size_t i = 0; i < plan->narrow_count; i++)
        wide[i] = plan->narrow[i];
    stream->own = (unsigned char *)wide;
    stream->bytes = wide;
    return 0;
}

/* Compresses the streams, and lays them out behind each other. */
static int
arrange(const struct fa_glb_plan *plan, bool meshopt, struct stream streams[FA_GLB_STREAMS],
        struct fa_glb_view views[FA_GLB_STREAMS], size_t *chunk_r, struct fa_error *err)
{
    const void *bytes[FA_GLB_STREAMS] = {plan->vertices, plan->byte_indices, plan->narrow,
                                         plan->wide};

    *chunk_r = 0;
    for (int i = 0; i < FA_GLB_STREAMS; i++) {
        struct stream wide = {NULL, NULL};

        if (views[i].count == 0)
            continue;
        streams[i].bytes = bytes[i];
        views[i].length = views[i].count * views[i].stride;
        if (meshopt && i == FA_GLB_NARROW) {
            if (widen(plan, &wide, err) < 0)
                return -1;
            streams[i].bytes = wide.bytes;
        }
        if (meshopt && compress((enum fa_glb_stream)i, &streams[i], &views[i], err) < 0) {
            free(wide.own);
            return -1;
        }
        free(wide.own);
        views[i].offset = *chunk_r;
        *chunk_r += (views[i].length + 3) & ~(size_t)3;
    }
    return 0;
}

static void
add_u32(struct fa_output *out, size_t value)
{
    uint32_t narrow = (uint32_t)value;

    fa_output_add(out, &narrow, sizeof narrow);
}

static int
write_file(const struct fa_buf *json, const struct stream streams[FA_GLB_STREAMS],
           const struct fa_glb_view views[FA_GLB_STREAMS], size_t chunk, int fd,
           struct fa_error *err)
{
    static const char padding[4] = {0};
    FA_AUTO_FREE struct fa_output *out = malloc(sizeof *out);

    if (out == NULL)
        return fa_error_set(err, FA_E_MEMORY, "model");
    fa_output_init(out, fd);
    add_u32(out, GLB_MAGIC);
    add_u32(out, GLB_VERSION);
    add_u32(out, HEADER_BYTES + 2 * CHUNK_BYTES + json->length + chunk);
    add_u32(out, json->length);
    add_u32(out, CHUNK_JSON);
    fa_output_add(out, json->data, json->length);
    add_u32(out, chunk);
    add_u32(out, CHUNK_BIN);
    for (int i = 0; i < FA_GLB_STREAMS; i++)
        if (views[i].count > 0) {
            fa_output_add(out, streams[i].bytes, views[i].length);
            fa_output_add(out, padding, -views[i].length & 3);
        }
    return fa_output_finish(out, err);
}

static int
write_plan(const struct fa_glb_plan *plan, const struct fa_glb_options *options, int fd,
           struct fa_error *err)
{
    FA_CLEANUP(release) struct stream streams[FA_GLB_STREAMS] = {{NULL, NULL}};
    FA_CLEANUP(fa_buf_free) struct fa_buf json;
    struct fa_glb_view views[FA_GLB_STREAMS] = {
        [FA_GLB_VERTICES] = {.count = plan->vertex_count, .stride = sizeof *plan->vertices},
        [FA_GLB_BYTES] = {.count = plan->byte_count, .stride = sizeof *plan->byte_indices},
        [FA_GLB_NARROW] = {.count = plan->narrow_count, .stride = sizeof *plan->narrow},
        [FA_GLB_WIDE] = {.count = plan->wide_count, .stride = sizeof *plan->wide}};
    size_t chunk;

    fa_buf_init(&json, JSON_LIMIT);
    if (arrange(plan, options->meshopt, streams, views, &chunk, err) < 0)
        return -1;
    fa_glb_json(&json, plan, views, options, chunk);
    if (json.failed)
        return fa_error_set(err, FA_E_MEMORY, "model");
    if (chunk + json.length + HEADER_BYTES + 2 * CHUNK_BYTES > UINT32_MAX) {
        fa_error_set(err, FA_E_CONTENT, "The part has too many facets for a model to show.");
        return fa_error_action(err, "Export the part with a coarser resolution.");
    }
    return write_file(&json, streams, views, chunk, fd, err);
}

int
fa_glb_write(const struct fa_scene *scene, const struct fa_glb_options *options, int fd,
             struct fa_error *err)
{
    struct fa_glb_plan plan;
    int result;

    if (fa_glb_plan_make(scene, !options->meshopt, &plan, err) < 0)
        return -1;
    result = write_plan(&plan, options, fd, err);
    fa_glb_plan_free(&plan);
    return result;
}
