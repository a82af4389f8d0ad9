/* Lines of logs as programs print them: without colours and control characters, without the prefixes that
   launchers put before them, cut into words. */
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
    size_t number; /* of the line last given, from 1 */
    bool in_line;  /* the last piece ended at a carriage return */
    char
        text[LINE_LIMIT]; /* the piece, cleaned: printable ASCII and UTF-8; what is beyond the limit is cut */
};

void lines_start(struct lines *, const char *data, size_t length);
bool lines_next(struct lines *);

/* Skips what stands before the program's own text: srun -l ("12: "), mpirun --tag-output ("[1,0]<stdout>:"),
   kubectl, pdsh and docker ("pod-0: ", "[pod/x/y] ", "pod-0 | "), time stamps, quoting, a list's bullet, a
   reST role. Returns the text; the label (what tells the streams of several processes apart) goes into label,
   "" when there is none. */
const char *skip_prefix(const char *line, char label[128]);

/* Some launchers (torchrun --tee) put their "[label]" before every write, so that it stands within lines too:
   "[0] 8 2 float sum -1[0] 21.4 …". There it becomes blanks. */
void blank_repeated_label(char *text, const char *label);

struct word {
    char *text;
    size_t at; /* in the line */
};

/* Cuts in place at blanks, '|' and '`'; at most WORD_LIMIT words. */
size_t split_words(char *line, struct word words[WORD_LIMIT]);

bool is_integer_word(const char *word);

/* Tables whose header line names their columns. A reader numbers the columns that it needs from 1; 0 is any
   other. */
struct column_name {
    const char *name;
    int column;
};
enum { COLUMN_LIMIT = 16 };

/* The columns of a header line into `columns`; the list of names ends with {NULL, 0}. Returns how many of
   the names are there. */
size_t name_columns(const struct word *words, size_t count, const struct column_name *names,
                    int columns[WORD_LIMIT]);

/* The numbers of a row by column; NAN where there is none. */
void read_figures(const struct word *words, size_t count, const int columns[WORD_LIMIT],
                  struct printed figures[COLUMN_LIMIT]);

#endif
