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

/* Whether the table of a case of 50 us says what timing takes by itself. */
static bool says_timing_cost(enum mode mode, enum timing_kind kind, double cost_us, const char *words)
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
    struct cases cases = {.list = &m, .count = 1, .timing_cost = {kind, cost_us}};
    collective_table(&cases, &settings, &(struct world){.ranks = 2, .nodes = 1}, 0, out);
    fclose(out);
    bool says = strstr(text, words);
    free(text);
    return says;
}

Test(table, what_timing_takes_is_said_where_it_matters)
{
    const char *any = "isolated times include",
               *events =
                   "isolated times include what the two events around an operation take: 5.000 us with none "
                   "between them, 10 % of the shortest time\n",
               *clock = "isolated times include reading the clock once, 1.000 us: 2 % of the shortest\n";
    cr_expect(says_timing_cost(MODE_ISOLATED, TIMING_EVENTS, 5, events));
    cr_expect(says_timing_cost(MODE_ISOLATED, TIMING_CLOCK, 1, clock));
    cr_expect_not(says_timing_cost(MODE_ISOLATED, TIMING_EVENTS, 0.9, any));
    cr_expect_not(says_timing_cost(MODE_ISOLATED, TIMING_CLOCK, 0.9, any));
    cr_expect_not(says_timing_cost(MODE_ISOLATED, TIMING_CLOCK, 0, any));
    cr_expect_not(says_timing_cost(MODE_ISOLATED, TIMING_UNKNOWN, 5, any));
    cr_expect_not(says_timing_cost(MODE_PIPELINED, TIMING_CLOCK, 5, any));
}

/* NCCL times by events: where theirs is not known, the clock's cost says nothing about its figures. */
Test(table, what_timing_takes_is_known_from_the_facts)
{
    static const struct {
        const char *facts;
        enum timing_kind kind;
        double us;
    } rows[] = {{"{\"timer_cost_ns\": 25}", TIMING_CLOCK, 0.025},
                {"{\"timer_cost_ns\": 25, \"nccl\": {}, \"event_pair_us\": 4.5}", TIMING_EVENTS, 4.5},
                {"{\"timer_cost_ns\": 25, \"nccl\": {}}", TIMING_UNKNOWN, 0},
                {"{\"timer_cost_ns\": \"25\"}", TIMING_UNKNOWN, 0},
                {"{}", TIMING_UNKNOWN, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *facts = json_loads(rows[i].facts, 0, NULL);
        struct timing_cost cost = timing_cost_of(facts);
        cr_expect(cost.kind == rows[i].kind && fabs(cost.us - rows[i].us) < 1e-12, "%s", rows[i].facts);
        json_decref(facts);
    }
    cr_expect_eq(timing_cost_of(NULL).kind, TIMING_UNKNOWN);
}
