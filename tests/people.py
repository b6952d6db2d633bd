"""Own images to test with: coloured squares and a table."""

from pathlib import Path

import numpy as np
from PIL import Image

HAIR, SEX = ("blond", "dark"), ("f", "m")


def write_people(folder: Path) -> Path:
    """Write ``images/`` and ``table.csv`` of 200 images.

    Red tells the hair, green the sex, blue the row; who is blond is mostly f.
    """
    (folder / "images").mkdir()
    lines = ["file,hair,sex"]
    for row in range(200):
        hair = row % 2
        sex = hair if row % 20 > 1 else 1 - hair
        pixels = np.zeros((12, 10, 3), np.uint8)
        pixels[:] = 200 * hair, 100 * sex, row
        Image.fromarray(pixels).save(folder / "images" / f"{row}.png")
        lines.append(f"{row}.png,{HAIR[hair]},{SEX[sex]}")
    (folder / "table.csv").write_text("\n".join(lines))
    return folder
