#include "base/options.h"
#include "base/text.h"
#include "base/units.h"
#include "base/version.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const struct option *find_long(const struct command *command, const char *name, size_t length)
{
    EACH_OPTION(command, row)
    if (row->name && strlen(row->name) == length && strncmp(row->name, name, length) == 0) return row;
    return NULL;
}

static const struct option *find_letter(const struct command *command, char letter)
{
    EACH_OPTION(command, row)
    if (row->letter == letter) return row;
    return NULL;
}

static enum status unknown_flag(const struct command *command, const char *flag, const char *name)
{
    const char *names[256];
    size_t n = 0;
    EACH_OPTION(command, row)
    if (row->name && n < 250) names[n++] = row->name;
    names[n++] = "help";
    names[n++] = "version";
    names[n] = NULL;
    const char *near = nearest(name, names);
    if (near) return fail(STATUS_USAGE, "unknown flag %s; did you mean --%s? (--help lists all)", flag, near);
    return fail(STATUS_USAGE, "unknown flag %s (--help lists all)", flag);
}

static bool in_range(const struct option *row, double value)
{
    return (row->least == 0 && row->most == 0) || (value >= row->least && value <= row->most);
}

static enum status set_choice(const struct option *row, const char *value, int *place)
{
    char copy[512];
    const char *words[64];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", row->choices);
    for (char *state = copy, *word; n < 63 && (word = strsep(&state, "|"));) {
        if (strcmp(word, value) == 0) {
            *place = value_named(row->names, value);
            return STATUS_OK;
        }
        words[n++] = word;
    }
    words[n] = NULL;
    const char *near = nearest(value, words);
    if (near)
        return fail(STATUS_USAGE, "--%s: '%s' is not one of %s; did you mean '%s'?", row->name, value,
                    row->choices, near);
    return fail(STATUS_USAGE, "--%s: '%s' is not one of %s", row->name, value, row->choices);
}

static enum status out_of_range(const struct option *row, const char *value)
{
    if (row->kind == OPTION_SIZE)
        return fail(STATUS_USAGE, "--%s: %s is not between %.0f and 2^%.0f bytes", row->name, value,
                    row->least, log2(row->most));
    return fail(STATUS_USAGE, "--%s: %s is not between %.15g and %.15g", row->name, value, row->least,
                row->most);
}

static enum status set_value(const struct option *row, const char *value, char *settings)
{
    void *place = settings + row->at;
    double real = 0;
    switch (row->kind) {
    case OPTION_FLAG:
        *(int *)place = 1;
        return STATUS_OK;
    case OPTION_TEXT:
        *(const char **)place = value;
        return STATUS_OK;
    case OPTION_CHOICE:
        return set_choice(row, value, place);
    case OPTION_LIST: {
        struct option_list *list = place;
        list->values = reallocate(list->values, list->count + 1, sizeof *list->values);
        list->values[list->count++] = value;
        return STATUS_OK;
    }
    case OPTION_INTEGER:
        if (parse_integer(value, place))
            return fail(STATUS_USAGE, "--%s: '%s' is not a whole number", row->name, value);
        return in_range(row, (double)*(int64_t *)place) ? STATUS_OK : out_of_range(row, value);
    case OPTION_SIZE:
        if (parse_size(value, place))
            return fail(STATUS_USAGE, "--%s: '%s' is not a size in bytes such as 8, 64K, 1M or 2G", row->name,
                        value);
        return in_range(row, (double)*(size_t *)place) ? STATUS_OK : out_of_range(row, value);
    case OPTION_REAL:
        if (parse_real(value, &real))
            return fail(STATUS_USAGE, "--%s: '%s' is not a number", row->name, value);
        break;
    case OPTION_SECONDS:
        if (parse_seconds(value, &real))
            return fail(STATUS_USAGE, "--%s: '%s' is not a time such as 0.5, 30s, 20m or 6h", row->name,
                        value);
        break;
    case OPTION_REFUSED:
    case OPTION_END:
        break;
    }
    *(double *)place = real;
    return in_range(row, real) ? STATUS_OK : out_of_range(row, value);
}

bool option_takes_value(const struct option *row)
{
    return row->kind != OPTION_FLAG;
}

/* Reads the flag at argv[*at] ("--name", "--name=value", "-x value", "-xvalue", "-xyz") and moves *at past
 * it. */
