#include "jobs/cad/part.h"
#include "lib/geometry/obj.h"
#include "lib/geometry/step_mesh.h"
#include "lib/geometry/threemf.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FACETS_MAX = 20000000, IGES_LINE = 80, IGES_SECTION = 72, HEAD_BYTES = 4096 };

/* --- formats ------------------------------------------------------------------------------------
 */

static bool
begins(const struct fa_part *part, const char *magic)
{
    size_t length = strlen(magic);
    size_t at = 0;

    while (at < part->length && (isspace(part->data[at]) || part->data[at] >= 0xbb))
        at++; /* blanks, and a byte order mark */
    return part->length - at >= length && memcmp(part->data + at, magic, length) == 0;
}

static bool
is_step(const struct fa_part *part)
{
    return begins(part, "ISO-10303-21");
}

/* The first line has its section's letter in column 73: S, or B and C in the rare other forms. */
static bool
is_iges(const struct fa_part *part)
{
    if (part->length < IGES_LINE)
        return false;
    for (size_t i = 0; i < IGES_SECTION; i++)
        if (part->data[i] < ' ' || part->data[i] > '~')
            return false;
    return part->data[IGES_SECTION] == 'S' && part->data[IGES_LINE - 1] == '1';
}

static bool
is_threemf(const struct fa_part *part)
{
    return fa_threemf_is(part->data, part->length);
}

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
read_brep(struct fa_part *part, enum fa_brep_format format, int fd, struct fa_error *err)
{
    if (fa_scene_init(&part->scene, err) < 0 ||
        fa_brep_open(format, fd, part->data, part->length, &part->brep, err) < 0)
        return -1;
    return fa_brep_describe(part->brep, &part->scene, &part->facts, err);
}

/* A file without solids may hold bodies made of triangles, which Open CASCADE 7.6 does not read;
 * loose faces beside them are annotations. */
static int
read_step(struct fa_part *part, int fd, struct fa_error *err)
{
    const char *text = (const char *)part->data;
    int result = read_brep(part, FA_BREP_STEP, fd, err);

    if (result < 0 ? err->code != FA_E_CONTENT : !part->facts.sheets)
        return result;
    if (!fa_step_mesh_is(text, part->length))
        return result;
    fa_scene_free(&part->scene);
    fa_brep_close(&part->brep);
    part->tessellated = true;
    return fa_step_mesh_read(text, part->length, FACETS_MAX, &part->scene, &part->unit, err);
}

static int
read_iges(struct fa_part *part, int fd, struct fa_error *err)
{
    return read_brep(part, FA_BREP_IGES, fd, err);
}

static int
read_threemf(struct fa_part *part, int fd, struct fa_error *err)
{
    (void)fd;
    return fa_threemf_read(part->data, part->length, FACETS_MAX, &part->scene, &part->unit, err);
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
    result = fa_mesh_weld_soup(&part->stl.soup, &part->scene.shapes[0].bodies[0].mesh, err);
    part->dropped = part->stl.dropped;
    /* The soup is the largest thing here; only its counts are needed further on. */
    free(part->stl.corners);
    part->stl.corners = NULL;
    part->stl.soup.corners = NULL;
    return result;
}

/* In the order in which they are asked; whatever is none of them is told so by the STL reader. */
static const struct {
    bool (*is)(const struct fa_part *part);
    int (*read)(struct fa_part *part, int fd, struct fa_error *err);
} formats[] = {
    {is_step, read_step}, {is_iges, read_iges},    {is_threemf, read_threemf},
    {is_obj, read_obj},   {is_anything, read_stl},
};

bool
fa_part_is_exact(int fd)
{
    unsigned char head[HEAD_BYTES];
    ssize_t length = pread(fd, head, sizeof head, 0);
    const struct fa_part part = {.data = head, .length = length > 0 ? (size_t)length : 0};

    return is_step(&part) || is_iges(&part);
}

