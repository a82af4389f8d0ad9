/* Import of OSU's text: read, checked, made records of (which go nowhere). */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import("osu", source_read_osu, data, size);
    return 0;
}
