/* The model of a 3MF, any bytes: read, measure, make a model, read it back; nothing may crash or
 * hang. */
#include "lib/geometry/threemf.h"
#include "tests/fuzz/read_back.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return read_back_text(fa_threemf_read_model, data, size);
}
