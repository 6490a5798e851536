#include "jobs/cad/part.h"
#include "lib/geometry/obj.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { FACETS_MAX = 20000000 };

/* --- formats ------------------------------------------------------------------------------------
 */

static bool
is_obj(const struct fa_part *part)
{
    return fa_obj_is((const char *)part->data, part->length);
}

static bool
is_anything(const struct fa_part *part)
{
    (void)part;
    return true;
}

static int
read_obj(struct fa_part *part, int fd, struct fa_error *err)
{
    (void)fd;
    return fa_obj_read((const char *)part->data, part->length, FACETS_MAX, &part->scene,
                       &part->dropped, err);
}

static int
read_stl(struct fa_part *part, int fd, struct fa_error *err)
{
    int result;

    (void)fd;
    if (fa_stl_read(part->data, part->length, FACETS_MAX, &part->stl, err) < 0 ||
        fa_scene_single(&part->scene, 1, err) < 0)
        return -1;
    result = fa_mesh_weld((const float(*)[3])part->stl.corners, NULL, part->stl.facet_count,
                          &part->scene.shapes[0].bodies[0].mesh, err);
    /* The soup is the largest thing here; only its counts are needed further on. */
    free(part->stl.corners);
    part->stl.corners = NULL;
    part->dropped = part->stl.dropped;
    return result;
}

/* In the order in which they are asked; whatever is none of them is told so by the STL reader. */
static const struct {
    bool (*is)(const struct fa_part *part);
    int (*read)(struct fa_part *part, int fd, struct fa_error *err);
} formats[] = {
    {is_obj, read_obj},
    {is_anything, read_stl},
};

int
fa_part_read(struct fa_part *part, int fd, struct fa_error *err)
{
    struct stat info;
    void *data = NULL;
    size_t format = 0;

    *part = (struct fa_part){.data = NULL};
    if (fstat(fd, &info) < 0)
        return fa_error_errno(err, FA_E_STORE, errno, "look at the file");
    if (!S_ISREG(info.st_mode))
        return fa_error_set(err, FA_E_INTERNAL, "the input must be a regular file");
    if (info.st_size > 0) {
        data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data == MAP_FAILED)
            return fa_error_errno(err, FA_E_MEMORY, errno, "map the file");
        madvise(data, (size_t)info.st_size, MADV_SEQUENTIAL);
    }
    part->data = data;
    part->length = (size_t)info.st_size;
    while (!formats[format].is(part))
        format++;
    return formats[format].read(part, fd, err);
}

/* --- figures ------------------------------------------------------------------------------------
 */

static void
note_mesh(struct fa_part *part)
{
    struct fa_figures *figures = &part->figures;
    const struct fa_stl *stl = &part->stl;

    figures->dropped = part->dropped;
    if (stl->short_count)
        fa_figures_note(figures, "The file announces %llu facets but holds %zu; these were used.",
                        (unsigned long long)stl->announced, stl->facet_count);
    if (stl->trailing)
        fa_figures_note(figures, "There are bytes behind the last facet; they were ignored.");
    if (part->dropped > 0)
        fa_figures_note(figures, "Facets with unreadable coordinates were dropped.");
    fa_figures_guess_unit(figures);
    if (strcmp(figures->unit.name, "mm") != 0)
        fa_figures_note(figures, "The unit may be %s instead of millimetres: %s",
                        figures->unit.name, figures->unit.evidence);
}

int
fa_part_measure(struct fa_part *part, struct fa_error *err)
{
    struct fa_figures *figures = &part->figures;
    const struct fa_metrics *whole = &figures->whole;

    if (fa_figures_measure(&part->scene, figures, err) < 0)
        return -1;
    note_mesh(part);
    if (figures->degenerate > 0)
        fa_figures_note(figures, "%zu facets are points or lines; they were left out.",
                        figures->degenerate);
    if (figures->survey.crowded)
        fa_figures_note(figures, "Too many facets lie over each other: walls were not measured.");
    if (whole->inverted)
        fa_figures_note(figures, "The facets point inwards; the volume's sign was turned.");
    if (whole->inverted_shells > 0)
        fa_figures_note(figures,
                        "%llu pieces point inwards while the others do not; their volume "
                        "was added, not taken away.",
                        (unsigned long long)whole->inverted_shells);
    if (!whole->watertight && whole->open_edges > 0)
        fa_figures_note(figures,
                        "The surface has %llu open edges, one of them at (%.4g, %.4g, %.4g): the "
                        "volume is an estimate.",
                        (unsigned long long)whole->open_edges, whole->open_at_mm[0],
                        whole->open_at_mm[1], whole->open_at_mm[2]);
    else if (!whole->watertight)
        fa_figures_note(figures, "The surface is not closed: the volume is an estimate.");
    return 0;
}

void
fa_part_free(struct fa_part *part)
{
    fa_scene_free(&part->scene);
    fa_stl_free(&part->stl);
    if (part->data != NULL)
        munmap(part->data, part->length);
    *part = (struct fa_part){.data = NULL};
}
