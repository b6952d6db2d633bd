"""``cfaug report``: one page on one or several runs."""

from pathlib import Path

from cfaug.cli.options import command_parser
from cfaug.reporting.page import write_report


def main(args: list[str]) -> None:
    """Run the command."""
    parser = command_parser("report", "Write a page on runs, with all below their folders.")
    parser.add_argument("runs", type=Path, nargs="+", help="folders, e.g. runs/demo")
    parser.add_argument(
        "--out", type=Path | None, default=None, help="the page; by default in the first folder"
    )
    options = parser.parse_args(args)
    path = options.out or options.runs[0] / "report.html"
    write_report(options.runs, path)
    print(f"report: {path}")
