"""``cfaug audit``: measure the confounding of a data set."""

from pathlib import Path

from jsonargparse.typing import PositiveInt
from rich.console import Console
from rich.table import Table

from cfaug.commands.common import data_parser, prepare, record
from cfaug.confounding import Audit, audit_attributes
from cfaug.pictures import save_audit, save_images
from datamodules.attributes import AttributeSpace
from datamodules.base import AttributeDataModule


def main(args: list[str]) -> None:
    """Run the command."""
    parser = data_parser("audit", "Measure the confounding of the training split.")
    parser.add_argument(
        "--permutations", type=PositiveInt, default=1000, help="shuffles behind a p-value"
    )
    parser.add_argument("--rare", type=int, default=5, help="a group of at most so many is rare")
    options = parser.parse_args(args)
    data = prepare(options, parser)
    attributes, space = data.splits["train"].attributes, data.attribute_space
    audit = audit_attributes(attributes, space, options.permutations, options.seed)
    show(audit, space, options.rare)
    pictures = [options.folder / "audit.png", options.folder / "images.png"]
    save_audit(audit, attributes, space, pictures[0])
    show_images(data, pictures[1])
    names = {
        "empty": [space.group_name(group) for group in audit.empty],
        "rare": {space.group_name(g): int(audit.counts[g]) for g in audit.rare(options.rare)},
    }
    command = ["audit", *args]
    record(options.folder, command, figures(audit, options.rare), pictures, names)
    print(f"pictures: {', '.join(map(str, pictures))}; all names: {options.folder / 'run.json'}")


def show_images(data: AttributeDataModule, path: Path, count: int = 40) -> None:
    """Draw the first training and the first unconfounded test images."""
    splits = {"train": "training images", "test": "unconfounded test images"}
    images = [
        data.finish(data.splits[split].__getitems__(list(range(count))))["image"]
        for split in splits
    ]
    save_images(images, list(splits.values()), path)


def figures(audit: Audit, rare: int) -> dict[str, float]:
    """The audit under the names of the logger."""
    found: dict[str, float] = {
        "audit/images": float(audit.counts.sum()),
        "audit/empty_groups": float(len(audit.empty)),
        "audit/rare_groups": float(len(audit.rare(rare))),
    }
    for pair in audit.pairs:
        name = f"{pair.first}-{pair.second}"
        found[f"audit/cnf/{name}"] = pair.cnf
        found[f"audit/normalized_mutual_information/{name}"] = pair.normalized_mutual_information
        found[f"audit/cramers_v/{name}"] = pair.cramers_v
        found[f"audit/p_value/{name}"] = pair.p_value
        found[f"audit/smallest_cell/{name}"] = float(pair.smallest_cell)
    return found


def show(audit: Audit, space: AttributeSpace, rare: int, most: int = 12) -> None:
    """Print the measures, and the empty and rare groups by name."""
    table = Table(title=f"confounding of {int(audit.counts.sum()):,} training images")
    for column in ("pair", "CNF (nats)", "NMI", "Cramér's V", "p", "smallest cell"):
        table.add_column(column, justify="left" if column == "pair" else "right")
    for pair in sorted(audit.pairs, key=lambda pair: -pair.cnf):
        table.add_row(
            f"{pair.first} - {pair.second}",
            f"{pair.cnf:.3f}",
            f"{pair.normalized_mutual_information:.3f}",
            f"{pair.cramers_v:.3f}",
            f"{pair.p_value:.3f}",
            f"{pair.smallest_cell:,}",
        )
    console = Console()
    console.print(table)
    empty, few = audit.empty, audit.rare(rare)
    console.print(f"{len(empty)} of {space.num_groups} combinations have no image:")
    for group in empty[:most]:
        console.print(f"  {space.group_name(group)}")
    if len(empty) > most:
        console.print(f"  ... and {len(empty) - most} more")
    console.print(f"{len(few)} combinations have 1 to {rare} images:")
    for group in few[:most]:
        console.print(f"  {space.group_name(group)}: {int(audit.counts[group])}")
    if len(few) > most:
        console.print(f"  ... and {len(few) - most} more")
