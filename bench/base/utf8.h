/* UTF-8 text, letter by letter, whatever the user's locale is. */
#ifndef BUSBAR_UTF8_H
#define BUSBAR_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* Stands for a byte that is not UTF-8; beyond Unicode. */
#define NOT_UTF8 ((wchar_t)0x7fffffff)

/* Reads the letter at `text` (not at its end) and returns its bytes: 1 to 4. */
size_t utf8_letter(const char *text, wchar_t *letter);

/* Columns of a terminal: 0 for combining marks, 2 for most letters of East Asia, else 1. */
size_t letter_columns(wchar_t);
size_t text_columns(const char *text, size_t bytes);

/* Control characters, and the marks that reorder a line (U+202A to U+202E, U+2066 to U+2069). */
bool is_control(wchar_t);

#endif
