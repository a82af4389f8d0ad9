# Curves with intervals, bounds (dashed) and references (dotted); labels at the curves' ends instead of a legend.
# Blocks of NAME.tsv: one per curve (x, y, lo, hi), labels (x, y, line type, text), leaders (x, y, line type), title.
# plots.gp says which blocks are measured, imported (drawn hollow), bounds and references.
data = name.'.tsv'
type_of(k) = word(types, k + 1) + 0
rgb_of(k) = type_of(k) > 16 ? grey : colour(type_of(k))
block(list, i) = i <= words(list) ? word(list, i) + 0 : 0
figures = measured.imported
do for [format in formats] {
    eval terminal_of(format)
    set output pictures.name.'.'.format
    set multiplot
    eval ranges
    eval axes
    set grid ytics lt 1 lc rgb faint lw 1
    plot for [i = 1:words(figures)] data index (block(figures, i)) using 1:3:4 with filledcurves fc rgb rgb_of(block(figures, i)) fs transparent solid 0.18 noborder notitle, \
         for [i = 1:words(bounds)] data index (block(bounds, i)) using 1:2 with lines lw 1.5 lc rgb rgb_of(block(bounds, i)) dt bound_dash(i) notitle, \
         for [i = 1:words(references)] data index (block(references, i)) using 1:2 with lines lw 1.5 lc rgb rgb_of(block(references, i)) dt reference_dash(i) notitle, \
         for [i = 1:words(figures)] data index (block(figures, i)) using 1:2 with lines lt type_of(block(figures, i)) notitle, \
         for [i = 1:words(figures)] data index (block(figures, i)) using ($3 == $3 ? $1 : NaN):2:3:4 with yerrorbars lw 1.2 dt solid pt 7 ps 0.05 lc rgb rgb_of(block(figures, i)) notitle, \
         for [i = 1:words(measured)] data index (block(measured, i)) using 1:2 with points pt filled(type_of(block(measured, i))) ps 0.5 lc rgb rgb_of(block(measured, i)) notitle, \
         for [i = 1:words(imported)] data index (block(imported, i)) using 1:2 with points pt hollow(type_of(block(imported, i))) ps 0.6 lw 1.4 lc rgb rgb_of(block(imported, i)) notitle
    load scripts.'/overlay.gp'
    plot data index labels + 1 using 1:2:3 with lines lw 1 dt '.' lc variable notitle, \
         data index labels using 1:2:4:3 with labels left noenhanced font small textcolor variable notitle, \
         data index labels + 2 using 1:2:4:3 with labels left noenhanced font title_font textcolor variable notitle
    unset multiplot
    set output
}
