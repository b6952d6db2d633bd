"""Cells of data, strength, seed, generator and method, computed once and kept."""
