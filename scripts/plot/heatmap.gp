# A square of hosts: how fast each pair was, on a fixed scale. Hosts in order, the first at the top left.
# Blocks of NAME.tsv: cells (column, row, value), texts (x, y, line type, text), title.
data = name.'.tsv'
do for [format in formats] {
    eval terminal_of(format)
    set output name.'.'.format
    set multiplot
    eval axes
    set border 15 lc rgb ink
    unset ytics
    set xrange [-0.5:hosts - 0.5]
    set yrange [hosts - 0.5:-0.5]
    set xtics 0,ceil(hosts / 12.0)
    set cbrange [least:most]
    set cblabel y_label textcolor rgb ink
    set colorbox user origin at_right + 0.02,at_bottom size 0.025,at_top - at_bottom
    set cbtics font small textcolor rgb ink
    # from bad to good: cividis' ends, readable in grey and by colour-blind readers
    set palette defined (0 '#fde737', 0.5 '#7c7b78', 1 '#00224e')
    plot data index 0 using 1:2:3 with image pixels notitle
    load scripts.'/overlay.gp'
    plot data index 1 using 1:2:4:3 with labels left noenhanced font small textcolor variable notitle, \
         data index 2 using 1:2:4:3 with labels left noenhanced font title_font textcolor variable notitle
    unset multiplot
    set output
}
