/* Heatmaps of pairs of hosts. A cell that was not measured has no row, so that the background shows. */
#include "analysis/plot/drawing_kinds.h"
#include "analysis/plot/drawing_words.h"

#include <math.h>

void write_heat(const struct drawing *drawing, struct text *data, struct text *script)
{
    const struct heat *heat = &drawing->heat;
    double n = (double)heat->side, height = 560, low = 0.11, high = 0.90, from = 0.25, to = 0.82;
    for (size_t i = 0; i < heat->side; i++)
        for (size_t j = 0; j < heat->side; j++)
            if (isfinite(heat->values[i * heat->side + j]))
                text_add(data, "%zu\t%zu\t%g\t%g\t%g\t%g\t%.9g\n", j, i, (double)j - 0.5, (double)j + 0.5,
                         (double)i - 0.5, (double)i + 0.5, heat->values[i * heat->side + j]);
    text_add(data, "NaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\n\n\n");
    for (size_t c = 0; c < heat->cut_count; c++) {
        double at = (double)heat->cuts[c] - 0.5;
        text_add(data, "%g\t-0.5\n%g\t%g\n\n-0.5\t%g\n%g\t%g\n\n", at, at, n - 0.5, at, n - 0.5, at);
    }
    text_add(data, "NaN\tNaN\n\n\n");
    size_t step = (heat->side + 29) / 30;
    for (size_t i = 0; i < heat->side; i += step)
        text_row(data, from - 0.015, high - (high - low) * ((double)i + 0.5) / n, INK, heat->names[i], 20);
    text_add(data, "\n\n");
    text_row(data, 0.015, high + 0.022, INK, drawing->y_label, SUBTITLE_LENGTH);
    text_add(data, "\n\n");
    text_row(data, 0.015, 0.965, INK, drawing->title, TITLE_LENGTH);
    text_add(script, "height = %.0f\nhosts = %zu\nat_left = %g; at_right = %g; at_bottom = %g; at_top = %g\n",
             height, heat->side, from, to, low, high);
    text_add(script, "x_label = '%s'\nleast = %.9g; most = %.9g\nload scripts.'/heatmap.gp'\n",
             drawing->x_label, heat->least, heat->most);
}
