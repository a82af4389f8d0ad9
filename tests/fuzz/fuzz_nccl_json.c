/* Import of nccl-tests' JSON: reads and checks it, makes records and discards them. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct source_reader reader = {.format = "nccl-tests-json", .read = source_read_nccl_json};
    fuzz_import(&reader, data, size);
    return 0;
}
