/* What the fuzz targets share. Each is one file with LLVMFuzzerTestOneInput: libFuzzer links its own main,
 * replay.c another. */
#ifndef BUSBAR_FUZZ_H
#define BUSBAR_FUZZ_H

#include "analysis/import/source.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a file: its path, good until the next call for the same slot. */
enum { FUZZ_FILES = 8 };
const char *fuzz_file(int slot, const uint8_t *data, size_t size);

/* An input of several texts is parted by a line of "----": the length of the first, and where the rest
 * begins. */
size_t fuzz_part(const uint8_t *data, size_t size, size_t *second);

/* An import as far as records (which go nowhere): by one reader, or (NULL) by the one that the content asks
   for. */
void fuzz_import(const struct source_reader *, const uint8_t *data, size_t size);

#endif
