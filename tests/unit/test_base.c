#include "base/hash.h"
#include "base/paths.h"
#include "base/text.h"
#include "base/units.h"
#include "base/utf8.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(units, sizes)
{
    size_t value = 0;
    cr_assert(parse_size("64K", &value) == STATUS_OK && value == 65536);
    cr_assert(parse_size("1.5M", &value) == STATUS_OK && value == 1572864);
    cr_assert(parse_size("2GiB", &value) == STATUS_OK && value == 2147483648u);
    cr_assert(parse_size("18446744073709551615", &value) == STATUS_OK && value == SIZE_MAX);
    const char *bad[] = {"",    "-1",  "K",    "1X",  "16777216T", "18446744073709551616",
                         "1.3", "1KK", "0x10", "nan", " 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect(parse_size(bad[i], &value) == STATUS_USAGE, "%s", bad[i]);
}

/* The error message names the flag and the invalid word. */
Test(units, lists_of_sizes)
{
    size_t *sizes = NULL, count = 0;
    char line[200] = "";
    cr_redirect_stderr();
    cr_assert(parse_sizes("sizes", "8,64K", 0, &sizes, &count) == STATUS_OK && count == 2);
    cr_expect(sizes[0] == 8 && sizes[1] == 65536);
    free(sizes);
    cr_expect(parse_sizes("sizes", "1152921504606846976", 0, &sizes, &count) == STATUS_OK &&
              count == 1); /* 2^60 */
    free(sizes);
    static const struct {
        const char *list, *words;
    } bad[] = {{"8,foo", "--sizes: 'foo' is not"},
               {"8,", "--sizes: '' is not"},
               {"8,18446744073709551615", "--sizes: 18446744073709551615 is not between 1 and 2^60"},
               {"0", "--sizes: 0 is not between 1"}};
    FILE *said = cr_get_redirected_stderr();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect(parse_sizes("sizes", bad[i].list, 1, &sizes, &count) == STATUS_USAGE, "%s", bad[i].list);
        fflush(stderr);
        cr_assert(fgets(line, sizeof line, said) != NULL);
        cr_expect(strstr(line, bad[i].words), "%s", line);
    }
}

Test(units, durations)
{
    double value = 0;
    cr_assert(parse_seconds("20m", &value) == STATUS_OK && value == 1200);
    cr_assert(parse_seconds("0.25", &value) == STATUS_OK && value == 0.25);
    cr_assert(parse_seconds("-1s", &value) == STATUS_USAGE);
    cr_assert(parse_seconds("3w", &value) == STATUS_USAGE);
}

Test(units, printed)
{
    static const struct {
        size_t bytes;
        const char *text;
    } sizes[] = {{0, "0 B"},
                 {8, "8 B"},
                 {65536, "64 KiB"},
                 {1500, "1.46 KiB"},
                 {1024512, "1000 KiB"},
                 {1024000, "1000 KiB"},
                 {1610612736, "1.5 GiB"},
                 {SIZE_MAX, "16777216 TiB"}};
    static const struct {
        double seconds;
        const char *text;
    } times[] = {{0.85, "850 ms"},    {0.9999, "1 s"},       {12, "12 s"}, {119.6, "2 min 00 s"},
                 {200, "3 min 20 s"}, {21900, "6 h 05 min"}, {-1, "?"},    {1e300, "?"}};
    char text[UNIT_TEXT];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        cr_expect_str_eq(format_size(sizes[i].bytes, text), sizes[i].text);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        cr_expect_str_eq(format_duration(times[i].seconds, text), times[i].text);
}

Test(units, impossible_precision_is_not_printed)
{
    char text[UNIT_TEXT];
    cr_expect_str_eq(error_text(0.0123, text), "±1.2%");
    cr_expect_str_eq(error_text(6750.8, text), ">±100%");
    cr_expect_str_eq(error_text(INFINITY, text), "-");
    cr_expect_str_eq(error_text(NAN, text), "-");
    cr_expect_str_eq(spread_text(1.031, text), "3.1%");
    cr_expect_str_eq(spread_text(12.4, text), "12x");
    cr_expect_str_eq(spread_text(INFINITY, text), "-");
}

Test(text, nearest_word)
{
    const char *const words[] = {"pipelined", "isolated", "both", NULL};
    cr_assert_str_eq(nearest("isolatd", words), "isolated");
    cr_assert_null(nearest("quantum", words));
}

