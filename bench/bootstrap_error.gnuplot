# Errors of bootstraps in a row, measured and bounded, from the lines that `bootstrapping --chain` prints.
#   gnuplot -c bench/bootstrap_error.gnuplot LINES.json PLOT.svg
set terminal svg size 760,440 font "sans-serif,14" background rgb "white"
set output ARG2
# {"bootstraps":1,"error_bits":19.1,...}: names in odd columns, numbers in even ones.
set datafile separator ",:}"
rows = sprintf("< grep '^{\"bootstraps\"' '%s'", ARG1)

set title "Error of 256 complex slots after bootstraps in a row, N = 65536"
set xlabel "bootstraps"
set ylabel "log2 of the error over the range"
set xrange [0:*]
set yrange [-22:-10]
set grid ytics linecolor rgb "#dddddd"
set border 3
set tics nomirror out
set key bottom right opaque noenhanced width -4 samplen 2

plot rows using 2:(-$8) with lines linewidth 2 linecolor rgb "#b03030" title "stated bound", \
     rows using 2:(-$12) with lines linewidth 2 dashtype 2 linecolor rgb "#b03030" title "bound, noise independent", \
     rows using 2:(-$4) with points pointtype 7 pointsize 0.4 linecolor rgb "#2050a0" title "largest error", \
     rows using 2:(-$6) with points pointtype 7 pointsize 0.4 linecolor rgb "#308030" title "root mean square"
