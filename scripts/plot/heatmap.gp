# A matrix of hosts: the speed of each pair on a fixed scale. Hosts are in order, the first at the top left; lines separate the domains.
# Blocks of NAME.tsv: cells (column, row, x from, x to, y from, y to, value), dividing lines, names of the rows, subtitle (x, y, line type, text), title.
data = name.'.tsv'
do for [format in formats] {
    eval terminal_of(format)
    set output pictures.name.'.'.format
    set multiplot
    eval axes
    set border 15 lc rgb ink lw 1
    unset ytics
    set xrange [-0.5:hosts - 0.5]
    set yrange [hosts - 0.5:-0.5]
    set xtics 0,ceil(hosts / 12.0)
    set object 1 rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb faint fillstyle solid noborder
    set cbrange [least:most]
    set colorbox user origin at_right + 0.025,at_bottom size 0.025,at_top - at_bottom
    set cbtics font small textcolor rgb ink
    # Yellow is slow, dark blue is as fast as the others: the ends of cividis, which works in grey and for colour-blind readers.
    set palette defined (0 '#fde737', 0.5 '#7c7b78', 1 '#00224e')
    plot data index 0 using 1:2:3:4:5:6:7 with boxxyerror fs solid 1 noborder lc palette notitle, \
         data index 1 using 1:2 with lines lw 2.5 lc rgb '#ffffff' notitle
    unset object 1
    load scripts.'/overlay.gp'
    plot data index 2 using 1:2:4:3 with labels right noenhanced font small textcolor variable notitle, \
         data index 3 using 1:2:4:3 with labels left noenhanced font small textcolor variable notitle, \
         data index 4 using 1:2:4:3 with labels left noenhanced font title_font textcolor variable notitle
    unset multiplot
    set output
}
