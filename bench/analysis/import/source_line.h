/* Reads the lines of logs: removes colours, control characters and the prefixes that launchers add, and
   splits lines into words. */
#ifndef BUSBAR_SOURCE_LINE_H
#define BUSBAR_SOURCE_LINE_H

#include "analysis/import/source.h"

#include <stdbool.h>
#include <stddef.h>

enum { LINE_LIMIT = 8192, WORD_LIMIT = 64 };

/* Reads a block of memory line by line. A line of `mpirun --xml` is converted to the form of --tag-output. A
   carriage return ends a line too, because progress bars use it to overwrite themselves. */
struct lines {
    const char *next, *end;
    size_t number; /* of the line returned last, from 1 */
    bool in_line;  /* the last piece ended at a carriage return, so that `number` stays */
    /* The cleaned piece: printable ASCII and UTF-8, cut at the limit. */
    char text[LINE_LIMIT];
};

void lines_start(struct lines *, const char *data, size_t length);
bool lines_next(struct lines *);

/* Skips the prefixes before the program's text: srun -l ("12: "), mpirun --tag-output ("[1,0]<stdout>:"),
   kubectl, pdsh and docker ("pod-0: ", "[pod/x/y] ", "pod-0 | "), time stamps, quoting, a list's bullet, a
   reST role. Returns the text. Sets `label` to the part that identifies the process, or to "". */
const char *skip_prefix(const char *line, char label[128]);

/* Overwrites every "[label]" within the line with blanks. Some launchers (torchrun --tee) print it before
   every write, not only at the start of a line: "[0] 8 2 float sum -1[0] 21.4 …". */
void blank_repeated_label(char *text, const char *label);

struct word {
    char *text;
    size_t at; /* offset in the line */
};

/* Splits the line in place at blanks, '|' and '`'. Returns the number of words, at most WORD_LIMIT. */
size_t split_words(char *line, struct word words[WORD_LIMIT]);

bool is_integer_word(const char *word);

/* For tables whose header line names their columns. A reader numbers the columns that it needs from 1; 0
   stands for any other column. */
struct column_name {
    const char *name;
    int column;
};
enum { COLUMN_LIMIT = 16 };

/* Sets columns[i] to the number of the column that word i of the header line names. The list of names ends
   with {NULL, 0}. Returns how many words are in that list. */
size_t name_columns(const struct word *words, size_t count, const struct column_name *names,
                    int columns[WORD_LIMIT]);

/* Reads the numbers of a row by column number; NAN for a column without a number. */
void read_figures(const struct word *words, size_t count, const int columns[WORD_LIMIT],
                  struct printed figures[COLUMN_LIMIT]);

#endif
