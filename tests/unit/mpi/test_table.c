/* The terminal's tables. */
#include "base/units.h"
#include "measure/table.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(table, figures)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {{123456, "123456"},     {1234.5, "1234"},        {345.67, "345.7"},    {34.567, "34.57"},
                {3.4567, "3.457"},      {0.34567, "0.346"},      {0.034567, "0.0346"}, {0.0034567, "0.00346"},
                {0.000157, "0.000157"}, {0.0000157, "0.000016"}, {NAN, "-"},           {INFINITY, "-"}};
    char text[UNIT_TEXT];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(figure_text(rows[i].value, text), rows[i].text);
}

/* Whether the table of a case of 50 us says what two events take. */
static bool says_event_pair(enum mode mode, double event_pair_us, const char *percent)
{
    double us[10];
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    struct split world = {.name = "world", .groups = 1, .ranks = 2, .nodes = 1};
    struct measured m = {.split = &world, .us = us, .count = 10, .batch = 1, .wrong = ABSENT};
    struct settings settings = {.out_of_place = true, .precision_percent = 1};
    m.call = (struct call){
        .collective = &collectives[ALL_REDUCE], .dtype = DTYPE_FLOAT, .op = OP_SUM, .count = 2, .mode = mode};
    for (int i = 0; i < 10; i++) us[i] = 50;
    struct cases cases = {.list = &m, .count = 1, .event_pair_us = event_pair_us};
    collective_table(&cases, &settings, &(struct world){.ranks = 2, .nodes = 1}, 0, out);
    fclose(out);
    bool says = strstr(text, "two events around an operation take") && strstr(text, percent);
    free(text);
    return says;
}

Test(table, what_two_events_take_is_said_where_it_matters)
{
    cr_expect(says_event_pair(MODE_ISOLATED, 1, "1.000 us with none between them, 2 % of the shortest time"));
    cr_expect(
        says_event_pair(MODE_ISOLATED, 5, "5.000 us with none between them, 10 % of the shortest time"));
    cr_expect_not(says_event_pair(MODE_ISOLATED, 0.9, ""));
    cr_expect_not(says_event_pair(MODE_ISOLATED, 0, ""));
    cr_expect_not(says_event_pair(MODE_PIPELINED, 5, ""));
}
