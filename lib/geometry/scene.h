/*
 * A part as its file describes it: shapes made of bodies, and a tree of nodes that places them.
 *
 * A shape that several nodes place is held once.  Lengths are millimetres, Z is up.  Everything is
 * on the heap and released by fa_scene_free.
 */
#ifndef FA_GEOMETRY_SCENE_H
#define FA_GEOMETRY_SCENE_H

#include "lib/geometry/mesh.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { FA_SCENE_NODES_MAX = 100000, FA_SCENE_COLOURS_MAX = 4096, FA_SCENE_DEPTH_MAX = 64 };

/* What an exact description (not a mesh) says of a body. */
struct fa_exact {
    bool known;
    bool solid; /* encloses a volume */
    double volume_mm3;
    double area_mm2;
    double centre_mm[3];
    double min_mm[3];
    double max_mm[3];
    uint32_t faces;
    double smallest_hole_mm;   /* diameter of the narrowest round hole; 0: none */
    double smallest_radius_mm; /* of the tightest cylinder, cone, sphere or torus; 0: none */
};

struct fa_body {
    char *name; /* UTF-8; NULL: none */
    struct fa_mesh mesh;
    struct fa_exact exact;
    uint32_t missing_faces; /* that could not be meshed */
};

struct fa_shape {
    char *name;
    struct fa_body *bodies;
    size_t body_count;
};

struct fa_node {
    char *name;
    int32_t parent;      /* an earlier node; -1: none */
    int32_t shape;       /* -1: it only groups others */
    int32_t colour;      /* of facets without one of their own; 0: none */
    double matrix[3][4]; /* to the parent: rotation (and mirror or scale), then translation */
};

struct fa_scene {
    struct fa_shape *shapes;
    size_t shape_count, shape_room;
    struct fa_node *nodes;
    size_t node_count, node_room;
    float (*colours)[4]; /* linear RGBA; the first stands for "no colour given" */
    size_t colour_count, colour_room;
};

/* An empty scene with the colour 0; FA_E_MEMORY. */
int fa_scene_init(struct fa_scene *scene, struct fa_error *err) FA_MUSTCHECK;
void fa_scene_free(struct fa_scene *scene);

/* A scene of one shape with `count` bodies at the origin; the bodies are the caller's to fill. */
int fa_scene_single(struct fa_scene *scene, size_t count, struct fa_error *err) FA_MUSTCHECK;

/* Each of the following adds one and returns its number, or -1: FA_E_MEMORY, or FA_E_CONTENT when
 * there are too many. */
int32_t fa_scene_add_shape(struct fa_scene *scene, const char *name, size_t bodies,
                           struct fa_error *err) FA_MUSTCHECK;
int32_t fa_scene_add_node(struct fa_scene *scene, const char *name, int32_t parent, int32_t shape,
                          struct fa_error *err) FA_MUSTCHECK;
/* A colour that is there already is not added again. */
int32_t fa_scene_add_colour(struct fa_scene *scene, const float colour[4],
                            struct fa_error *err) FA_MUSTCHECK;

/* From a node's shape to the whole part. */
void fa_scene_place(const struct fa_scene *scene, size_t node, double matrix[3][4]);
void fa_matrix_apply(const double matrix[3][4], const double from[3], double to[3]);
/* What `inner` does first and `outer` then; `result` is neither of them. */
void fa_matrix_multiply(const double outer[3][4], const double inner[3][4], double result[3][4]);
/* The way back of a matrix that only turns, mirrors and moves. */
void fa_matrix_undo(const double matrix[3][4], double back[3][4]);
double fa_matrix_determinant(const double matrix[3][4]);
/* How much longer the matrix makes things; the mean where that hangs on the direction. */
double fa_matrix_scale(const double matrix[3][4]);

/* Facets of all placed shapes. */
size_t fa_scene_facets(const struct fa_scene *scene);

/* All of it as one mesh in the part's coordinates, each facet with its colour. */
int fa_scene_flatten(const struct fa_scene *scene, struct fa_mesh *mesh,
                     struct fa_error *err) FA_MUSTCHECK;

#ifdef __cplusplus
}
#endif

#endif
