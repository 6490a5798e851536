/* Tessellated STEP, any bytes: read, measure, make a model, read it back, say why it may be empty;
 * nothing may crash or hang. */
#include "lib/geometry/step_file.h"
#include "lib/geometry/step_mesh.h"
#include "tests/fuzz/read_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fa_error err;

    read_insist(fa_step_file_explain_empty((const char *)data, size, &err) < 0);
    return read_back_text(fa_step_mesh_read, data, size);
}
