/* Command lines from a table: a row gives a flag its place in the settings, default, help, man page and
   completion. A program's settings are one struct; a row names the member by its offset. */
#ifndef BUSBAR_OPTIONS_H
#define BUSBAR_OPTIONS_H

#include "base/names.h"
#include "base/status.h"

#include <stddef.h>
#include <stdio.h>

enum option_kind {
    OPTION_END = 0, /* closes the table */
    OPTION_FLAG,    /* int: no value, sets 1 */
    OPTION_TEXT,    /* const char * into argv; NULL when not given and without a default */
    OPTION_LIST,    /* struct option_list: may be given several times, each value kept */
    OPTION_INTEGER, /* int64_t */
    OPTION_REAL,    /* double */
    OPTION_SIZE,    /* size_t, bytes: 8, 64K, 1G */
    OPTION_SECONDS, /* double: 0.25, 20m, 6h */
    OPTION_CHOICE,  /* int or an enum: the value that `names` gives to one word of `choices` */
    OPTION_REFUSED, /* a flag of another tool: status 2, and `help` says what to use instead. The value
                       `choices`, if given, is accepted: it asks for what busbar does anyway. */
};

struct option_list {
    const char **values;
    size_t count;
};

struct option {
    enum option_kind kind;
    char letter;               /* 0: none */
    const char *name;          /* long name without dashes */
    const char *argument;      /* what the help calls the value: "SIZE" */
    size_t at;                 /* offsetof(struct settings, member) */
    const char *initial;       /* the default, as the user would type it; NULL: zero or NULL */
    const char *choices;       /* OPTION_CHOICE: "a|b|c"; OPTION_REFUSED: see there */
    const struct names *names; /* OPTION_CHOICE: has every word of `choices` */
    double least, most;        /* numbers: the allowed range; both 0: any */
    const char *group;         /* heading in the help; NULL: the same as the row above */
    const char *help;          /* what it does, with the unit; options_help breaks the lines */
};

struct command {
    const char *name;        /* "all_reduce", "busbar import" */
    const char *summary;     /* one line */
    const char *synopsis;    /* "[flags] FILE…" */
    const char *description; /* for --help and the man page, filled anew: an empty line starts a paragraph, a
                                line that begins with a space is kept as it is; may be NULL */
    const char *examples;    /* lines "command\n    what it does\n"; may be NULL */
    const struct option *options; /* rows of any tables shared between programs are given first … */
    const struct option *more;    /* … and the program's own after; may be NULL. Same settings struct. */
};

/* The loop over every row of both tables. */
#define EACH_OPTION(command, row)                                                                            \
    for (int table_ = 0; table_ < 2; table_++)                                                               \
        for (const struct option *row = table_ ? (command)->more : (command)->options; row && row->kind;     \
             row++)

/* Sets the defaults, then reads argv[1…]. Operands (arguments that are no flags) are moved to the end of
   argv; *first_operand is the index of the first (== argc when there are none).
   --help, --version, --man and --completion print and end the process with status 0.
   STATUS_USAGE after one line that names the flag or the value, what was expected, and a near match. */
enum status options_parse(const struct command *, int argc, char **argv, void *settings, int *first_operand);

/* Takes the flag --NAME out of argv, however it is spelt, and returns the new argc. For argv that options_parse has
   accepted and that has no operands. */
int options_remove(const struct command *, int argc, char **argv, const char *name);

void options_help(const struct command *, FILE *); /* grouped, with defaults and examples */
void options_man(const struct command *, FILE *);  /* a man page, section 1 (man(7) macros) */
/* One line a flag: "--name", then " a b c" for a choice, or " *" where any value follows. scripts/completion
 * reads it. */
void options_completion(const struct command *, FILE *);
void options_free(const struct command *, void *settings); /* the lists */

#endif