static enum status read_flag(const struct command *command, int argc, char **argv, int *at, void *settings)
{
    const char *flag = argv[*at];
    bool is_long = flag[1] == '-';
    struct foreign_use use;
    if (foreign_find(command, argc, argv, *at, NULL, &use)) {
        enum status status = foreign_refuse(command, argc, argv, *at, &use);
        *at += use.words;
        return status;
    }
    const char *equals = is_long ? strchr(flag, '=') : NULL;
    size_t length = equals ? (size_t)(equals - flag - 2) : strlen(flag + 1 + is_long);
    for (const char *letters = flag + 1;; letters++) {
        const struct option *row =
            is_long ? find_long(command, flag + 2, length) : find_letter(command, *letters);
        if (!row) return unknown_flag(command, flag, is_long ? flag + 2 : flag + 1);
        const char *attached = is_long ? (equals ? equals + 1 : NULL) : (letters[1] ? letters + 1 : NULL);
        if (row->kind == OPTION_REFUSED)
            return fail(STATUS_USAGE, "%s is not a flag of busbar: %s", flag, row->help);
        if (!option_takes_value(row)) {
            if (is_long && equals) return fail(STATUS_USAGE, "--%s takes no value", row->name);
            enum status status = set_value(row, NULL, settings);
            if (status) return status;
            if (is_long || !letters[1]) break;
            continue;
        }
        if (!attached) {
            if (*at + 1 >= argc)
                return fail(STATUS_USAGE, "%s needs a value: %s %s", flag, flag,
                            row->argument ? row->argument : "VALUE");
            attached = argv[++*at];
        }
        enum status status = set_value(row, attached, settings);
        if (status) return status;
        break;
    }
    ++*at;
    return STATUS_OK;
}

static enum status set_defaults(const struct command *command, void *settings)
{
    EACH_OPTION(command, row)
    {
        enum status status = row->initial ? set_value(row, row->initial, settings) : STATUS_OK;
        if (status) return status;
    }
    return STATUS_OK;
}

static void answer_and_end(const struct command *command, const char *flag)
{
    if (strcmp(flag, "--help") == 0 || strcmp(flag, "-h") == 0)
        options_help(command, stdout);
    else if (strcmp(flag, "--version") == 0)
        printf("%s\n", BUSBAR_VERSION);
    else if (strcmp(flag, "--man") == 0)
        options_man(command, stdout);
    else if (strcmp(flag, "--completion") == 0)
        options_completion(command, stdout);
    else
        return;
    exit(all_written(stdout) ? STATUS_OK : (int)fail(STATUS_ENVIRONMENT, "cannot write the output"));
}

enum status options_parse(const struct command *command, int argc, char **argv, void *settings,
                          int *first_operand)
{
    enum status status = set_defaults(command, settings);
    if (status) return status;
    char **operands = allocate((size_t)argc + 1, sizeof *operands);
    int operand_count = 0, at = 1;
    while (!status && at < argc) {
        if (strcmp(argv[at], "--") == 0) {
            while (++at < argc) operands[operand_count++] = argv[at];
        } else if (argv[at][0] == '-' && argv[at][1]) {
            answer_and_end(command, argv[at]);
            status = read_flag(command, argc, argv, &at, settings);
        } else {
            operands[operand_count++] = argv[at++];
        }
    }
    if (!status && !first_operand && operand_count)
        status =
            fail(STATUS_USAGE, "unexpected '%s': all settings are flags (--help lists them)", operands[0]);
    if (!status && first_operand) {
        *first_operand = argc - operand_count;
        memcpy(argv + *first_operand, operands, (size_t)operand_count * sizeof *operands);
    }
    free(operands);
    return status;
}

const struct option *options_find(const struct command *command, const char *flag, const char **attached)
{
    if (flag[1] == '-') {
        size_t length = strcspn(flag + 2, "=");
        *attached = flag[2 + length] == '=' ? flag + 2 + length + 1 : NULL;
        return find_long(command, flag + 2, length);
    }
    const char *letter = flag + 1;
    const struct option *row = find_letter(command, *letter);
    while (row && !option_takes_value(row) && letter[1]) row = find_letter(command, *++letter);
    *attached = *letter && letter[1] ? letter + 1 : NULL;
    return row;
}

int options_remove(const struct command *command, int argc, char **argv, const char *name)
{
    int kept = 1;
    for (int at = 1, words; at < argc; at += words) {
        const char *attached = NULL;
        struct foreign_use use;
        const bool accepted = argv[at][0] == '-' && foreign_find(command, argc, argv, at, NULL, &use);
        const struct option *row =
            !accepted && argv[at][0] == '-' ? options_find(command, argv[at], &attached) : NULL;
        words = accepted ? use.words : row && option_takes_value(row) && !attached && at + 1 < argc ? 2 : 1;
        if (row && row->name && strcmp(row->name, name) == 0) continue;
        for (int i = 0; i < words; i++) argv[kept++] = argv[at + i];
    }
    argv[kept] = NULL;
    return kept;
}

void options_free(const struct command *command, void *settings)
{
    EACH_OPTION(command, row)
    if (row->kind == OPTION_LIST) {
        struct option_list *list = (struct option_list *)((char *)settings + row->at);
        free(list->values);
        *list = (struct option_list){0};
    }
}
