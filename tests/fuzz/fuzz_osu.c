/* Import of OSU's text: reads and checks it, makes records and discards them. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct source_reader reader = {.format = "osu", .read = source_read_osu};
    fuzz_import(&reader, data, size);
    return 0;
}
