/* Functions that the fuzz targets share. Each target is a file with LLVMFuzzerTestOneInput; main comes from
 * libFuzzer or from replay.c. */
#ifndef BUSBAR_FUZZ_H
#define BUSBAR_FUZZ_H

#include "analysis/import/source.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the bytes to a file in memory. Returns its path, valid until the next call for this slot. */
enum { FUZZ_FILES = 8 };
const char *fuzz_file(int slot, const uint8_t *data, size_t size);

/* Splits an input at its first line "----". Returns the length of the first part; sets *second to the offset
 * of the rest. */
size_t fuzz_part(const uint8_t *data, size_t size, size_t *second);

/* Imports the bytes and discards the records. Uses the given reader; with NULL, the reader that the content
   selects. */
void fuzz_import(const struct source_reader *, const uint8_t *data, size_t size);

#endif
