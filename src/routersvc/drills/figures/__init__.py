"""Statistics of a drill: per second, per column of a plot, and in total."""
