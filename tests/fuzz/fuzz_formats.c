/* Import of any file: the reader that its content asks for; the corpus has a file for each. */
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_import(NULL, data, size);
    return 0;
}
