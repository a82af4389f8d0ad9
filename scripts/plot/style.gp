# The look of every plot, once: colours, lines, fonts, terminals. plots.gp (written by busbar) loads it first and sets
# `width`, `height` (pixels at 100 %), `formats`, `name` and the positions that are used here.
set encoding utf8

# Eight colours that readers can tell apart, colour-blind or not, each with a contrast of 3:1 or more on white. Curves 9 to 16
# repeat them with dashes and other symbols. The page's style sheet has a twin of each for dark screens; tests/e2e/plot-styles
# computes how far the colours of both are apart.
ink = '#222222'; faint = '#d9d9d9'; grey = '#6b6b6b'
colour(i) = word('#0836c1 #df6d0a #027b46 #a477ad #7f1607 #2291ff #573f5b #7a198a', (i - 1) % 8 + 1)
do for [i = 1:8] {
    set linetype i lc rgb colour(i) lw 2 dt solid
    set linetype i + 8 lc rgb colour(i) lw 2 dt '-'
}
# Hollow symbols for imported figures; the filled ones for measured figures have the next number.
hollow(i) = word('6 4 8 12 10 14', (i <= 8 ? i - 1 : i - 6) % 6 + 1) + 0
filled(i) = hollow(i) + 1
# Bounds are dashed (1 to 4), references dotted (5 to 8).
set dashtype 1 (12,6)
set dashtype 2 (12,4,3,4)
set dashtype 3 (24,6)
set dashtype 4 (12,4,3,4,3,4)
set dashtype 5 (2,5)
set dashtype 6 (2,10)
set dashtype 7 (2,3,2,9)
set dashtype 8 (2,3,2,3,2,9)
bound_dash(i) = (i - 1) % 4 + 1
reference_dash(i) = (i - 1) % 4 + 5

# One canvas, three formats. The sizes in pixels are those of the SVG; PNG has twice as many; PDF is a vector format, too. The
# SVG terminal of gnuplot 5 would take ':Bold' as a part of the family's name, and browsers would fall back to a serif font.
terminal_of(format) = format eq 'svg' ? sprintf("set terminal svg size %d,%d dynamic font 'sans-serif,13' background '#ffffff'; title_font = 'sans-serif,16'", width, height) \
    : format eq 'png' ? sprintf("set terminal pngcairo size %d,%d font 'sans,13' fontscale 1.5 linewidth 2 pointscale 2 background '#ffffff'; title_font = 'sans-serif:Bold,15'", 2 * width, 2 * height) \
    : sprintf("set terminal pdfcairo size %gin,%gin font 'sans,13' fontscale 0.72 linewidth 0.8 pointscale 0.55 background '#ffffff'; title_font = 'sans-serif:Bold,15'", width / 100.0, height / 100.0)

set linetype 17 lc rgb grey lw 1.5
set linetype 18 lc rgb ink lw 1.5

small = ',12'

# The look of the axes; `reset` between plots clears it, so each plot sets it again.
axes = "set datafile separator tab; set border 3 lc rgb ink lw 1; set tics nomirror out scale 0.6 font small textcolor rgb ink; " \
    ."set lmargin at screen at_left; set rmargin at screen at_right; set bmargin at screen at_bottom; set tmargin at screen at_top; " \
    ."set xlabel x_label offset 0,0.3 textcolor rgb ink"
