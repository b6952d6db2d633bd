"""The page of a report: one file that needs nothing else."""

import base64
import math
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

from jinja2 import Environment, PackageLoader
from PIL import Image

from cfaug.reporting.blocks import Picture
from cfaug.reporting.runs import find_runs
from cfaug.reporting.sections import all_sections
from datamodules.storage.atomic_files import whole_file

MOST_BYTES = 3_000_000
"""Of all pictures of a page; base 64 makes a third more of them."""
WIDEST = 1200
"""Pixels across a picture, a little more than the page is wide."""
NARROWEST = 50
"""Pixels below which a picture is not made smaller still."""
QUALITY = 80
"""Of pictures, in the words of WebP; 100 is best."""


def write_report(folders: Sequence[Path], path: Path) -> None:
    """Write a report on the runs in some folders, side by side.

    Args:
        folders: Folders of runs, see `find_runs`.
        path: The HTML file; pictures are in it.

    Raises:
        ValueError: If there is no run, one cannot be read, or the file cannot be written.
    """
    titles = _titles(folders)
    prefixes = [f"{title}/" if len(folders) > 1 else "" for title in titles]
    found = (find_runs(*place) for place in zip(folders, prefixes, strict=True))
    runs = [run for some in found for run in some]
    # Names come from users; all but the charts, which are our own SVG, is escaped.
    pages = Environment(loader=PackageLoader("cfaug.reporting", "."), autoescape=True)
    lead = f"{len(runs)} runs of cfaug" if len(runs) > 1 else "A run of cfaug"
    sections = all_sections(runs)
    count = sum(isinstance(block, Picture) for section in sections for block in section.blocks)
    page = pages.get_template("page.html.j2").render(
        title=f"Report: {', '.join(titles)}",
        lead=lead,
        sections=sections,
        embedded=partial(_embedded, most=MOST_BYTES // max(count, 1)),
    )
    with whole_file(path) as part:
        part.write_text(page, encoding="utf-8")


def _embedded(path: Path, most: int) -> tuple[str, int, int]:
    """A PNG as a data URL of at most so many bytes before base 64, and its width and height.

    Where WebP does not make it small enough, it has fewer pixels.
    """
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    width = float(min(image.width, WIDEST))
    while True:
        smaller = image.copy()
        smaller.thumbnail((width, image.height))
        buffer = BytesIO()
        smaller.save(buffer, "WEBP", quality=QUALITY)
        if buffer.tell() <= most or width < NARROWEST:
            break
        width *= min(0.9, math.sqrt(most / buffer.tell()))
    data = base64.b64encode(buffer.getvalue()).decode()
    return f"data:image/webp;base64,{data}", image.width, image.height


def _titles(folders: Sequence[Path]) -> list[str]:
    """The last parts of the folders' paths, as many as tell them apart.

    Raises:
        ValueError: If a folder is named twice.
    """
    parts = [folder.resolve().parts for folder in folders]
    if len(set(parts)) < len(parts):
        raise ValueError("a folder is named twice; name each of them once")
    for count in range(1, max(map(len, parts)) + 1):
        titles = ["/".join(some[-count:]) for some in parts]
        if len(set(titles)) == len(titles):
            break
    return titles
