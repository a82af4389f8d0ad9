#include "base/options.h"
#include "base/text.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdint.h>
#include <string.h>

static const struct names mode_names = NAMES("isolated", "pipelined", "both");

struct settings {
    int quiet, all;
    const char *label;
    enum { MODE_NONE, MODE_ISOLATED, MODE_PIPELINED, MODE_BOTH } mode;
    struct option_list names;
    int64_t count;
    double ratio, seconds;
    size_t begin;
};

#define AT(member) offsetof(struct settings, member)
static const struct option rows[] = {
    {.kind = OPTION_FLAG,
     .letter = 'q',
     .name = "quiet",
     .at = AT(quiet),
     .group = "output",
     .help = "says less"},
    {.kind = OPTION_FLAG, .letter = 'a', .name = "all", .at = AT(all), .help = "everything"},
    {.kind = OPTION_TEXT,
     .letter = 'l',
     .name = "label",
     .argument = "TEXT",
     .at = AT(label),
     .help = "a name"},
    {.kind = OPTION_CHOICE,
     .name = "mode",
     .at = AT(mode),
     .initial = "isolated",
     .choices = "isolated|pipelined|both",
     .names = &mode_names,
     .help = "how"},
    {.kind = OPTION_LIST, .name = "name", .argument = "NAME", .at = AT(names), .help = "several"},
    {.kind = OPTION_INTEGER,
     .letter = 'n',
     .name = "iters",
     .argument = "N",
     .at = AT(count),
     .initial = "20",
     .least = 1,
     .most = 1000,
     .group = "numbers",
     .help = "how often"},
    {.kind = OPTION_REAL,
     .name = "ratio",
     .argument = "X",
     .at = AT(ratio),
     .initial = "-1",
     .help = "any number"},
    {.kind = OPTION_SECONDS,
     .name = "max-seconds",
     .argument = "TIME",
     .at = AT(seconds),
     .initial = "0.5",
     .least = 0.001,
     .most = 1e6,
     .help = "most time"},
    {.kind = OPTION_SIZE,
     .letter = 'b',
     .name = "begin",
     .argument = "SIZE",
     .at = AT(begin),
     .initial = "8",
     .least = 1,
     .most = 0x1p40,
     .help = "smallest size"},
    {.kind = OPTION_REFUSED, .letter = 'k', .help = "use --name"},
    {0},
};

static bool is_missing(const char *value)
{
    return !value;
}

static bool is_range(const char *value)
{
    return value && strchr(value, ':');
}

static bool is_number(const char *value)
{
    return value && *value && !value[strspn(value, "0123456789")];
}

static bool to_quiet(const char *value, struct text *flags)
{
    if (same(value, "1")) text_add(flags, "--quiet");
    return same(value, "1");
}

static const struct foreign others[] = {
    {.tool = "A", .letter = 't', .name = "nthreads", .accepted = "1", .help = "start more ranks instead"},
    {.tool = "A", .letter = 'z', .name = "blocking", .convert = to_quiet, .help = "use --quiet"},
    {.tool = "A", .letter = 'm', .name = "minbytes", .instead = "--begin % --all", .help = "use --begin"},
    {.tool = "A", .letter = 's', .instead = "--shape %", .related = "size begin", .help = "use --shape"},
    {.tool = "A", .letter = 'x', .fits = is_range, .instead = "", .help = "it is not needed"},
    {.tool = "B", .letter = 'x', .instead = "-n %", .help = "use -n"},
    {.tool = "B", .letter = 'b', .fits = is_range, .sure = true, .instead = "--ratio 1", .help = "a range"},
    {.tool = "B", .letter = 'n', .fits = is_number, .instead = "--ratio %", .help = "use --ratio"},
    {.tool = "B", .letter = 'l', .fits = is_missing, .sure = true, .instead = "", .help = "it is not needed"},
    {.tool = "B",
     .name = "multi",
     .instead = "--ratio %",
     .value_of = "time",
     .usual = "2",
     .help = "use --ratio"},
    {.tool = "B", .name = "time", .instead = "--max-seconds %", .help = "use --max-seconds"},
    {0},
};
static const struct command command = {"prog",
                                       "does things",
                                       "[flags] FILE",
                                       "A first line\nthat goes on.\n\n  kept as is",
                                       "prog -q\n    quietly\n",
                                       rows,
                                       NULL,
                                       others};

enum { MOST = 16 };
static char *arguments[MOST];

/* Parses the words of `line` (separated by one space) as argv[1…]. */
static enum status parse(const char *line, struct settings *settings, int *operand)
{
    static char copy[512];
    int count = 1;
    snprintf(copy, sizeof copy, "%s", line);
    arguments[0] = "prog";
    for (char *rest = copy, *word; *copy && count < MOST - 1 && (word = strsep(&rest, " "));)
        arguments[count++] = word;
    arguments[count] = NULL;
    *settings = (struct settings){0};
    int ignored;
    return options_parse(&command, count, arguments, settings, operand ? operand : &ignored);
}

