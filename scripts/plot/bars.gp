# Horizontal bars, with a paler bar for the second phase, a mark at the peak, intervals, and text beside them.
# Blocks of NAME.tsv: bars and pale bars (x, y, x from, x to, y from, y to, line type), marks (x, y, dx, dy), intervals
# (x, y, lo, hi), texts (x, y, line type, text), title.
data = name.'.tsv'
do for [format in formats] {
    eval terminal_of(format)
    set output pictures.name.'.'.format
    set multiplot
    eval ranges
    eval axes
    set border 1
    unset ytics
    set xtics nomirror
    set grid xtics lt 1 lc rgb faint lw 1
    plot data index 0 using 1:2:3:4:5:6:7 with boxxyerror fs solid 1 noborder lc variable notitle, \
         data index 1 using 1:2:3:4:5:6:7 with boxxyerror fs transparent solid 0.45 noborder lc variable notitle, \
         data index 2 using 1:2:3:4 with vectors nohead lw 2.5 dt solid lc rgb ink notitle, \
         data index 3 using ($3 == $3 ? $1 : NaN):2:3:4 with xerrorbars lw 1.5 dt solid pt 7 ps 0.05 lc rgb ink notitle
    load scripts.'/overlay.gp'
    plot data index 4 using 1:2:4:3 with labels left noenhanced font small textcolor variable notitle, \
         data index 5 using 1:2:4:3 with labels left noenhanced font title_font textcolor variable notitle
    unset multiplot
    set output
}
