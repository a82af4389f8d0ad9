/* Import of any file, with the reader that its content selects; the corpus has a file for each reader. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(NULL, data, size);
    return 0;
}
