"""Runs the cells of a benchmark: here, side by side, or on a cluster."""
