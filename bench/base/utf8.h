/* Reads UTF-8 text character by character, independent of the user's locale. */
#ifndef BUSBAR_UTF8_H
#define BUSBAR_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* Returned for a byte that is not valid UTF-8. No Unicode character has this value. */
#define NOT_UTF8 ((wchar_t)0x7fffffff)

/* Reads the character at `text`, which must not be at its end. Returns the character's bytes, 1 to 4. */
size_t utf8_letter(const char *text, wchar_t *letter);

/* Width in columns of a terminal: 0 for combining marks, 2 for most East Asian characters, else 1. */
size_t letter_columns(wchar_t);
size_t text_columns(const char *text, size_t bytes);

/* Whether it is a control character or one that changes the direction of text (U+202A–U+202E,
   U+2066–U+2069). */
bool is_control(wchar_t);

#endif
