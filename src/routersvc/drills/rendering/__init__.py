"""The results of a drill as text, JSON and SVG."""
