"""The colours of digits and of their backgrounds."""

PALETTE: dict[str, tuple[float, float, float]] = {
    "red": (0.90, 0.10, 0.12),
    "green": (0.20, 0.70, 0.25),
    "blue": (0.15, 0.35, 0.95),
    "yellow": (0.98, 0.90, 0.15),
    "magenta": (0.92, 0.20, 0.85),
    "cyan": (0.20, 0.90, 0.92),
    "orange": (0.98, 0.52, 0.10),
    "white": (0.97, 0.97, 0.97),
    "purple": (0.48, 0.15, 0.72),
    "olive": (0.50, 0.50, 0.12),
}
"""Colours of strokes."""

DARK_PALETTE: dict[str, tuple[float, float, float]] = {
    "black": (0.04, 0.04, 0.04),
    "navy": (0.05, 0.08, 0.38),
    "forest": (0.04, 0.26, 0.08),
    "maroon": (0.36, 0.04, 0.06),
    "teal": (0.03, 0.30, 0.32),
    "indigo": (0.24, 0.06, 0.38),
    "brown": (0.34, 0.20, 0.06),
    "grey": (0.30, 0.30, 0.32),
    "plum": (0.40, 0.08, 0.30),
    "moss": (0.24, 0.28, 0.06),
}
"""Colours of backgrounds, darker than all of `PALETTE`, so that every digit stays visible."""
