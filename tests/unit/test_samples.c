/* Reading samples off the end of a line must give what the JSON library gives for the whole line. */
#include "record/samples.h"
#include "tests/random_normal.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void check_line(const char *text, bool expect_taken)
{
    struct arena arena = {0};
    struct tail_samples tail;
    char *line = duplicate(text);
    size_t length = strlen(text);
    json_t *whole = json_loads(text, 0, NULL);
    take_samples(&arena, line, &length, &tail);
    cr_expect_eq(tail.has_samples, expect_taken, "%s", text);
    cr_expect_eq(strlen(line), length);
    json_t *rest = json_loadb(line, length, 0, NULL);
    cr_expect_eq(!whole, !rest, "valid before and after, or neither: %s", text);
    if (tail.has_samples && whole) {
        json_t *list = json_object_get(whole, "samples_us");
        cr_assert_eq(json_array_size(list), tail.samples_us.count, "%s", text);
        for (size_t i = 0; i < tail.samples_us.count; i++)
            cr_expect_eq(json_number_value(json_array_get(list, i)), tail.samples_us.us[i], "%s: %zu", text,
                         i);
    }
    json_decref(whole);
    json_decref(rest);
    free(line);
    arena_free(&arena);
}

Test(samples, plain_lists_are_taken)
{
    check_line("{\"a\":1,\"samples_us\":[1,2.5,3e-3,0,0.1,123456789012345678901234567890.5,1e22,1E+2]}",
               true);
    check_line(
        "{\"a\":1,\"samples_us\":[1.7976931348623157e308,4.9e-324,2.2250738585072011e-308,9007199254740993]}",
        true);
    check_line("{\"a\":1,\"samples_us\":[]}", true);
    check_line("{\"a\":1,\"samples_us\":[5],\"global_us\":[6,7]}", true);
    check_line("{\"samples_us\":[9],\"samples_us\":[5]}",
               true); /* the last of equal keys counts, as in the library */
}

Test(samples, everything_else_is_left_alone)
{
    static const char *const lines[] = {"{\"a\":1,\"samples_us\":[-1]}",
                                        "{\"a\":1,\"samples_us\":[1,]}",
                                        "{\"a\":1,\"samples_us\":[01]}",
                                        "{\"a\":1,\"samples_us\":[1.]}",
                                        "{\"a\":1,\"samples_us\":[.5]}",
                                        "{\"a\":1,\"samples_us\":[1e]}",
                                        "{\"a\":1,\"samples_us\":[1e999]}",
                                        "{\"a\":1,\"samples_us\":[12345678901234567890123]}",
                                        "{\"a\":1,\"samples_us\":[nan]}",
                                        "{\"a\":1,\"samples_us\":[0x1]}",
                                        "{\"a\":1,\"samples_us\":[1 2]}",
                                        "{\"a\":1,\"samples_us\":[\"1\"]}",
                                        "{\"a\":1,\"samples_us\":[[1]]}",
                                        "{\"a\":{\"b\":1,\"samples_us\":[1]}}",
                                        "{\"a\":\",\\\"samples_us\\\":[1]}\"}",
                                        "{\"a\":1,\"samples_us\":[1]",
                                        "]}",
                                        "",
                                        "{\"samples_us\":[1]}"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) check_line(lines[i], false);
}

Test(samples, random_numbers_to_the_last_bit)
{
    struct random_state random;
    random_seed(&random, 8);
    char line[8192];
    for (int round = 0; round < 200; round++) {
        size_t at = (size_t)snprintf(line, sizeof line, "{\"a\":1,\"samples_us\":[");
        for (int i = 0; i < 50; i++)
            at += (size_t)snprintf(line + at, sizeof line - at, i ? ",%.*e" : "%.*e",
                                   (int)(1 + random_below(&random, 20)), exp(random_normal(&random) * 20));
        snprintf(line + at, sizeof line - at, "]}");
        check_line(line, true);
    }
}
