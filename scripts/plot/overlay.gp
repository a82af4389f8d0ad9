# The second layer: coordinates from 0 to 1 over the whole canvas, for text at positions that busbar computed. Text is data
# here, never code, and `noenhanced`, so that braces and underscores in a label have no special meaning.
unset border
unset tics
unset xlabel
unset ylabel
unset grid
unset logscale
unset colorbox
set lmargin at screen 0
set rmargin at screen 1
set bmargin at screen 0
set tmargin at screen 1
set xrange [0:1]
set yrange [0:1]