int
fa_part_read(struct fa_part *part, int fd, struct fa_error *err)
{
    struct stat info;
    void *data = NULL;
    size_t format = 0;

    *part = (struct fa_part){.brep = NULL};
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

/* --- meshes -------------------------------------------------------------------------------------
 */

/* The length across the largest body: what a deflection must be seen against. */
static double
longest_diagonal(const struct fa_scene *scene)
{
    double longest = 0;

    for (size_t s = 0; s < scene->shape_count; s++)
        for (size_t b = 0; b < scene->shapes[s].body_count; b++) {
            const struct fa_exact *exact = &scene->shapes[s].bodies[b].exact;
            double square = 0;

            for (int k = 0; exact->known && k < 3; k++)
                square +=
                    (exact->max_mm[k] - exact->min_mm[k]) * (exact->max_mm[k] - exact->min_mm[k]);
            longest = fmax(longest, sqrt(square));
        }
    return longest > 0 ? longest : 100;
}

int
fa_part_mesh(struct fa_part *part, enum fa_part_mesh purpose, struct fa_error *err)
{
    double diagonal;

    if (part->brep == NULL)
        return 0;
    diagonal = longest_diagonal(&part->scene);
    /* Fine: absolute, but never coarser than a small part can bear.  View: what is seen on a
     * screen.
     */
    if (purpose == FA_PART_FINE)
        return fa_brep_mesh(part->brep, &part->scene, fmax(0.005, fmin(0.1, diagonal / 2000)), 0.2,
                            err);
    return fa_brep_mesh(part->brep, &part->scene, diagonal / 800, 0.35, err);
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
    if (part->tessellated)
        fa_figures_note(figures,
                        "The file holds triangles, no exact geometry: the figures are theirs.");
    if (part->unit != NULL) {
        figures->unit = (struct fa_figure_unit){.name = part->unit, .stated = true};
        return;
    }
    fa_figures_guess_unit(figures);
    if (strcmp(figures->unit.name, "mm") != 0)
        fa_figures_note(figures, "The unit may be %s instead of millimetres: %s",
                        figures->unit.name, figures->unit.evidence);
}

/* The usual short name of a unit as STEP and IGES files spell it; NULL: not known. */
static const char *
unit_of(const char *spelling)
{
    static const struct {
        const char *spelling, *name;
    } units[] = {{"millimetre", "mm"}, {"mm", "mm"},         {"centimetre", "cm"}, {"cm", "cm"},
                 {"metre", "m"},       {"m", "m"},           {"inch", "inch"},     {"in", "inch"},
                 {"foot", "foot"},     {"micrometre", "um"}, {"kilometre", "km"}};

    for (size_t i = 0; i < FA_COUNT(units); i++)
        if (strcasecmp(spelling, units[i].spelling) == 0)
            return units[i].name;
    return NULL;
}

static void
note_brep(struct fa_part *part)
{
    struct fa_figures *figures = &part->figures;
    const struct fa_brep_facts *facts = &part->facts;
    uint32_t missing = 0;
    bool solid = false;

    figures->unit = (struct fa_figure_unit){.name = unit_of(facts->unit), .stated = true};
    if (figures->unit.name == NULL)
        figures->unit = (struct fa_figure_unit){
            .name = "mm", .evidence = "The file states no unit of length that is known."};
    figures->validation = (struct fa_figure_validation){.has_volume = facts->has_volume,
                                                        .has_area = facts->has_area,
                                                        .volume_mm3 = facts->volume_mm3,
                                                        .area_mm2 = facts->area_mm2};
    for (size_t s = 0; s < part->scene.shape_count; s++)
        for (size_t b = 0; b < part->scene.shapes[s].body_count; b++) {
            missing += part->scene.shapes[s].bodies[b].missing_faces;
            solid |= part->scene.shapes[s].bodies[b].exact.solid;
        }
    if (!solid)
        fa_figures_note(figures, "The file holds surfaces but no solid: there is no volume.");
    else if (facts->loose_faces > 0)
        fa_figures_note(figures, "%u loose faces beside the solids were left out.",
                        facts->loose_faces);
    if (facts->cut_short)
        fa_figures_note(figures, "The file is cut short: its end is missing, parts may be too.");
    if (missing > 0)
        fa_figures_note(figures, "Faces that could not be meshed and are missing in the model: %u.",
                        missing);
    if (fa_figures_mismatch(figures))
        fa_figures_note(figures, "Volume or area differ from what the exporting system wrote into "
                                 "the file: check the part there.");
}

int
fa_part_measure(struct fa_part *part, struct fa_error *err)
{
    struct fa_figures *figures = &part->figures;
    const struct fa_solid *whole = &figures->whole.solid;

    if (fa_figures_measure(&part->scene, figures, err) < 0)
        return -1;
    if (part->brep != NULL)
        note_brep(part);
    else
        note_mesh(part);
    if (figures->degenerate > 0 && part->brep == NULL)
        fa_figures_note(figures, "%zu facets are points or lines; they were left out.",
                        figures->degenerate);
    if (figures->whole.survey.crowded)
        fa_figures_note(figures, "Too many facets lie over each other: walls were not measured.");
    if (figures->inverted)
        fa_figures_note(figures, "The facets point inwards; the volume's sign was turned.");
    if (figures->inverted_shells > 0)
        fa_figures_note(figures,
                        "%llu pieces point inwards while the others do not; their volume "
                        "was added, not taken away.",
                        (unsigned long long)figures->inverted_shells);
    if (!whole->watertight && whole->defects.open > 0)
        fa_figures_note(figures,
                        "The surface has %llu open edges, one of them at (%.4g, %.4g, %.4g): the "
                        "volume is an estimate.",
                        (unsigned long long)whole->defects.open, whole->defects.open_at_mm[0],
                        whole->defects.open_at_mm[1], whole->defects.open_at_mm[2]);
    else if (!whole->watertight && !figures->exact)
        fa_figures_note(figures, "The surface is not closed: the volume is an estimate.");
    return 0;
}

void
fa_part_free(struct fa_part *part)
{
    fa_scene_free(&part->scene);
    if (part->brep != NULL)
        fa_brep_close(&part->brep);
    fa_stl_free(&part->stl);
    if (part->data != NULL)
        munmap(part->data, part->length);
    *part = (struct fa_part){.data = NULL};
}
