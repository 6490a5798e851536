/* Tessellated STEP, any bytes: read, measure, make a model, read it back; nothing may crash or
 * hang. */
#include "lib/geometry/step_mesh.h"
#include "tests/fuzz/read_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return read_back_text(fa_step_mesh_read, data, size);
}
