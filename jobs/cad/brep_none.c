/* fileapi-cad without Open CASCADE, whose libraries take longer to load than most meshes to
 * analyse: for exact formats it becomes fileapi-cad-exact, which has them. */
#include "jobs/cad/brep.h"

const bool fa_brep_here = false;

int
fa_brep_open(enum fa_brep_format format, int fd, const unsigned char *data, size_t length,
             struct fa_brep **brep_r, struct fa_error *err)
{
    (void)format;
    (void)fd;
    (void)data;
    (void)length;
    *brep_r = NULL;
    return fa_error_set(err, FA_E_INTERNAL, "this program reads no exact formats");
}

int
fa_brep_describe(struct fa_brep *brep, struct fa_scene *scene, struct fa_brep_facts *facts,
                 struct fa_error *err)
{
    (void)brep;
    (void)scene;
    (void)facts;
    return fa_error_set(err, FA_E_INTERNAL, "this program reads no exact formats");
}

int
fa_brep_mesh(struct fa_brep *brep, struct fa_scene *scene, double deflection_mm, double angle,
             struct fa_error *err)
{
    (void)brep;
    (void)scene;
    (void)deflection_mm;
    (void)angle;
    return fa_error_set(err, FA_E_INTERNAL, "this program reads no exact formats");
}

void
fa_brep_close(struct fa_brep **brep)
{
    *brep = NULL;
}
