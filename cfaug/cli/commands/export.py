"""``cfaug export``: counterfactuals on disk as plain images and a table."""

import csv
from pathlib import Path

from cfaug.cli.options import command_parser
from cfaug.terminal.progress import track
from datamodules.storage.atomic_files import whole_folder
from datamodules.storage.shards import Counterfactuals, read_counterfactuals


def main(args: list[str]) -> None:
    """Run the command."""
    parser = command_parser(
        "export", "Turn the shards that `cfaug augment` wrote into PNGs and table.csv."
    )
    parser.add_argument("shards", type=Path, nargs="?", default=Path("runs/augment"), help="folder")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("runs/export"), help="is made")
    options = parser.parse_args(args)
    made = read_counterfactuals(options.shards)
    export(made, options.folder)
    print(f"{len(made):,} images and table.csv: {options.folder}")


def export(made: Counterfactuals, folder: Path) -> None:
    """Write ``images/`` and ``table.csv``, whole or not at all.

    The table has the columns file; by the names of the attributes the values that were wanted; and
    of each attribute A ``source_A``, the value of the original, and ``read_A``, what a judge reads;
    index, copy and source_file, the number of the original, which counterfactual of it this is, and
    the file of the original, where it has one.

    Args:
        made: The counterfactuals.
        folder: Is made.

    Raises:
        ValueError: If it exists or cannot be written, or two columns would have the same name.
    """
    names = made.space.names
    codes = {"": made.target, "source_": made.source}
    if made.read is not None:
        codes["read_"] = made.read
    header = ["file", *(f"{prefix}{name}" for prefix in codes for name in names)]
    header += ["index", "copy", *(["source_file"] if made.files else [])]
    if twice := sorted({name for name in header if header.count(name) > 1}):
        msg = (
            f"table.csv would have two columns of the name {twice}, by the attributes "
            f"{list(names)}; rename one in your data, or use the shards in {made.folder}"
        )
        raise ValueError(msg)
    with (
        whole_folder(folder) as part,
        (part / "table.csv").open("w", newline="", encoding="utf-8") as file,
    ):
        (part / "images").mkdir()
        table = csv.writer(file)
        table.writerow(header)
        for row in track(range(len(made)), "writing images"):
            name = f"{row:06}.png"
            (part / "images" / name).write_bytes(made.pngs[row].as_py())
            values = [
                attribute.values[code]
                for table_ in codes.values()
                for attribute, code in zip(made.space.attributes, table_[row].tolist(), strict=True)
            ]
            original = [made.files[row]] if made.files else []
            table.writerow([name, *values, int(made.index[row]), int(made.copy[row]), *original])
