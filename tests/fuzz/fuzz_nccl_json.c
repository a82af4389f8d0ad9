/* Import of nccl-tests' JSON: read, checked, made records of (which go nowhere). */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import("nccl-tests-json", source_read_nccl_json, data, size);
    return 0;
}
