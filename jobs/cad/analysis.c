#include "jobs/cad/analysis.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/glb.h"
#include "lib/geometry/metrics.h"
#include "lib/geometry/output.h"
#include "lib/geometry/png.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { FACETS_MAX = 20000000, METRICS_LIMIT = 32 * 1024, LINE_BYTES = 1024 };

/* A part on its way through the stages. */
struct part {
    const struct fa_cad_request *request;
    struct fa_stl stl;
    struct fa_scene scene; /* of one body */
    struct fa_edges edges;
    struct fa_metrics metrics;
};

static struct fa_mesh *
mesh_of(const struct part *part)
{
    return &part->scene.shapes[0].bodies[0].mesh;
}

/* --- telling ------------------------------------------------------------------------------------
 */

/* One write per line; a reader that has gone away does not stop the work. */
static void FA_PRINTF(2, 3) say(const struct part *part, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list args;
    int length;

    va_start(args, fmt);
    length = vsnprintf(line, sizeof line - 1, fmt, args);
    va_end(args);
    if (length < 0 || part->request->files[FA_CAD_PROGRESS] < 0)
        return;
    if ((size_t)length > sizeof line - 2)
        length = (int)sizeof line - 2;
    line[length++] = '\n';
    if (write(part->request->files[FA_CAD_PROGRESS], line, (size_t)length) < 0)
        return;
}

/* --- stages -------------------------------------------------------------------------------------
 */

static int
write_metrics(const struct part *part, struct fa_error *err)
{
    FA_CLEANUP(fa_buf_free) struct fa_buf json;
    FA_AUTO_FREE struct fa_output *out = malloc(sizeof *out);

    fa_buf_init(&json, METRICS_LIMIT);
    fa_metrics_print(&json, &part->metrics, mesh_of(part), &part->stl);
    if (json.failed || out == NULL)
        return fa_error_set(err, FA_E_MEMORY, "figures");
    fa_output_init(out, part->request->files[FA_CAD_METRICS]);
    fa_output_add(out, json.data, json.length);
    return fa_output_finish(out, err);
}

static int
read_stl(struct part *part, struct fa_error *err)
{
    int fd = part->request->files[FA_CAD_IN];
    struct stat info;
    void *data = NULL;
    int result;

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
    result = fa_stl_read(data, (size_t)info.st_size, FACETS_MAX, &part->stl, err);
    if (data != NULL)
        munmap(data, (size_t)info.st_size);
    return result;
}

static int
analyse(struct part *part, struct fa_error *err)
{
    if (read_stl(part, err) < 0)
        return -1;
    say(part, "percent\tcad_analysis\t40");
    if (fa_scene_single(&part->scene, 1, err) < 0 ||
        fa_mesh_weld((const float(*)[3])part->stl.corners, NULL, part->stl.facet_count,
                     mesh_of(part), err) < 0)
        return -1;
    /* The soup is the largest thing here; only its counts are needed further on. */
    free(part->stl.corners);
    part->stl.corners = NULL;
    if (fa_edges_build(mesh_of(part), &part->edges, err) < 0)
        return -1;
    say(part, "percent\tcad_analysis\t80");
    if (fa_metrics_measure(mesh_of(part), &part->edges, &part->metrics, err) < 0)
        return -1;
    return part->request->files[FA_CAD_METRICS] < 0 ? 0 : write_metrics(part, err);
}

static int
model(struct part *part, struct fa_error *err)
{
    const int *files = part->request->files;
    const struct fa_glb_options options = {.name = part->request->name,
                                           .meshopt = part->request->meshopt};

    if (files[FA_CAD_GLB] < 0)
        return 0;
    return fa_glb_write(&part->scene, &options, files[FA_CAD_GLB], err);
}

/* Everything as one mesh. */
static int
draw(const struct part *part, uint8_t *pixels, struct fa_error *err)
{
    struct fa_drawing drawing = {.colours = (const float(*)[4])part->scene.colours};
    struct fa_mesh mesh;
    struct fa_normals normals = {.list = NULL};
    struct fa_edges edges = {.list = NULL};
    int result;

    if (fa_scene_flatten(&part->scene, &mesh, err) < 0)
        return -1;
    drawing.mesh = &mesh;
    drawing.normals = &normals;
    drawing.edges = &edges;
    result = fa_normals_build(&mesh, &normals, err);
    if (result == 0)
        result = fa_edges_build(&mesh, &edges, err);
    if (result == 0)
        result = fa_render(&drawing, part->request->size, pixels, err);
    fa_edges_free(&edges);
    fa_normals_free(&normals);
    fa_mesh_free(&mesh);
    return result;
}

static int
picture(struct part *part, struct fa_error *err)
{
    uint32_t size = part->request->size;
    FA_AUTO_FREE uint8_t *pixels = NULL;

    if (part->request->files[FA_CAD_PNG] < 0)
        return 0;
    pixels = malloc((size_t)size * size * 4);
    if (pixels == NULL)
        return fa_error_set(err, FA_E_MEMORY, "picture");
    if (draw(part, pixels, err) < 0)
        return -1;
    say(part, "percent\tthumbnail\t80");
    return fa_png_write(pixels, size, part->request->files[FA_CAD_PNG], err);
}

/* Memory is bounded by a limit that other attempts would meet too. */
static void
blame_file(struct fa_error *err)
{
    fa_error_set(err, FA_E_CONTENT, "The analysis takes more memory than is allowed.");
    fa_error_action(err, "Export the part again, with fewer facets, and upload it anew.");
}

int
fa_cad_analyse(const struct fa_cad_request *request, struct fa_error *err)
{
    static const struct {
        const char *name;
        int (*run)(struct part *part, struct fa_error *err);
    } stages[] = {{"cad_analysis", analyse}, {"visualization", model}, {"thumbnail", picture}};
    struct part part = {.request = request};
    int result = 0;

    for (size_t i = 0; result == 0 && i < FA_COUNT(stages); i++) {
        say(&part, "begin\t%s", stages[i].name);
        result = stages[i].run(&part, err);
        if (result < 0 && err->code == FA_E_MEMORY)
            blame_file(err);
        if (result == 0)
            say(&part, "end\t%s", stages[i].name);
        else if (err->code == FA_E_CONTENT)
            say(&part, "error\t%s\t%s\t%s", stages[i].name, err->detail, err->action);
        else
            say(&part, "failed\t%s\t%s", stages[i].name, err->detail);
    }
    fa_metrics_free(&part.metrics);
    fa_edges_free(&part.edges);
    fa_scene_free(&part.scene);
    fa_stl_free(&part.stl);
    return result;
}
