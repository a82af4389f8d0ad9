/* The help, the man page and the completion words of a program, from its option table. */
#include "base/options.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/version.h"
#include "base/wrap.h"

#include <ctype.h>
#include <string.h>

static const char exit_status[] =
    "0 success; 1 a gate failed (regression, threshold); 2 wrong usage; 3 wrong data; 4 timeout or "
    "hang; 5 the environment or a library failed; 128+n ended by signal n.";

enum { WIDTH = TERMINAL_COLUMNS, COLUMN = 28, EXAMPLE = 2 };

static bool is_shown(const struct option *row)
{
    return row->kind != OPTION_REFUSED && row->name;
}

/* The placeholder for the flag's value; NULL for a flag without one. */
static const char *value_of(const struct option *row)
{
    if (row->kind == OPTION_FLAG) return NULL;
    if (row->kind == OPTION_CHOICE && row->choices) return row->choices;
    return row->argument ? row->argument : "VALUE";
}

/* Prints text[0 … length) as lines of words; the first line is already at `column`, further ones start at
   `indent`. */
static void fill(const char *text, size_t length, int column, int indent, FILE *out)
{
    struct text lines = {0};
    text_add_filled(&lines, text, length, (size_t)column, (size_t)indent);
    fputs(text_get(&lines), out);
    text_free(&lines);
}

enum block { BLOCK_FILLED, BLOCK_KEPT, BLOCK_EMPTY };

/* The next block of a description: lines to fill together, one line to keep as it is, or an empty line. */
static enum block next_block(const char **text, const char **start, size_t *length)
{
    *start = *text;
    size_t line = strcspn(*text, "\n");
    enum block kind = line == 0 ? BLOCK_EMPTY : **text == ' ' ? BLOCK_KEPT : BLOCK_FILLED;
    const char *end = *text + line;
    while (kind == BLOCK_FILLED && *end && end[1] && end[1] != ' ' && end[1] != '\n')
        end += 1 + strcspn(end + 1, "\n");
    *length = (size_t)(end - *start);
    *text = *end ? end + 1 : end;
    return kind;
}

static void description_help(const char *text, FILE *out)
{
    fputc('\n', out);
    while (*text) {
        const char *start;
        size_t length;
        enum block kind = next_block(&text, &start, &length);
        if (kind == BLOCK_FILLED)
            fill(start, length, 0, 0, out);
        else if (kind == BLOCK_KEPT || *text)
            fprintf(out, "%.*s\n", (int)length, start);
    }
}

static void help_row(const struct option *row, FILE *out)
{
    struct text flag = {0}, help = {0};
    if (row->letter)
        text_add(&flag, "  -%c, --%s", row->letter, row->name);
    else
        text_add(&flag, "      --%s", row->name);
    if (value_of(row)) text_add(&flag, " %s", value_of(row));
    text_add(&help, "%s", row->help ? row->help : "");
    if (row->initial) text_add(&help, " [%s]", row->initial);
    int column = (int)text_columns(text_get(&flag), flag.length);
    fputs(text_get(&flag), out);
    if (column > COLUMN - 2) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", COLUMN - column, "");
    fill(text_get(&help), help.length, COLUMN, COLUMN, out);
    text_free(&flag);
    text_free(&help);
}

/* The examples with the first line's indentation replaced by `indent`. */
static void examples_text(const char *text, int indent, void (*put)(const char *, size_t, int, FILE *),
                          FILE *out)
{
    size_t base = strspn(text, " ");
    while (*text) {
        size_t spaces = strspn(text, " "), line = strcspn(text, "\n");
        if (line > spaces) {
            int column = indent + (int)(spaces > base ? spaces - base : 0);
            fprintf(out, "%*s", column, "");
            put(text + spaces, line - spaces, column, out);
        }
        fputc('\n', out);
        text += line + (text[line] == '\n');
    }
}

/* Prints one line of the examples, which begins in `column`. Breaks a line that is too long; in a command,
   a backslash marks the break. */
static void put_example(const char *text, size_t length, int column, FILE *out)
{
    bool is_command = column == EXAMPLE;
    const char *mark = is_command ? " \\" : "";
    size_t indent = (size_t)column + (is_command ? 4 : 0), room = WIDTH - (size_t)column;
    while (length > room) {
        size_t cut = room - strlen(mark);
        while (cut && text[cut] != ' ') cut--;
        if (!cut) break;
        fprintf(out, "%.*s%s\n%*s", (int)cut, text, mark, (int)indent, "");
        text += cut + 1;
        length -= cut + 1;
        room = WIDTH - indent;
    }
    fwrite(text, 1, length, out);
}

/* Prints "NAME - SUMMARY" and the usage. */
static void help_head(const struct command *command, FILE *out)
{
    static const char usage[] = "usage: ";
    struct text line = {0};
    text_add(&line, "%s - %s", command->name, command->summary);
    fill(text_get(&line), line.length, 0, 4, out);
    text_clear(&line);
    text_add(&line, "%s %s", command->name, command->synopsis ? command->synopsis : "[flags]");
    fprintf(out, "\n%s", usage);
    fill(text_get(&line), line.length, (int)strlen(usage), (int)strlen(usage) + 4, out);
    text_free(&line);
}

