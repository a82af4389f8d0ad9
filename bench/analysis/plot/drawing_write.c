/* Writes the files from which gnuplot draws. */
#include "analysis/plot/drawing_kinds.h"
#include "analysis/plot/drawing_words.h"
#include "base/outfile.h"

#include <stdio.h>

enum { WIDTH = 660 }; /* in pixels */

static enum status write_file(const char *folder, const char *name, const char *suffix,
                              const struct text *content)
{
    struct text path = {0};
    text_add(&path, "%s/%s%s", folder, name, suffix);
    struct outfile out;
    enum status status = outfile_open(&out, path.data, OUTFILE_REPLACE);
    if (!status) {
        (void)fwrite(text_get(content), 1, content->length, out.file); /* closing the file reports errors */
        status = outfile_close(&out, STATUS_OK);
    }
    text_free(&path);
    return status;
}

const struct names plot_files_names = NAMES("svg", "png", "pdf", "svg,png", "svg,png,pdf");

enum status drawings_write(const struct drawings *drawings, const char *folder, enum plot_files files)
{
    struct text script = {0}, data = {0};
    enum status status = STATUS_OK;
    bool rare = false;
    char formats[32];
    snprintf(formats, sizeof formats, "%s", name_of(&plot_files_names, (int)files));
    for (char *c = formats; *c; c++)
        if (*c == ',') *c = ' ';
    text_add(&script,
             "# Written by busbar: BUSBAR_PLOT=scripts/plot gnuplot plots.gp draws the plots anew.\n"
             "scripts = system('printf %%s \"$BUSBAR_PLOT\"')\npictures = system('printf %%s "
             "\"$BUSBAR_PICTURES\"')\n"
             "formats = '%s'\nwidth = %d\nload "
             "scripts.'/style.gp'\n",
             formats, WIDTH);
    for (size_t i = 0; !status && i < drawings->count; i++) {
        const struct drawing *drawing = &drawings->list[i];
        text_clear(&data);
        text_add(&script, "\nreset\nname = '%s'\n", drawing->name);
        if (drawing->bar_count)
            write_bars(drawing, &data, &script);
        else if (drawing->heat.side)
            write_heat(drawing, &data, &script);
        else
            write_curves(drawing, &data, &script);
        if (files != PLOT_SVG) rare |= replace_rare_letters(&data);
        status = write_file(folder, drawing->name, ".tsv", &data);
    }
    if (files != PLOT_SVG) rare |= replace_rare_letters(&script);
    if (rare) warn("PNG and PDF: '?' replaces letters that the fonts may not have (--format svg keeps them)");
    if (!status) status = write_file(folder, "plots", ".gp", &script);
    text_free(&script);
    text_free(&data);
    return status;
}
