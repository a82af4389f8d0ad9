# The second layer: the whole canvas from 0 to 1, for text that stands where busbar has computed it. Text is data here,
# never code, and `noenhanced`, so that a label's braces and underscores are only letters.
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
