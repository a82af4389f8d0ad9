/* Parses command lines by a table of flags. A row of the table describes one flag: its type, default and
   help, and (by offset) the member of the program's settings struct that it sets. Help, man page and bash
   completion are made from the same table. */
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
    OPTION_LIST,    /* struct option_list: the flag may be repeated; all its values are kept */
    OPTION_INTEGER, /* int64_t */
    OPTION_REAL,    /* double */
    OPTION_SIZE,    /* size_t, bytes: 8, 64K, 1G */
    OPTION_SECONDS, /* double: 0.25, 20m, 6h */
    OPTION_CHOICE,  /* int or an enum: the value that `names` gives to one word of `choices` */
    OPTION_REFUSED, /* a flag of another tool: status 2, and `help` says what to use instead. If `choices` is
                       set, that value is accepted, because it asks for what busbar always does. */
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
    /* OPTION_REFUSED: the flags that do the same, with "%" for the value; NULL: there are none. */
    const char *instead;
    /* OPTION_TEXT that takes a list of known words: the i-th; NULL after the last. */
    const char *(*word)(size_t i);
    const char *elsewhere; /* what other tools mean by the letter, for the refusal of a value; may be NULL */
    double least, most;    /* numbers: the allowed range; both 0: any */
    const char *group;     /* heading in the help; NULL: the same as the row above */
    const char *help;      /* what it does, with the unit; options_help breaks the lines */
};

struct command {
    const char *name;        /* "all_reduce", "busbar import" */
    const char *summary;     /* one line */
    const char *synopsis;    /* "[flags] FILE…" */
    const char *description; /* for --help and the man page, which refill its lines: an empty line starts a
                                paragraph, a line that begins with a space is not refilled; may be NULL */
    const char *examples;    /* lines "command\n    what it does\n"; may be NULL */
    const struct option *options; /* the flags: two tables for the same settings struct, */
    const struct option *more;    /* so that programs can share one; may be NULL */
};

/* Loops over the rows of both tables. */
#define EACH_OPTION(command, row)                                                                            \
    for (int table_ = 0; table_ < 2; table_++)                                                               \
        for (const struct option *row = table_ ? (command)->more : (command)->options; row && row->kind;     \
             row++)

/* Sets the defaults, then reads argv[1…]. Moves the operands (arguments that are not flags) to the end of
   argv; *first_operand is the index of the first one, or argc if there is none. first_operand NULL: operands
   are an error. --help, --version, --man and --completion print and end the process with status 0. Returns
   STATUS_USAGE after printing one line: the flag or value, what was expected, and the nearest known name. */
enum status options_parse(const struct command *, int argc, char **argv, void *settings, int *first_operand);

/* Sets the words that suggested commands begin with in messages about other tools' flags: "mpirun -np 8".
   Nothing by default. The string must stay valid. */
void options_started_by(const char *words);

/* Takes the flag --NAME out of argv, however it is spelt, and returns the new argc. For argv that
   options_parse has accepted and that has no operands. */
int options_remove(const struct command *, int argc, char **argv, const char *name);

void options_help(const struct command *, FILE *); /* grouped, with defaults and examples */
void options_man(const struct command *, FILE *);  /* a man page, section 1 (man(7) macros) */
/* One line per flag for scripts/completion: "--name"; with " a b c" if it takes one of these words, with " *"
   if it takes any value. */
void options_completion(const struct command *, FILE *);
void options_free(const struct command *, void *settings); /* the lists */

#endif
