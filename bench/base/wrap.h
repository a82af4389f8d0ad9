/* Breaks text into lines that fit a terminal. */
#ifndef BUSBAR_WRAP_H
#define BUSBAR_WRAP_H

#include "base/text.h"

enum { TERMINAL_COLUMNS = 80 }; /* output for people fits this width, whatever the terminal has */

/* Adds lines of text, each with a newline, and breaks those that are wider than `columns` columns of a
   terminal: at a space, but not before a percent sign, or after a slash or a comma; within a word only if
   there is no such place in the second half of the line. Continuation lines start with `indent` spaces. */
void text_add_wrapped(struct text *, const char *lines, size_t columns, size_t indent);

/* Adds the words of text[0 … length) as lines of at most TERMINAL_COLUMNS columns, broken between words only.
   The first line is already at `column`; further lines start with `indent` spaces. Ends with a newline. */
void text_add_filled(struct text *, const char *text, size_t length, size_t column, size_t indent);

#endif
