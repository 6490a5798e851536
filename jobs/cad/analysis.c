#include "jobs/cad/analysis.h"
#include "jobs/cad/part.h"
#include "lib/base/buf.h"
#include "lib/base/cleanup.h"
#include "lib/geometry/glb.h"
#include "lib/geometry/output.h"
#include "lib/geometry/png.h"
#include "lib/geometry/reduce.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES = 1024, VIEW_FACETS = 1000000 };

/* A run through the stages. */
struct run {
    const struct fa_cad_request *request;
    struct fa_part part;
};

/* --- telling ------------------------------------------------------------------------------------
 */

/* One write per line; a reader that has gone away does not stop the work. */
static void FA_PRINTF(2, 3) say(const struct run *run, const char *fmt, ...)
{
    char line[LINE_BYTES];
    va_list args;
    int length;

    va_start(args, fmt);
    length = vsnprintf(line, sizeof line - 1, fmt, args);
    va_end(args);
    if (length < 0 || run->request->files[FA_CAD_PROGRESS] < 0)
        return;
    if ((size_t)length > sizeof line - 2)
        length = (int)sizeof line - 2;
    line[length++] = '\n';
    if (write(run->request->files[FA_CAD_PROGRESS], line, (size_t)length) < 0)
        return;
}

/* --- stages -------------------------------------------------------------------------------------
 */

static int
write_metrics(const struct run *run, struct fa_error *err)
{
    FA_CLEANUP(fa_buf_free) struct fa_buf json;
    FA_AUTO_FREE struct fa_output *out = malloc(sizeof *out);

    fa_buf_init(&json, FA_FIGURES_BYTES);
    fa_figures_print(&json, &run->part.figures);
    if (json.failed || out == NULL)
        return fa_error_set(err, FA_E_MEMORY, "figures");
    fa_output_init(out, run->request->files[FA_CAD_METRICS]);
    fa_output_add(out, json.data, json.length);
    return fa_output_finish(out, err);
}

static int
analyse(struct run *run, struct fa_error *err)
{
    if (fa_part_read(&run->part, run->request->files[FA_CAD_IN], err) < 0)
        return -1;
    say(run, "percent\tcad_analysis\t50");
    if (run->request->files[FA_CAD_METRICS] < 0)
        return 0;
    if (fa_part_mesh(&run->part, FA_PART_FINE, err) < 0)
        return -1;
    say(run, "percent\tcad_analysis\t75");
    if (fa_part_measure(&run->part, err) < 0)
        return -1;
    return write_metrics(run, err);
}

static int
model(struct run *run, struct fa_error *err)
{
    const int *files = run->request->files;
    const struct fa_glb_options options = {.name = run->request->name,
                                           .meshopt = run->request->meshopt};

    /* The pictures need the mesh too. */
    if (files[FA_CAD_GLB] < 0 && files[FA_CAD_PNG] < 0 && files[FA_CAD_PNG_SMALL] < 0)
        return 0;
    if (fa_part_mesh(&run->part, FA_PART_VIEW, err) < 0 ||
        fa_scene_reduce(&run->part.scene, VIEW_FACETS, err) < 0)
        return -1;
    say(run, "percent\tvisualization\t60");
    if (files[FA_CAD_GLB] < 0)
        return 0;
    return fa_glb_write(&run->part.scene, &options, files[FA_CAD_GLB], err);
}

/* Everything as one mesh; the scene's own meshes are not needed any more. */
static int
draw(struct run *run, uint8_t *pixels, struct fa_error *err)
{
    struct fa_drawing drawing = {.colours = run->part.scene.colours};
    struct fa_mesh mesh;
    struct fa_normals normals = {.list = NULL};
    struct fa_edges edges = {.list = NULL};
    int result;

    if (fa_scene_flatten(&run->part.scene, &mesh, err) < 0)
        return -1;
    drawing.mesh = &mesh;
    drawing.normals = &normals;
    drawing.edges = &edges;
    result = fa_normals_build(&mesh, &normals, err);
    if (result == 0)
        result = fa_edges_build(&mesh, &edges, err);
    if (result == 0)
        result = fa_render(&drawing, run->request->size, pixels, err);
    fa_edges_free(&edges);
    fa_normals_free(&normals);
    fa_mesh_free(&mesh);
    return result;
}

static int
picture(struct run *run, struct fa_error *err)
{
    const int *files = run->request->files;
    uint32_t size = run->request->size;
    FA_AUTO_FREE uint8_t *pixels = NULL;

    if (files[FA_CAD_PNG] < 0 && files[FA_CAD_PNG_SMALL] < 0)
        return 0;
    pixels = malloc((size_t)size * size * 4);
    if (pixels == NULL)
        return fa_error_set(err, FA_E_MEMORY, "picture");
    if (draw(run, pixels, err) < 0)
        return -1;
    say(run, "percent\tthumbnail\t80");
    if (files[FA_CAD_PNG] >= 0 && fa_png_write(pixels, size, files[FA_CAD_PNG], err) < 0)
        return -1;
    if (files[FA_CAD_PNG_SMALL] < 0)
        return 0;
    fa_render_halve(pixels, size);
    return fa_png_write(pixels, size / 2, files[FA_CAD_PNG_SMALL], err);
}

/* Memory is bounded by a limit that other attempts would meet too. */
static void
blame_file(struct fa_error *err)
{
    fa_error_set(err, FA_E_CONTENT, "The analysis takes more memory than is allowed.");
    fa_error_action(err, "Export the part again, with fewer details, and upload it anew.");
}

int
fa_cad_analyse(const struct fa_cad_request *request, struct fa_error *err)
{
    static const struct {
        const char *name;
        int (*work)(struct run *run, struct fa_error *err);
    } stages[] = {{"cad_analysis", analyse}, {"visualization", model}, {"thumbnail", picture}};
    struct run run = {.request = request};
    int result = 0;

    for (size_t i = 0; result == 0 && i < FA_COUNT(stages); i++) {
        say(&run, "begin\t%s", stages[i].name);
        result = stages[i].work(&run, err);
        if (result < 0 && err->code == FA_E_MEMORY)
            blame_file(err);
        if (result == 0)
            say(&run, "end\t%s", stages[i].name);
        else if (err->code == FA_E_CONTENT)
            say(&run, "error\t%s\t%s\t%s", stages[i].name, err->detail, err->action);
        else
            say(&run, "failed\t%s\t%s", stages[i].name, err->detail);
    }
    fa_part_free(&run.part);
    return result;
}
