/* Import of published tables (busbar import --table). */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(&source_published, data, size);
    return 0;
}
