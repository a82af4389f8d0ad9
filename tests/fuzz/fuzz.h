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

/* An import as far as records (which go nowhere): read by `reader`, checked, written. */
void fuzz_import(const char *format, size_t (*reader)(struct source *, const char *, size_t),
                 const uint8_t *data, size_t size);

#endif
