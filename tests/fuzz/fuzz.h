/* What the fuzz targets share. Each is one file with LLVMFuzzerTestOneInput: libFuzzer links its own main,
 * replay.c another. */
#ifndef BUSBAR_FUZZ_H
#define BUSBAR_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a file: its path, good until the next call. */
const char *fuzz_file(const uint8_t *data, size_t size);

#endif