Test(options, defaults)
{
    struct settings s;
    int operand;
    cr_assert_eq(parse("", &s, &operand), STATUS_OK);
    cr_expect_eq(operand, 1);
    cr_expect(!s.quiet && !s.label && s.names.count == 0);
    cr_expect_eq(s.mode, MODE_ISOLATED);
    cr_expect(s.count == 20 && s.ratio == -1 && s.seconds == 0.5 && s.begin == 8);
}

Test(options, every_way_to_give_a_value)
{
    struct settings s;
    const char *lines[] = {"-n 7 -b 64K",           "-n7 -b64K",    "--iters 7 --begin 64K",
                           "--iters=7 --begin=64K", "-qn 7 -b 64K", "-qan7 -b64K"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        cr_expect_eq(parse(lines[i], &s, NULL), STATUS_OK, "%s", lines[i]);
        cr_expect(s.count == 7 && s.begin == 65536, "%s", lines[i]);
    }
    cr_expect(s.quiet == 1 && s.all == 1);
    cr_expect_eq(parse("--max-seconds 2m --ratio -3.5 --mode both", &s, NULL), STATUS_OK);
    cr_expect(s.seconds == 120 && s.ratio == -3.5 && s.mode == MODE_BOTH);
    cr_expect_eq(parse("--name a --name=b --name c", &s, NULL), STATUS_OK);
    cr_expect(s.names.count == 3 && same(s.names.values[1], "b"));
    options_free(&command, &s);
    cr_expect(s.names.count == 0 && !s.names.values);
}

/* Refused flags accept the one value that asks for the default behaviour. */
Test(options, refused_flags_that_change_nothing)
{
    struct settings s;
    int operand;
    const char *lines[] = {"-t 1 -n 7 x", "-t1 -n 7 x", "--nthreads 1 -n 7 x", "--nthreads=1 -n 7 x"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        cr_expect_eq(parse(lines[i], &s, &operand), STATUS_OK, "%s", lines[i]);
        cr_expect(s.count == 7, "%s", lines[i]);
        cr_expect_str_eq(arguments[operand], "x");
    }
}

Test(options, operands_move_to_the_end)
{
    struct settings s;
    int operand;
    cr_assert_eq(parse("one -q two -n 3 - -- -b", &s, &operand), STATUS_OK);
    cr_assert_eq(operand, 5); /* of nine words: prog, four of flags ("--" is none), four operands */
    cr_expect(s.quiet && s.count == 3 && s.begin == 8);
    cr_expect_str_eq(arguments[5], "one");
    cr_expect_str_eq(arguments[6], "two");
    cr_expect_str_eq(arguments[7], "-");
    cr_expect_str_eq(arguments[8], "-b");
}