void options_help(const struct command *command, FILE *out)
{
    help_head(command, out);
    if (command->description) description_help(command->description, out);
    EACH_OPTION(command, row)
    {
        if (!is_shown(row)) continue;
        if (row->group) fprintf(out, "\n%c%s:\n", toupper((unsigned char)row->group[0]), row->group + 1);
        help_row(row, out);
    }
    static const char of_help[] = "print this text (also: --version, --man, --completion)";
    fprintf(out, "\n%-*s", COLUMN, "  -h, --help");
    fill(of_help, strlen(of_help), COLUMN, COLUMN, out);
    if (command->examples) {
        fputs("\nExamples:\n", out);
        examples_text(command->examples, EXAMPLE, put_example, out);
    }
    fputs("\nExit status: ", out);
    fill(exit_status, strlen(exit_status), 13, 0, out);
}

/* Escapes characters that troff would read as a request or an escape sequence, or would print as another
   one. */
static void put_man(const char *text, size_t length, FILE *out)
{
    bool line_start = true;
    for (size_t i = 0; i < length; i++) {
        if (line_start && (text[i] == '.' || text[i] == '\'')) fputs("\\&", out);
        if (text[i] == '\\')
            fputs("\\e", out);
        else if (text[i] == '-')
            fputs("\\-", out);
        else if (text[i] == '\'')
            fputs("\\(aq", out);
        else if (text[i] == '`')
            fputs("\\(ga", out);
        else if (text[i] == '~')
            fputs("\\(ti", out);
        else if (text[i] == '^')
            fputs("\\(ha", out);
        else
            fputc(text[i], out);
        line_start = text[i] == '\n';
    }
}

static void man_text(const char *text, FILE *out)
{
    put_man(text, strlen(text), out);
}

/* "busbar-show" for "busbar show"; a page's name has no spaces. */
static void man_name(const char *name, bool capitals, FILE *out)
{
    for (; *name; name++) {
        if (*name == ' ' || *name == '-')
            fputs(capitals ? "-" : "\\-", out);
        else
            fputc(capitals ? toupper((unsigned char)*name) : *name, out);
    }
}

static void description_man(const char *text, FILE *out)
{
    fputs(".SH DESCRIPTION\n", out);
    while (*text) {
        const char *start;
        size_t length;
        enum block kind = next_block(&text, &start, &length);
        if (kind == BLOCK_EMPTY) {
            fputs(".PP\n", out);
            continue;
        }
        if (kind == BLOCK_KEPT) fputs(".br\n.nf\n", out);
        put_man(start, length, out);
        fputs(kind == BLOCK_KEPT ? "\n.fi\n" : "\n", out);
    }
}

static void man_row(const struct option *row, FILE *out)
{
    fputs(".TP\n", out);
    if (row->letter) fprintf(out, "\\fB\\-%c\\fR, ", row->letter);
    fputs("\\fB\\-\\-", out);
    man_text(row->name, out);
    fputs("\\fR", out);
    if (value_of(row)) {
        fputs(" \\fI", out);
        man_text(value_of(row), out);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    if (row->help) man_text(row->help, out);
    if (row->initial) {
        fputs(row->help ? " [" : "[", out);
        man_text(row->initial, out);
        fputc(']', out);
    }
    fputc('\n', out);
}

static void put_man_example(const char *text, size_t length, int column, FILE *out)
{
    (void)column;
    put_man(text, length, out);
}

void options_man(const struct command *command, FILE *out)
{
    fputs(".TH ", out);
    man_name(command->name, true, out);
    fprintf(out, " 1 \"\" \"busbar %s\" \"busbar\"\n.SH NAME\n", BUSBAR_VERSION);
    man_name(command->name, false, out);
    fputs(" \\- ", out);
    man_text(command->summary, out);
    fputs("\n.SH SYNOPSIS\n\\fB", out);
    man_text(command->name, out);
    fputs("\\fR ", out);
    man_text(command->synopsis ? command->synopsis : "[flags]", out);
    fputc('\n', out);
    if (command->description) description_man(command->description, out);
    fputs(".SH OPTIONS\n", out);
    EACH_OPTION(command, row)
    {
        if (!is_shown(row)) continue;
        if (row->group) fprintf(out, ".SS %c%s\n", toupper((unsigned char)row->group[0]), row->group + 1);
        man_row(row, out);
    }
    if (command->examples) {
        fputs(".SH EXAMPLES\n.nf\n", out);
        examples_text(command->examples, 0, put_man_example, out);
        fputs(".fi\n", out);
    }
    fputs(".SH EXIT STATUS\n", out);
    man_text(exit_status, out);
    fputs("\n.SH SEE ALSO\nREADME.md and results/README.md of busbar, in the documentation folder.\n", out);
}

/* Prints what can follow the flag: its choices; ", " and the words of a list; "*" for any value. */
static void complete_value(const struct option *row, FILE *out)
{
    if (row->kind == OPTION_CHOICE) {
        fputc(' ', out);
        for (const char *c = row->choices; *c; c++) fputc(*c == '|' ? ' ' : *c, out);
    } else if (row->word) {
        fputs(" ,", out);
        for (size_t i = 0; row->word(i); i++) fprintf(out, " %s", row->word(i));
    } else if (row->kind != OPTION_FLAG) {
        fputs(" *", out);
    }
    fputc('\n', out);
}

void options_completion(const struct command *command, FILE *out)
{
    EACH_OPTION(command, row)
    {
        if (!is_shown(row)) continue;
        fprintf(out, "--%s", row->name);
        complete_value(row, out);
        if (!row->letter || row->kind == OPTION_FLAG) continue;
        fprintf(out, "-%c", row->letter);
        complete_value(row, out);
    }
    fputs("--help\n--version\n", out);
}
