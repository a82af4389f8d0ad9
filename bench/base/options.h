/* Parses command lines by a table of flags. A row of the table describes one flag: its type, default and
   help, and (by offset) the member of the program's settings struct that it sets. Help, man page and bash
   completion are made from the same table. */
#ifndef BUSBAR_OPTIONS_H
#define BUSBAR_OPTIONS_H

#include "base/names.h"
#include "base/status.h"

#include <stddef.h>
#include <stdio.h>

struct text;

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
    OPTION_REFUSED, /* a flag of an earlier version: status 2, and `help` says what to use instead */
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
    const char *choices;       /* OPTION_CHOICE: "a|b|c" */
    const struct names *names; /* OPTION_CHOICE: has every word of `choices` */
    /* OPTION_TEXT that takes a list of known words: the i-th; NULL after the last. */
    const char *(*word)(size_t i);
    double least, most; /* numbers: the allowed range; both 0: any */
    const char *group;  /* heading in the help; NULL: the same as the row above */
    const char *help;   /* what it does, with the unit; options_help breaks the lines */
};

/* A flag of another tool. It ends with status 2 and the line to type instead. A letter that the program has,
   too, is the other tool's only if its value or the flags beside it show that. Of several rows with one
   letter, the first that fits counts, and a row of the tool whose flags are beside it before all others. */
struct foreign {
    const char *tool; /* "OSU" */
    char letter;      /* 0: none */
    const char *name; /* long name, which may stand behind one dash or two; NULL: none */
    /* Can the tool have this value? NULL as value: none follows. NULL as function: all values fit. */
    bool (*fits)(const char *value);
    bool sure;            /* the program has this letter, too, but not with values that fit */
    const char *unless;   /* sure, unless the command line has one of these letters of the program */
    const char *accepted; /* this value asks for what the program always does; may be NULL */
    /* The flags that do the same: "-b %" with the value in place of "%". "": none are needed. NULL: there are
       none, or `convert` adds them, quoted for a shell, and returns false for a value without any. */
    const char *instead;
    const char *value_of, *usual; /* "%" is the value of this other flag, or the usual one; may be NULL */
    bool (*convert)(const char *value, struct text *flags);
    const char *related; /* long flags of programs that lack those of `instead`: "sizes shapes" */
    const char *help;    /* what to use instead, or why there is nothing */
};

struct command {
    const char *name;        /* "all_reduce", "busbar import" */
    const char *summary;     /* one line */
    const char *synopsis;    /* "[flags] FILE…" */
    const char *description; /* for --help and the man page, which refill its lines: an empty line starts a
                                paragraph, a line that begins with a space is not refilled; may be NULL */
    const char *examples;    /* lines "command\n    what it does\n"; may be NULL */
    const struct option *options;  /* the flags: two tables for the same settings struct, */
    const struct option *more;     /* so that programs can share one; may be NULL */
    const struct foreign *foreign; /* up to a row without help; may be NULL */
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

/* The row of a word that begins with a dash: of a long flag, or of the last flag in a word of short flags
   (only the last can take a value). *attached: the value that is part of the same word; NULL: none. */
const struct option *options_find(const struct command *, const char *flag, const char **attached);
bool option_takes_value(const struct option *);

/* A flag of another tool on a command line. */
struct foreign_use {
    const struct foreign *row;
    const char *value; /* NULL: none */
    int words;         /* with the value */
};

/* Is argv[at] a flag of another tool? tool: one whose flags are also in argv; may be NULL. */
bool foreign_find(const struct command *, int argc, char **argv, int at, const char *tool,
                  struct foreign_use *);

/* Prints why the flag at argv[at] is refused, and the line to type. Returns STATUS_USAGE; STATUS_OK if its
   value is accepted. */
enum status foreign_refuse(const struct command *, int argc, char **argv, int at, const struct foreign_use *);

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
