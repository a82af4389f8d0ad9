#include "analysis/plot/drawing.h"

#include <criterion/criterion.h>

TestSuite(drawing);

/* Two drawings of one name would be one file. */
Test(drawing, names_are_unique)
{
    static const char *const names[][2] = {{"step-ab", "step-ab"}, {"step-a-3", "step-a-3"},
                                           {"step-a", "step-a"},   {"step-a", "step-a-2"},
                                           {"step-a", "step-a-4"}, {"step/A", "step--"}};
    struct drawings drawings = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_str_eq(drawing_add(&drawings, names[i][0], "title")->name, names[i][1]);
    drawings_free(&drawings);
}

Test(drawing, a_bar_without_an_interval_has_no_ends)
{
    struct drawings drawings = {0};
    struct bar *bar = drawing_bar(drawing_add(&drawings, "bars", ""));
    bar_figure(bar, (struct figure){2, 1, 3, INTERVAL_NONE});
    cr_expect(bar->value == 2 && bar->lo != bar->lo && bar->hi != bar->hi);
    bar_figure(bar, (struct figure){2, 1, 3, INTERVAL_RANGE});
    cr_expect(bar->lo == 1 && bar->hi == 3);
    drawings_free(&drawings);
}
