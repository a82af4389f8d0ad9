/* Plots as data: what is drawn, where its labels stand. drawing.c writes TSV files and a script of fixed
   words and numbers; text from outside is only ever a data column, so that gnuplot cannot run it. gnuplot.c
   draws all in one process. */
#ifndef BUSBAR_DRAWING_H
#define BUSBAR_DRAWING_H

#include "analysis/compare/aggregate.h"

enum { DRAWING_COLOURS = 8, DRAWING_CURVES = 16 };

enum axis {
    AXIS_BYTES,  /* log 2, sizes */
    AXIS_COUNT,  /* log 2, whole numbers */
    AXIS_HOURS,  /* linear */
    AXIS_US,     /* log 10, durations */
    AXIS_FROM_0, /* linear from 0 */
    AXIS_LINEAR, /* linear around the data */
};

enum curve_kind { CURVE_FIGURES, CURVE_BOUND, CURVE_REFERENCE };

struct curve {
    enum curve_kind kind;
    const char *label;       /* untrusted; "": the curve has none */
    int colour;              /* 1…DRAWING_CURVES; 0: grey */
    bool imported;           /* drawn hollow: another statistic than ours */
    double *x, *y, *lo, *hi; /* lo, hi: NAN where there is no interval */
    size_t count;
};

struct bar {
    const char *group; /* untrusted; at the left, once per group of neighbours */
    const char *note;  /* untrusted; behind the bar */
    int colour;
    bool light;           /* the paler of two */
    double value, lo, hi; /* lo, hi: NAN where there is no interval */
    double top;           /* a mark at what is possible; NAN: none */
};

struct heat {
    size_t side;             /* hosts */
    double *values;          /* side * side; NAN: not measured */
    const char **names;      /* untrusted */
    double least, most;      /* the colour scale */
    size_t *cuts, cut_count; /* hosts before which a line divides domains or racks */
};

struct drawing {
    char name[48];       /* of the files: ours, [a-z0-9-] */
    const char *title;   /* untrusted */
    const char *caption; /* what a reader must know; untrusted; for the page */
    enum axis x_axis, y_axis;
    const char *x_label, *y_label; /* ours, never from data */
    struct curve *curves;
    size_t curve_count;
    struct bar *bars; /* bars or curves or heat */
    size_t bar_count;
    struct heat heat;
};

struct drawings {
    struct drawing *list;
    size_t count;
    struct arena arena; /* owns all text and points */
};

/* A new drawing; `name` is made unique. The pointer holds until the next call. */
struct drawing *drawing_add(struct drawings *, const char *name, const char *title);
struct curve *drawing_curve(struct drawings *, struct drawing *, enum curve_kind, const char *label,
                            size_t points);
void curve_point(struct curve *, double x, double y, double lo, double hi);
struct bar *drawing_bar(struct drawings *, struct drawing *);
void drawings_free(struct drawings *);

/* The files that gnuplot makes of each plot. */
enum plot_files { PLOT_ABSENT, PLOT_SVG, PLOT_PNG, PLOT_PDF, PLOT_SVG_PNG, PLOT_SVG_PNG_PDF };
extern const struct names plot_files_names;

/* Writes NAME.tsv for each and plots.gp for all into the folder, which must exist. */
enum status drawings_write(const struct drawings *, const char *folder, enum plot_files);
/* Makes a folder and those above it. */
enum status make_folder(const char *path);
/* gnuplot over the folder's plots.gp. Pictures that are there already are replaced only when the new ones are
   whole. On failure: one line, and what gnuplot said. */
enum status gnuplot_run(const char *folder);
/* The folder of style.gp: $BUSBAR_SHARE/scripts/plot where that is set, else share/busbar/scripts/plot beside
   the folder of an installed program, or scripts/plot of the source tree that the build folder stands in.
   NULL after one line. */
const char *plot_scripts(struct arena *);

#endif
