/* Text in the data columns of a drawing's TSV file. The scripts draw each row at its place. */
#ifndef BUSBAR_DRAWING_WORDS_H
#define BUSBAR_DRAWING_WORDS_H

#include "analysis/plot/drawing.h"

/* Lengths in columns of text, heights in pixels. */
enum { TITLE_LENGTH = 66, SUBTITLE_LENGTH = 84, LABEL_HEIGHT = 15 };

/* The line types of style.gp: 1 to DRAWING_CURVES for curves, then grey and ink. */
enum { GREY = DRAWING_CURVES + 1, INK };
int line_type(int colour);

/* Adds the row of a text at x and y in screen coordinates (0…1), at most `most` columns wide. */
void text_row(struct text *out, double x, double y, int colour, const char *label, size_t most);

/* Breaks a label into lines, each with a newline, but not before a number of GPUs ("×16"). Cuts only a label
   that needs more than twelve lines. */
const char *label_lines(struct arena *, const char *label, size_t columns, size_t *lines);
/* Adds the rows of label_lines(), the first one at height y, `step` apart. */
void text_rows(struct text *out, double x, double y, double step, int colour, const char *lines);

/* Replaces letters other than Latin, Greek, Cyrillic, punctuation, arrows and signs by '?', for PNG and PDF
   files: if no installed font has a letter, Pango draws a box of arbitrary size. SVG files keep them, since
   the browser finds a font. Returns whether it replaced any. */
bool replace_rare_letters(struct text *);

#endif
