"""The page of a report: one file that needs nothing else."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader

from cfaug.reporting.runs import find_runs
from cfaug.reporting.sections import all_sections
from datamodules.writing import whole_file


def write_report(folders: Sequence[Path], path: Path) -> None:
    """Write a report on the runs in some folders, side by side.

    Args:
        folders: Folders of runs, see `find_runs`.
        path: The HTML file; pictures are in it.

    Raises:
        ValueError: If there is no run, one cannot be read, or the file cannot be written.
    """
    prefixes = [f"{folder.name}/" if len(folders) > 1 else "" for folder in folders]
    found = (find_runs(*place) for place in zip(folders, prefixes, strict=True))
    runs = [run for some in found for run in some]
    # Names come from users; all but the charts, which are our own SVG, is escaped.
    pages = Environment(loader=PackageLoader("cfaug.reporting", "."), autoescape=True)
    names = ", ".join(folder.name for folder in folders)
    lead = f"{len(runs)} runs of cfaug" if len(runs) > 1 else "A run of cfaug"
    page = pages.get_template("page.html.j2").render(
        title=f"Report: {names}", lead=lead, sections=all_sections(runs)
    )
    with whole_file(path) as part:
        part.write_text(page, encoding="utf-8")