/* sh splits the line into the same words again. */
Test(text, words_as_they_are_typed)
{
    struct text line = {0};
    const char *const words[] = {"printf", "%s|", "-b", "8,64K", "a b", "it's", "", "*", "$HOME"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) text_add_word(&line, words[i]);
    char printed[100] = "";
    FILE *shell = popen(text_get(&line), "r");
    cr_assert(shell && fgets(printed, sizeof printed, shell));
    cr_expect_eq(pclose(shell), 0);
    cr_expect_str_eq(printed, "-b|8,64K|a b|it's||*|$HOME|");
    text_free(&line);
}

Test(text, arena_interns)
{
    struct arena arena = {0};
    const char *first = arena_string(&arena, "host");
    for (int i = 0; i < 5000; i++) {
        char name[32];
        snprintf(name, sizeof name, "h%d", i);
        arena_string(&arena, name);
    }
    cr_assert_eq(arena_string(&arena, "host"), first);
    arena_free(&arena);
}

Test(paths, plain_names)
{
    static const char *const plain[] = {"a", "all_reduce-4n.2+x", "_x", "0"}, *const others[] = {
                                                                                  "",    ".",   "..",
                                                                                  ".a",  "-a",  "a/b",
                                                                                  "a b", "a\n", "\xc3\xa4",
                                                                                  "a=b"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        cr_expect(is_plain_name(plain[i]), "%s", plain[i]);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        cr_expect(!is_plain_name(others[i]), "%s", others[i]);
    char name[201];
    memset(name, 'a', sizeof name);
    name[200] = 0;
    cr_expect(!is_plain_name(name));
    name[199] = 0;
    cr_expect(is_plain_name(name));
}

/* The published test vectors of FNV-1a, 64 bits (http://www.isthe.com/chongo/src/fnv/test_fnv.c). */
Test(hash, is_fnv_1a)
{
    cr_expect_eq(hash_bytes("", 0), 0xcbf29ce484222325u);
    cr_expect_eq(hash_bytes("a", 1), 0xaf63dc4c8601ec8cu);
    cr_expect_eq(hash_bytes("foobar", 6), 0x85944171f73967e8u);
}

/* Bytes and columns according to Unicode 15 and RFC 3629, in the C locale. */
Test(utf8, letters_and_columns)
{
    static const struct {
        const char *text;
        size_t bytes, columns;
        wchar_t letter;
    } cases[] = {
        {"a", 1, 1, 'a'},
        {"\xc2\xb5s", 2, 1, 0xb5},                /* µ */
        {"\xe2\x80\xa6", 3, 1, 0x2026},           /* … */
        {"\xcc\x81x", 2, 0, 0x301},               /* combining acute accent */
        {"\xe6\x9d\xb1", 3, 2, 0x6771},           /* 東 */
        {"\xf0\x9f\x98\x80", 4, 2, 0x1f600},      /* a face */
        {"\xef\xbf\xbf", 3, 1, 0xffff},           /* not a character, but valid UTF-8 */
        {"\x80", 1, 1, NOT_UTF8},                 /* a continuation alone */
        {"\xc3", 1, 1, NOT_UTF8},                 /* cut off */
        {"\xe2\x80", 1, 1, NOT_UTF8},             /* cut off */
        {"\xc0\xaf", 1, 1, NOT_UTF8},             /* overlong */
        {"\xe0\x80\xaf", 1, 1, NOT_UTF8},         /* overlong */
        {"\xf0\x80\x80\xaf", 1, 1, NOT_UTF8},     /* overlong */
        {"\xed\xa0\x80", 1, 1, NOT_UTF8},         /* a surrogate */
        {"\xf4\x90\x80\x80", 1, 1, NOT_UTF8},     /* beyond U+10FFFF */
        {"\xf8\x88\x80\x80\x80", 1, 1, NOT_UTF8}, /* five bytes */
        {"\xff", 1, 1, NOT_UTF8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wchar_t letter;
        cr_expect_eq(utf8_letter(cases[i].text, &letter), cases[i].bytes, "case %zu", i);
        cr_expect_eq(letter, cases[i].letter, "case %zu", i);
        cr_expect_eq(letter_columns(letter), cases[i].columns, "case %zu", i);
    }
    cr_expect_eq(text_columns("\xe6\x9d\xb1 \xc2\xb5", 6), 4);
    cr_expect(is_control('\n') && is_control(0x7f) && is_control(0x9f) && is_control(0x202e) &&
              is_control(0x2069));
    cr_expect(!is_control(' ') && !is_control(0xb5) && !is_control(0x6771) && !is_control(0x202f));
}