/* A wrong command line, and the words of its error message. */
struct complaint {
    const char *line, *words;
};
static const struct complaint complaints[] = {
    {"--iterz 3", "prog: unknown flag --iterz; did you mean --iters? (--help lists all)\n"},
    {"--quantum", "prog: unknown flag --quantum (--help lists all)\n"},
    {"-o", "prog: unknown flag -o (--help lists all)\n"},
    {"-qo", "prog: unknown flag -qo (--help lists all)\n"},
    {"-k", "prog: -k is not a flag of busbar: use --name\n"},
    {"--iters", "prog: --iters needs a value: --iters N\n"},
    {"-b", "prog: -b needs a value: -b SIZE\n"},
    {"--quiet=1", "prog: --quiet takes no value\n"},
    {"--iters many", "prog: --iters: 'many' is not a whole number\n"},
    {"--iters 3.5", "prog: --iters: '3.5' is not a whole number\n"},
    {"--iters 0", "prog: --iters: 0 is not between 1 and 1000\n"},
    {"--iters 99999999999999999999", "prog: --iters: '99999999999999999999' is not a whole number\n"},
    {"--ratio nan", "prog: --ratio: 'nan' is not a number\n"},
    {"--ratio inf", "prog: --ratio: 'inf' is not a number\n"},
    {"--max-seconds 3w", "prog: --max-seconds: '3w' is not a time such as 0.5, 30s, 20m or 6h\n"},
    {"--begin 1X", "prog: --begin: '1X' is not a size in bytes such as 8, 64K, 1M or 2G\n"},
    {"--begin -8", "prog: --begin: '-8' is not a size in bytes such as 8, 64K, 1M or 2G\n"},
    {"--begin 0", "prog: --begin: 0 is not between 1 and 2^40 bytes\n"},
    {"--mode isolatd",
     "prog: --mode: 'isolatd' is not one of isolated|pipelined|both; did you mean 'isolated'?\n"},
    {"--mode=", "prog: --mode: '' is not one of isolated|pipelined|both\n"},
    {"-t 4", "prog: -t is not a flag of busbar: start more ranks instead\n"},
    {"--nthreads=4", "prog: --nthreads=4 is not a flag of busbar: start more ranks instead\n"},
    {"-t", "prog: -t is not a flag of busbar: start more ranks instead\n"},
    {"-z 1", "prog: -z is not a flag of busbar: use --quiet: prog --quiet\n"},
    {"-z 2", "prog: -z is not a flag of busbar: use --quiet\n"},
    {"-zoo", "prog: unknown flag -zoo (--help lists all)\n"},
    {"-q --minbytes 8 a*b",
     "prog: --minbytes is not a flag of busbar: use --begin: prog -q --begin 8 --all 'a*b'\n"},
    {"--minbytes=8 -q", "prog: --minbytes=8 is not a flag of busbar: use --begin: prog --begin 8 --all -q\n"},
    {"-m8", "prog: -m8 is not a flag of busbar: use --begin: prog --begin 8 --all\n"},
    {"-m", "prog: -m is not a flag of busbar: use --begin\n"},
    {"-m 8 -t 4", "prog: -t is not a flag of busbar: start more ranks instead\n"},
    {"-m 8 -t 1 --label -m",
     "prog: -m is not a flag of busbar: use --begin: prog --begin 8 --all -t 1 --label -m\n"},
    {"-s 3", "prog: -s is a flag of A; prog has no --shape, but --begin (--help lists all)\n"},
    {"-x 1:2", "prog: -x is not a flag of busbar: leave it out; it is not needed: prog\n"},
    {"-n 5 -x 3", "prog: -x is not a flag of busbar: use -n: prog --ratio 5 -n 3\n"},
    {"-b 1:8 -n 5", "prog: -b 1:8 is a flag of B: a range: prog --ratio 1 --ratio 5\n"},
    {"-b1:8", "prog: -b1:8 is a flag of B: a range: prog --ratio 1\n"},
    {"-l -q", "prog: -l is a flag of B: leave it out; it is not needed: prog -q\n"},
    {"-multi 0", "prog: -multi is not a flag of busbar: use --ratio: prog --ratio 2\n"},
    {"-multi 0 -time 4",
     "prog: -multi is not a flag of busbar: use --ratio: prog --ratio 4 --max-seconds 4\n"},
    {"-time 5", "prog: -time is not a flag of busbar: use --max-seconds: prog --max-seconds 5\n"},
};

Test(options, one_line_for_each_mistake)
{
    struct settings s;
    cr_redirect_stderr();
    name_program("prog");
    struct text expected = {0};
    for (size_t i = 0; i < sizeof complaints / sizeof *complaints; i++) {
        cr_expect_eq(parse(complaints[i].line, &s, NULL), STATUS_USAGE, "%s", complaints[i].line);
        text_add(&expected, "%s", complaints[i].words);
        options_free(&command, &s);
    }
    fflush(stderr);
    cr_expect_stderr_eq_str(text_get(&expected));
    text_free(&expected);
}

static char *printed(void (*print)(const struct command *, FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    print(&command, memory);
    fclose(memory);
    return text;
}

Test(options, help_and_man_and_completion)
{
    char *help = printed(options_help), *man = printed(options_man), *words = printed(options_completion);
    const char *in_help[] = {"usage: prog [flags] FILE",
                             "A first line that goes on.\n",
                             "\n  kept as is",
                             "Output:\n",
                             "Numbers:\n",
                             "-n, --iters N",
                             "how often [20]",
                             "--mode isolated|pipelined|both",
                             "Exit status: 0",
                             "  prog -q\n      quietly"};
    for (size_t i = 0; i < sizeof in_help / sizeof *in_help; i++)
        cr_expect(strstr(help, in_help[i]), "%s in:\n%s", in_help[i], help);
    cr_expect(!strstr(help, "nthreads"), "refused flags are not offered");
    for (char *line = help, *end; (end = strchr(line, '\n')); line = end + 1)
        cr_expect(end - line <= 80, "%.*s", (int)(end - line), line);
    const char *in_man[] = {".TH PROG 1", "\\fB\\-n\\fR, \\fB\\-\\-iters\\fR \\fIN\\fR\nhow often [20]\n",
                            ".SS Numbers\n", ".SH EXIT STATUS\n"};
    for (size_t i = 0; i < sizeof in_man / sizeof *in_man; i++)
        cr_expect(strstr(man, in_man[i]), "%s in:\n%s", in_man[i], man);
    cr_expect_str_eq(words,
                     "--quiet\n--all\n--label *\n-l *\n--mode isolated pipelined both\n--name *\n--iters "
                     "*\n-n *\n--ratio *\n--max-seconds *\n"
                     "--begin *\n-b *\n--help\n--version\n");
    free(help);
    free(man);
    free(words);
}
