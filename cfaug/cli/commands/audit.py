"""``cfaug audit``: measure the confounding of a data set, or of a table alone."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser
from jsonargparse.typing import PositiveInt
from torch import Tensor

from cfaug.auditing.attribute_audit import Audit, audit_attributes
from cfaug.auditing.remaining_confounding import Remainder, remainders
from cfaug.auditing.thin_combinations import thin_combinations
from cfaug.cli.options import add_folder_argument, data_parser, prepare, seed_run
from cfaug.cli.output.audit_tables import (
    combinations_lines,
    line_of_test_set,
    pairs_lines,
    pairs_table,
    sets_table,
)
from cfaug.cli.results import make_folder, record
from cfaug.plotting.heat_maps import save_audit
from cfaug.plotting.image_grids import save_images
from cfaug.terminal.tables import show
from cfaug.tracking import keys
from cfaug.tracking.run_names import identify
from datamodules.attributes import MOST_GROUPS, AttributeSpace
from datamodules.base import AttributeDataModule
from datamodules.image_files import ImageFiles
from datamodules.process.resampled_set import ResampledSet, measure_resampled
from datamodules.process.splits import RESAMPLED
from datamodules.storage.atomic_files import write_json
from datamodules.storage.tables.attribute_tables import encode_table
from datamodules.storage.tables.table_files import read_table

MOST_FEWEST = 50
"""Combinations with images that are written by name, those with the fewest."""

MOST_NAMES = 1_000
"""Most empty, and most rare, combinations that are written by name."""


def main(args: list[str]) -> None:
    """Run the command."""
    parser = data_parser("audit", "Measure the confounding of the training split.", required=False)
    add_folder_argument(parser, "audit")
    parser.add_argument(
        "--table",
        type=Path | None,
        default=None,
        help="audit this CSV, TSV or Parquet of attributes instead; no image is needed",
    )
    parser.add_argument("--label", type=str | None, default=None, help="the label of --table")
    parser.add_argument(
        "--attributes",
        type=list[str] | None,
        default=None,
        help="the other columns of --table to audit; by default all but --file_column",
    )
    parser.add_argument(
        "--file_column", type=str, default="file", help="column of --table that names files, if any"
    )
    parser.add_argument(
        "--missing",
        type=str,
        default="error",
        help="rows of --table that lack a value: error, drop, or the name of a value for them",
    )
    parser.add_argument(
        "--permutations",
        type=PositiveInt | None,
        default=None,
        help="shuffles behind a p-value; by default 1000, and where there are many pairs more or "
        "their limit for the smallest",
    )
    parser.add_argument(
        "--rare", type=PositiveInt, default=5, help="a group of at most so many is rare"
    )
    parser.add_argument(
        "--sets",
        type=bool,
        default=False,
        help="also look at the label with every two attributes: dependence that no pair shows",
    )
    options = parser.parse_args(args)
    identity = identify(options)
    refuse_unread(options, parser)
    if options.table is not None:
        seed_run(options.seed)
        attributes, space = read_attributes(options)
        make_folder(options.folder)
        data = None
    elif options.data is not None:
        data = prepare(options, parser)
        attributes, space = data.splits["train"].attributes, data.attribute_space
    else:
        msg = "name what to audit: a data set with -c, or a table with --table and --label"
        raise ValueError(msg)
    audit = audit_attributes(
        attributes, space, options.permutations, seed=options.seed, sets=options.sets
    )
    left: tuple[Remainder, ...] = ()
    if data is not None and space.num_groups <= MOST_GROUPS:
        left = remainders(attributes, space, data.weight_cap)
    test_set = None
    if data is not None and data.test_sets[0] == RESAMPLED:
        test_set = measure_resampled(data.splits["test"], space)
    thin = thin_combinations(attributes, space, audit.pairs, options.rare)
    show(pairs_table(audit, left), *pairs_lines(audit, data.weight_cap if data and left else None))
    if audit.sets:
        show(sets_table(audit))
    show(*combinations_lines(audit, thin, options.rare))
    left_over = by_name(data.left_over, space) if isinstance(data, ImageFiles) else {}
    if counts := left_over.get("train"):
        told = ", ".join(f"({name}) {count:,}" for name, count in [*counts.items()][:4])
        show(f"training images that the strength leaves over, the most first: {told}")
    if test_set:
        show(line_of_test_set(test_set, space.label))
    pictures = [options.folder / "audit.png"]
    save_audit(audit, attributes, space, pictures[0])
    if data is not None:
        pictures.append(options.folder / "images.png")
        show_images(data, pictures[1])

    def named(groups: list[int]) -> dict[str, int]:
        return {space.group_name(group): audit.groups[group] for group in groups}

    names = {
        "remaining": [asdict(remainder) for remainder in left],
        "empty": [space.group_name(group) for group in audit.empty[:MOST_NAMES]],
        "rare": named(audit.rare(options.rare)[:MOST_NAMES]),
        "fewest": named(audit.rare(audit.images)[:MOST_FEWEST]),
        "thin": thin and asdict(thin),
        "left_over": left_over,
        "test_set": test_set and asdict(test_set),
    }
    write_json(options.folder / "audit.json", everything(audit, space, names))
    command = ["audit", *args]
    measures = figures(audit, options.rare)
    for pair in left:
        name = f"{pair.first}-{pair.second}"
        measures[keys.AUDIT_REMAINING_CNF.format(pair=name)] = pair.cnf
    if test_set:
        measures |= figures_of_test_set(test_set)
    record(options.folder, command, identity, measures, pictures, found=names)
    print(f"all measures, names and pictures: {options.folder}")


def refuse_unread(options: Any, parser: ArgumentParser) -> None:
    """Refuse options that an audit of a table, or one of a data set, would not look at.

    Raises:
        ValueError: If there is one.
    """
    of_tables = ("label", "attributes", "file_column", "missing")
    for name in of_tables if options.table is None else ("data",):
        if options[name] != parser.get_default(name):
            msg = f"--{name} is for audits {'with' if name != 'data' else 'without'} --table"
            if options.table is None and options.data and name in options.data.init_args:
                msg += f"; this data set has --data.init_args.{name}"
            raise ValueError(msg)


def read_attributes(options: Any) -> tuple[Tensor, AttributeSpace]:
    """The attributes of the table that the options name.

    Raises:
        ValueError: If no label is named, or the table is wrong.
    """
    if options.label is None:
        msg = f"name the column of {options.table} that classifiers predict: --label"
        raise ValueError(msg)
    table, files = read_table(options.table), options.file_column
    if options.attributes is None and files in table.column_names and files != options.label:
        table = table.drop_columns(files)
    rows = encode_table(
        table, options.table, options.label, options.attributes, options.missing, None, None
    )
    return rows.attributes, rows.space


def by_name(left_over: Mapping[str, Tensor], space: AttributeSpace) -> dict[str, dict[str, int]]:
    """Numbers of images by split and combination of values, the most first, `MOST_NAMES` each."""
    found = {}
    for split, counts in left_over.items():
        groups = counts.argsort(descending=True, stable=True)[:MOST_NAMES].tolist()
        named = {space.group_name(group): int(counts[group]) for group in groups}
        found[split] = {name: count for name, count in named.items() if count}
    return found


def show_images(data: AttributeDataModule, path: Path, count: int = 40) -> None:
    """Draw the first training images, and the first of the first test set."""
    splits = {"train": "training images", "test": f"{data.test_sets[0]} test images"}
    images = [data.first(name, count)["image"] for name in splits]
    save_images(images, list(splits.values()), path)


def everything(audit: Audit, space: AttributeSpace, names: dict[str, Any]) -> dict[str, Any]:
    """The whole audit for machines."""
    return {
        "images": audit.images,
        "label": space.label,
        "attributes": {a.name: list(a.values) for a in space.attributes},
        "pairs": [asdict(pair) for pair in audit.pairs],
        "sets": [asdict(found) for found in audit.sets],
        "combinations": audit.combinations,
        **names,
    }


def figures_of_test_set(test_set: ResampledSet) -> dict[str, float]:
    """What a resampled test set is worth, under the names of the logger; shares in per cent."""
    found = {
        keys.TEST_SET_EFFECTIVE_SIZE: test_set.effective_size,
        keys.TEST_SET_LARGEST_SHARE: 100 * test_set.largest_share,
        keys.TEST_SET_EMPTY_GROUPS: float(test_set.empty),
    }
    for left in test_set.dependences:
        found[keys.TEST_SET_CNF.format(attribute=left.attribute)] = left.cnf
        found[keys.TEST_SET_CRAMERS_V.format(attribute=left.attribute)] = left.cramers_v
    return found


def figures(audit: Audit, rare: int) -> dict[str, float]:
    """The audit under the names of the logger."""
    found: dict[str, float] = {keys.AUDIT_IMAGES: float(audit.images)}
    found[keys.EMPTY_GROUPS] = float(audit.combinations - len(audit.groups))
    found[keys.RARE_GROUPS] = float(len(audit.rare(rare)))
    for pair in audit.pairs:
        name = f"{pair.first}-{pair.second}"
        measures = {
            keys.CNF: pair.cnf,
            keys.NORMALIZED_MUTUAL_INFORMATION: pair.normalized_mutual_information,
            keys.CRAMERS_V: pair.cramers_v,
            keys.P_VALUE: pair.p_value,
            keys.SMALLEST_CELL: float(pair.smallest_cell),
        }
        found |= {key.format(pair=name): value for key, value in measures.items()}
    for found_set in audit.sets:
        name = "-".join(found_set.names)
        found[keys.TOTAL_CORRELATION.format(names=name)] = found_set.total_correlation
        found[keys.SYNERGY.format(names=name)] = found_set.synergy
    return found
