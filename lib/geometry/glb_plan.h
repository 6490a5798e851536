/* Inside lib/geometry only: what a GLB will hold, as glb_plan.c lays it out and glb_json.c tells.
 */
#ifndef FA_GEOMETRY_GLB_PLAN_H
#define FA_GEOMETRY_GLB_PLAN_H

#include "lib/base/buf.h"
#include "lib/geometry/glb.h"

/* As it stands in the file. */
struct fa_glb_vertex {
    uint16_t position[3];
    uint16_t padding;
    int8_t normal[3];
    int8_t more_padding;
};

_Static_assert(sizeof(struct fa_glb_vertex) == 12, "vertices are written as they are");

/* A part of many facets is there in several levels of detail; each has a quarter of the last. */
enum { FA_GLB_LEVELS = 3, FA_GLB_LEVEL_SHARE = 4 };

/* The streams of the file's binary chunk: vertices, and indices of one, two and four bytes. */
enum fa_glb_stream { FA_GLB_VERTICES, FA_GLB_BYTES, FA_GLB_NARROW, FA_GLB_WIDE, FA_GLB_STREAMS };

/* In the stream of its primitive. */
struct fa_glb_indices {
    size_t first, count;
};

/* What one draw call shows: the facets of one colour of one body. */
struct fa_glb_primitive {
    const char *name; /* the body's; NULL: none */
    uint32_t shape;
    uint16_t colour;
    bool open;                 /* its back can be seen */
    enum fa_glb_stream stream; /* of its indices */
    size_t first_vertex, vertex_count;
    struct fa_glb_indices levels[FA_GLB_LEVELS]; /* of the same vertices, the finest first */
    uint16_t min[3], max[3];
};

struct fa_glb_shape {
    double offset[3]; /* its positions in millimetres are offset + step * number */
    double step;
    size_t first_primitive, primitive_count;
    bool takes_colour; /* has facets that are coloured by where they are placed */
    int32_t last_mesh; /* -1: none yet */
};

/* A shape in one colour of its placement. */
struct fa_glb_mesh {
    uint32_t shape;
    int32_t colour;
    int32_t earlier; /* another mesh of the shape; -1: none */
};

struct fa_glb_plan {
    const struct fa_scene *scene;
    struct fa_glb_shape *shapes; /* one for each of the scene's */
    struct fa_glb_mesh *meshes;
    size_t mesh_count;
    int32_t *node_meshes; /* one for each of the scene's nodes; -1: none */
    struct fa_glb_primitive *primitives;
    size_t primitive_count, primitive_room;
    bool bytes;    /* few vertices get indices of one byte, which EXT_meshopt_compression has not */
    size_t levels; /* that every primitive has: 1 or FA_GLB_LEVELS */
    struct fa_glb_vertex *vertices;
    size_t vertex_count;
    uint8_t *byte_indices;
    size_t byte_count;
    uint16_t *narrow;
    size_t narrow_count;
    uint32_t *wide;
    size_t wide_count;
};

struct fa_glb_view {
    size_t count;  /* elements; 0: there is no such stream */
    size_t stride; /* bytes of each */
    size_t offset; /* in the file's chunk */
    size_t length; /* as written, compressed or not */
};

/* Lays out the scene; FA_E_MEMORY, FA_E_CONTENT when there is nothing to show. */
int fa_glb_plan_make(const struct fa_scene *scene, bool bytes, struct fa_glb_plan *plan,
                     struct fa_error *err) FA_MUSTCHECK;
void fa_glb_plan_free(struct fa_glb_plan *plan);

/* The JSON chunk; `chunk` is the length of the binary one. */
void fa_glb_json(struct fa_buf *json, const struct fa_glb_plan *plan,
                 const struct fa_glb_view views[FA_GLB_STREAMS],
                 const struct fa_glb_options *options, size_t chunk);

#endif
