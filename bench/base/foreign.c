/* Flags of other tools on a command line: finds them, and writes the line to type instead. */
#include "base/options.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *launcher = "";

void options_started_by(const char *words)
{
    launcher = words;
}

#define EACH_FOREIGN(command, row)                                                                           \
    for (const struct foreign *row = (command)->foreign; row && row->help; row++)

/* The word after argv[at] if it can be a value: -1 can, -x cannot. */
static const char *next_value(int argc, char **argv, int at)
{
    if (at + 1 >= argc) return NULL;
    const char *word = argv[at + 1];
    return *word != '-' || !word[1] || isdigit((unsigned char)word[1]) ? word : NULL;
}

/* Has the command line a flag of the program with one of these letters? */
static bool has_flag(const struct command *command, int argc, char **argv, const char *letters)
{
    for (int i = 1; i < argc; i++) {
        const char *attached;
        const struct option *row = argv[i][0] == '-' ? options_find(command, argv[i], &attached) : NULL;
        if (row && row->letter && strchr(letters, row->letter)) return true;
    }
    return false;
}

static bool find_name(const struct command *command, const char *name, size_t length,
                      const struct foreign **found)
{
    EACH_FOREIGN(command, row)
    if (row->name && strlen(row->name) == length && strncmp(row->name, name, length) == 0) {
        *found = row;
        return true;
    }
    return false;
}

/* Whether a row's letter is meant as the other tool's: the program lacks the letter, or flags of that tool
   (`tool`) stand beside it, or its value shows it (`sure`). */
static bool is_meant(const struct command *command, int argc, char **argv, const struct foreign *row,
                     const char *tool)
{
    const char *attached;
    const char flag[] = {'-', row->letter, 0}, same_flag[] = {'-', row->letter, ' ', '%', 0};
    if (!options_find(command, flag, &attached)) return true;
    if (same(row->tool, tool)) return !same(row->instead, same_flag);
    return row->sure && !(row->unless && has_flag(command, argc, argv, row->unless));
}

/* The row of a short flag, by the rules at struct foreign; NULL: it is none of another tool. */
static const struct foreign *find_letter(const struct command *command, int argc, char **argv, int at,
                                         const char *tool, const char *value)
{
    const struct foreign *found = NULL;
    EACH_FOREIGN(command, row)
    {
        if (row->letter != argv[at][1] || (row->fits && !row->fits(value))) continue;
        if (!is_meant(command, argc, argv, row, tool)) continue;
        if (!found || (!same(found->tool, tool) && same(row->tool, tool))) found = row;
    }
    return found;
}

/* The value of the flag `value_of` elsewhere on the command line, or else the row's usual value. */
static const char *value_of_flag(int argc, char **argv, const struct foreign *row)
{
    for (int i = 1; i + 1 < argc; i++)
        if (argv[i][0] == '-' && same(argv[i] + 1, row->value_of)) return argv[i + 1];
    return row->usual;
}

bool foreign_find(const struct command *command, int argc, char **argv, int at, const char *tool,
                  struct foreign_use *use)
{
    const char *word = argv[at], *ignored;
    const bool is_long = word[0] == '-' && word[1] == '-';
    if (word[0] != '-' || !word[1] || (is_long && options_find(command, word, &ignored))) return false;
    const char *name = word + 1 + is_long, *equals = is_long ? strchr(word, '=') : NULL;
    const size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const char *attached = equals ? equals + 1 : NULL;
    *use = (struct foreign_use){0};
    if (length < 2 || !find_name(command, name, length, &use->row)) {
        if (is_long) return false;
        attached = word[2] ? word + 2 : NULL;
        use->row =
            find_letter(command, argc, argv, at, tool, attached ? attached : next_value(argc, argv, at));
        /* "-quick" is no -q with the value "uick" */
        if (use->row && attached && isalpha((unsigned char)*attached) && !use->row->fits) return false;
    }
    if (!use->row) return false;
    use->value = attached ? attached : next_value(argc, argv, at);
    use->words = use->value && !attached ? 2 : 1;
    if (use->row->value_of) use->value = value_of_flag(argc, argv, use->row);
    return true;
}

