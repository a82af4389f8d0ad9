/* Breaks text into lines that fit a terminal. */
#ifndef BUSBAR_WRAP_H
#define BUSBAR_WRAP_H

#include "base/text.h"

enum { TERMINAL_COLUMNS = 80 }; /* output for people fits this width, whatever the terminal has */

/* Adds each line of `lines` in lines of at most `columns` columns of a terminal, each with a newline. Breaks
   at a space, but not within "3 %", or after a slash or a comma; inside a word only if no such place is in
   the second half of the line. Lines that go on start with `indent` spaces. */
void text_add_wrapped(struct text *, const char *lines, size_t columns, size_t indent);

#endif
