/* Text and tables that fit 80 columns. The expected text is written by hand. */
#include "analysis/common/terminal.h"
#include "base/utf8.h"
#include "base/wrap.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_text(struct text *text, const char *expected)
{
    cr_expect_str_eq(text_get(text), expected, "got:\n%s\nexpected:\n%s", text_get(text), expected);
    text_free(text);
}

Test(wrap, breaks_at_spaces_slashes_and_commas)
{
    struct text out = {0};
    text_add_wrapped(&out, "one two three\nfour\n", 9, 2);
    expect_text(&out, "one two\n  three\nfour\n");
    text_add_wrapped(&out, "all_reduce/float/sum", 12, 1);
    expect_text(&out, "all_reduce/\n float/sum\n");
    text_add_wrapped(&out, "h1,h2,h3", 6, 0);
    expect_text(&out, "h1,h2,\nh3\n");
    text_add_wrapped(&out, "tolerance 3 %", 12, 0);
    expect_text(&out, "tolerance\n3 %\n");
}

Test(wrap, breaks_a_word_that_is_too_long_but_no_character)
{
    struct text out = {0};
    text_add_wrapped(&out, "abcdefgh", 5, 2);
    expect_text(&out, "abcde\n  fgh\n");
    text_add_wrapped(&out, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f", 3, 0); /* two bytes and one column each */
    expect_text(&out, "\xc3\xa4\xc3\xb6\xc3\xbc\n\xc3\x9f\n");
    text_add_wrapped(&out, "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 5,
                     0); /* three bytes and two columns each */
    expect_text(&out, "\xe6\xbc\xa2\xe6\xbc\xa2\n\xe6\xbc\xa2\n");
    text_add_wrapped(&out, "\xe6\xbc\xa2", 1, 0); /* wider than the terminal: still goes on */
    expect_text(&out, "\xe6\xbc\xa2\n");
    text_add_wrapped(&out, "", 5, 0);
    expect_text(&out, "");
    text_add_wrapped(&out, "trailing     \n", 8, 0);
    expect_text(&out, "trailing\n");
}

static struct table table_of(const char *const *names, const char *const *cells)
{
    struct table table = {0};
    table_columns(&table, names);
    for (; *cells; cells++) table_cell(&table, "%s", *cells);
    return table;
}

static void expect_table(struct table *table, bool wide, const char *expected)
{
    struct text out = {0};
    terminal_table(table, wide, &out);
    table_free(table);
    expect_text(&out, expected);
}

Test(terminal, a_table_that_fits_is_printed_as_it_is)
{
    const char *names[] = {"=<mode", "~count", "+<note", NULL},
               *cells[] = {"a", "1", "n", "a", "2", "", NULL};
    struct table table = table_of(names, cells);
    expect_table(&table, false, "mode  count  note\na         1  n\na         2\n");
}

Test(terminal, notes_go_below_their_rows)
{
    const char *names[] = {"<case", "+<note", NULL},
               *cells[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", "b", "", NULL};
    char note[] =
        "five words that are long enough to need more than fifty columns of a terminal, in two lines";
    cells[1] = note;
    struct table table = table_of(names, cells);
    expect_table(&table, false,
                 "case\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
                 "    five words that are long enough to need more than fifty columns of a\n"
                 "    terminal, in two lines\nb\n");
}

Test(terminal, what_all_rows_have_in_common_stands_above)
{
    const char *names[] = {"<case", "<type", "<op", "value", NULL},
               *cells[9] = {"a", "", "sum", "1", "b", "", "sum", "2", NULL};
    char type[58];
    memset(type, 't', 57);
    type[57] = 0;
    cells[1] = cells[5] = type;
    char before[] = "caseaaaaaaaaaaaaaaaaaaaa";
    cells[0] = before;
    struct table table = table_of(names, cells);
    char expected[400];
    snprintf(expected, sizeof expected,
             "all rows: type %s\ncase                      op   value\n%s  sum      1\nb                     "
             "    sum      2\n",
             type, before);
    expect_table(&table, false, expected);
}

Test(terminal, sections_then_spare_columns_then_the_last_columns)
{
    const char *names[] = {"size", "=<mode", "~count", "time", "<place", NULL};
    char mode[2][41] = {{0}}, time[61] = {0};
    memset(mode[0], 'm', 40), memset(mode[1], 'n', 40), memset(time, '7', 59);
    const char *cells[] = {"8",     mode[0], "1", time,  "in", "8",     mode[1], "2", time, "out", "16",
                           mode[0], "3",     "9", "out", "16", mode[1], "4",     "9", "in", NULL};
    struct table table = table_of(names, cells);
    char expected[1000];
    snprintf(expected, sizeof expected,
             "size  count  %59s  place\n%s\n   8      1  %s  in\n  16      3  %59s  out\n%s\n   8      2  %s "
             " out\n  16      4  %59s  in\n",
             "time", mode[0], time, "9", mode[1], time, "9");
    expect_table(&table, false, expected);

    const char *with_more[] = {"size", "=<mode", "~count", "time", "<place", "more", NULL};
    const char *more[] = {"8",     mode[0], "1",  time,  "in",       "1234567", "16",
                          mode[1], "2",     time, "out", "12345678", NULL};
    table = table_of(with_more, more);
    snprintf(expected, sizeof expected,
             "all rows: time %s\nsize  mode%38scount  place      more\n   8  %s      1  in      1234567\n  "
             "16  %s      2  out    12345678\n",
             time, "", mode[0], mode[1]);
    expect_table(&table, false, expected);
}

Test(terminal, what_still_has_no_room_is_left_out_or_goes_below)
{
    const char *names[] = {"a", "~b", "c", "d", NULL};
    char c[60] = {0}, d[60] = {0};
    memset(c, '1', 50), memset(d, '2', 40);
    const char *cells[] = {"1", "2", c, d, NULL};
    struct table table = table_of(names, cells);
    char expected[400];
    snprintf(expected, sizeof expected, "a  %50s\n1  %s\n    d %s\nnot shown: b (--wide shows all)\n", "c", c,
             d);
    expect_table(&table, false, expected);
    table = table_of(names, cells);
    snprintf(expected, sizeof expected, "a  b  %50s  %40s\n1  2  %s  %s\n", "c", "d", c, d);
    expect_table(&table, true, expected);
}