/* The first flag in `flags` that the program lacks, copied into `lacking`. */
static bool lacks(const struct command *command, const char *flags, struct text *lacking)
{
    for (const char *word = flags; *word; word += strcspn(word, " "), word += strspn(word, " ")) {
        const char *attached;
        if (*word == '"' || *word == '\'') break; /* a quoted value, the last word */
        if (*word != '-' || isdigit((unsigned char)word[1])) continue;
        text_clear(lacking);
        text_add_bytes(lacking, word, strcspn(word, " "));
        if (!options_find(command, text_get(lacking), &attached)) return true;
    }
    text_clear(lacking);
    return false;
}

/* Writes the program's flags for a flag of another tool; false: there are none. */
static bool translate(const struct foreign_use *use, struct text *flags)
{
    const struct foreign *row = use->row;
    if (row->convert) return row->convert(use->value, flags);
    if (!row->instead) return false;
    if (strchr(row->instead, '%') && !use->value) return false;
    char *words = duplicate(row->instead), *rest = words;
    for (const char *word; *row->instead && (word = strsep(&rest, " "));)
        text_add_word(flags, same(word, "%") ? use->value : word);
    free(words);
    return true;
}

/* Writes the command line with the program's flags in place of all those of other tools. False: argv[*at],
   which is *use, has no counterpart; `lacking` then names a flag that this program lacks, if that is why. */
static bool correct(const struct command *command, int argc, char **argv, const char *tool, int *at,
                    struct foreign_use *use, struct text *line, struct text *lacking)
{
    text_add(line, "%s", launcher);
    text_add_word(line, argv[0]);
    for (*at = 1; *at < argc;) {
        const char *word = argv[*at], *attached = NULL;
        const bool found = foreign_find(command, argc, argv, *at, tool, use);
        if (found && !(use->row->accepted && same(use->value, use->row->accepted))) {
            struct text flags = {0};
            bool all = translate(use, &flags) && !lacks(command, text_get(&flags), lacking);
            if (all && flags.length) text_add(line, " %s", text_get(&flags));
            text_free(&flags);
            if (!all) return false;
            *at += use->words;
            continue;
        }
        const struct option *own = !found && *word == '-' ? options_find(command, word, &attached) : NULL;
        int words = found ? use->words : own && option_takes_value(own) && !attached ? 2 : 1;
        for (; words && *at < argc; words--) text_add_word(line, argv[(*at)++]);
    }
    return true;
}

/* "--sizes": the first of the related flags that the program has; NULL: it has none. */
static const struct option *related(const struct command *command, const struct foreign *row)
{
    const struct option *found = NULL;
    char *words = duplicate(row->related ? row->related : ""), *rest = words;
    for (const char *word; !found && (word = strsep(&rest, " "));) {
        struct text flag = {0};
        const char *attached;
        text_add(&flag, "--%s", word);
        found = options_find(command, text_get(&flag), &attached);
        text_free(&flag);
    }
    free(words);
    return found;
}

static void describe(const struct command *command, char **argv, int at, const struct foreign_use *use,
                     struct text *text)
{
    const char *attached, flag[] = {'-', use->row->letter, 0};
    const bool shared = argv[at][1] == use->row->letter && options_find(command, flag, &attached);
    text_add(text, "%s", argv[at]);
    if (shared && use->words > 1) text_add(text, " %s", use->value);
    if (shared)
        text_add(text, " is a flag of %s", use->row->tool);
    else
        text_add(text, " is not a flag of busbar");
}

enum status foreign_refuse(const struct command *command, int argc, char **argv, int at,
                           const struct foreign_use *first)
{
    if (first->row->accepted && same(first->value, first->row->accepted)) return STATUS_OK;
    struct text line = {0}, what = {0}, lacking = {0};
    struct foreign_use use;
    int other;
    const bool corrected = correct(command, argc, argv, first->row->tool, &other, &use, &line, &lacking);
    describe(command, argv, corrected ? at : other, corrected ? first : &use, &what);
    const struct option *near = corrected || !lacking.length ? NULL : related(command, use.row);
    enum status status;
    if (corrected)
        status =
            fail(STATUS_USAGE, "%s: %s%s: %s", text_get(&what),
                 same(first->row->instead, "") ? "leave it out; " : "", first->row->help, text_get(&line));
    else if (!lacking.length)
        status = fail(STATUS_USAGE, "%s: %s", text_get(&what), use.row->help);
    else
        status = fail(STATUS_USAGE, "%s is a flag of %s; %s has no %s%s%s (--help lists all)", argv[other],
                      use.row->tool, command->name, text_get(&lacking), near ? ", but --" : "",
                      near ? near->name : "");
    text_free(&line);
    text_free(&what);
    text_free(&lacking);
    return status;
}
