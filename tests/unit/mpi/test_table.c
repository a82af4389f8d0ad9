/* The format of figures in the terminal's tables. */
#include "base/units.h"

#include <criterion/criterion.h>
#include <math.h>

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
