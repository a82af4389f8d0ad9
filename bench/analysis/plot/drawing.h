/* Plots as data. drawing_write.c writes TSV files and a gnuplot script, which contains only fixed words and
   numbers: text from outside is always in a data column, so that gnuplot cannot execute it. gnuplot.c draws
   all plots in one process. */
#ifndef BUSBAR_DRAWING_H
#define BUSBAR_DRAWING_H

#include "analysis/compare/aggregate.h"

enum { DRAWING_COLOURS = 8, DRAWING_CURVES = 16 };

enum axis {
    AXIS_BYTES,  /* logarithmic, base 2: sizes */
    AXIS_COUNT,  /* logarithmic, base 2: whole numbers */
    AXIS_RATIO,  /* logarithmic, base 2: ratios, also below 1 */
    AXIS_HOURS,  /* linear */
    AXIS_US,     /* logarithmic, base 10: durations in µs */
    AXIS_FROM_0, /* linear from 0 */
    AXIS_LINEAR, /* linear around the data */
};

enum curve_kind { CURVE_FIGURES, CURVE_BOUND, CURVE_REFERENCE };

struct curve {
    enum curve_kind kind;
    const char *label;       /* untrusted; "": none */
    int colour;              /* 1…DRAWING_CURVES; 0: grey */
    bool imported;           /* drawn with hollow symbols, since its statistic differs from ours */
    double *x, *y, *lo, *hi; /* lo, hi: NAN if a point has no interval */
    size_t count;
};

struct bar {
    const char *group; /* untrusted; to the left, once for neighbouring bars of the same group */
    const char *note;  /* untrusted; to the right of the bar */
    const char *name,
        *detail; /* untrusted; for pages, which have more room than a plot: in place of the note */
    int colour;
    bool light;           /* draw it in the paler shade */
    double value, lo, hi; /* lo, hi: NAN if there is no interval */
    double top;           /* a mark at the largest possible value; NAN: none */
};

struct heat {
    size_t side;             /* number of cells on each side */
    double *values;          /* side * side; NAN: not measured */
    const char **names;      /* untrusted; of each row */
    double least, most;      /* the ends of the colour scale */
    size_t *cuts, cut_count; /* cells in front of which a line separates domains or racks */
};

struct drawing {
    char name[48];       /* of its files without suffix, [a-z0-9-] */
    const char *title;   /* untrusted */
    const char *caption; /* untrusted; what a reader must know; for the page only */
    enum axis x_axis, y_axis;
    const char *x_label, *y_label; /* trusted: go into the script */
    struct curve *curves;          /* a drawing has either curves, bars or heat */
    size_t curve_count;
    struct bar *bars;
    size_t bar_count;
    struct heat heat;
};

struct drawings {
    struct drawing *list;
    size_t count;
    struct arena arena; /* owns all text and points */
};

/* Adds a drawing; makes its name unique. The pointer is valid until the next call. */
struct drawing *drawing_add(struct drawings *, const char *name, const char *title);
struct curve *drawing_curve(struct drawings *, struct drawing *, enum curve_kind, const char *label,
                            size_t points);
void curve_point(struct curve *, double x, double y, double lo, double hi);
struct bar *drawing_bar(struct drawing *);
void bar_figure(struct bar *, struct figure); /* sets the value and its interval */
void drawings_free(struct drawings *);

/* The formats in which gnuplot draws each plot. */
enum plot_files { PLOT_ABSENT, PLOT_SVG, PLOT_PNG, PLOT_PDF, PLOT_SVG_PNG, PLOT_SVG_PNG_PDF };
extern const struct names plot_files_names;

/* Writes NAME.tsv for each drawing and one plots.gp into the folder, which must exist. */
enum status drawings_write(const struct drawings *, const char *folder, enum plot_files);
/* Makes a folder and, if necessary, its parents. */
enum status make_folder(const char *path);
/* Runs gnuplot on the folder's plots.gp. Replaces an existing picture only if the new one is complete.
   Returns STATUS_ENVIRONMENT after printing one line and, if gnuplot failed, the first lines of its
   output. */
enum status gnuplot_run(const char *folder);

#endif
