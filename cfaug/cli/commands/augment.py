"""``cfaug augment``: write counterfactuals to disk."""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from jsonargparse.typing import NonNegativeInt, PositiveInt

from cfaug.augmenting.counterfactual_maker import Maker, agreement, trained_judge, write_shards
from cfaug.cli.options import (
    add_folder_argument,
    add_generator_argument,
    add_precision_argument,
    chosen_generator,
    data_parser,
    prepare,
)
from cfaug.cli.results import record
from cfaug.plotting.image_grids import save_images
from cfaug.tracking import keys
from cfaug.tracking.claims import claimed
from cfaug.tracking.run_names import identify
from datamodules.base import AttributeDataModule
from datamodules.storage.shards import Counterfactuals, read_counterfactuals

MOST_SHOWN = 60
"""Images in the picture."""


def main(args: list[str]) -> None:
    """Run the command."""
    parser = data_parser("augment", "Write counterfactuals of the training images.")
    add_folder_argument(parser, "augment")
    add_generator_argument(parser)
    parser.add_argument(
        "--copies", type=PositiveInt, default=1, help="counterfactuals of each image"
    )
    parser.add_argument(
        "--targets",
        type=named_values,
        default=None,
        help="values to set, e.g. '{color: red}', all else kept; by default every attribute but "
        "the label gets a fresh independent value",
    )
    parser.add_argument(
        "--judge_steps",
        type=NonNegativeInt,
        default=1000,
        help="updates of a judge that reads the counterfactuals; 0 for no readings",
    )
    add_precision_argument(parser)
    parser.add_argument("--shard_size", type=PositiveInt, default=5000, help="images in a shard")
    options = parser.parse_args(args)
    data = prepare(options, parser)
    generator, path = chosen_generator(options.generator, data)
    identity = identify(options, path)
    space = data.attribute_space
    codes = space.encode(options.targets) if options.targets else None
    if codes is None and len(space.names) == 1:
        msg = (
            f"the data have no attribute beside the label, '{space.label}', and the label is not "
            "set unless --targets says so, for example "
            f"--targets '{{{space.label}: {space.attributes[0].values[0]}}}'"
        )
        raise ValueError(msg)
    recipe = recipe_of(options, path, data)
    with claimed(options.folder / "recipe.json", recipe, "counterfactuals"):
        judge = None
        if options.judge_steps:
            place = options.folder / "judge.pt"
            judge = trained_judge(place, data, options.judge_steps, options.precision)
        maker = Maker(generator, data, judge, options.seed, options.copies, codes)
        write_shards(maker, options.folder, options.shard_size, recipe)
    made = read_counterfactuals(options.folder)
    pictures = [options.folder / "counterfactuals.png"]
    save_examples(data, made, options.copies, pictures[0])
    figures = {keys.AUGMENT_IMAGES: float(len(made)), keys.AUGMENT_COPIES: float(options.copies)}
    figures |= agreement(made)
    record(
        options.folder,
        ["augment", *args],
        identity,
        figures,
        pictures,
        generator=path,
        counterfactuals=options.folder,
    )
    print(f"{len(made):,} counterfactuals: {options.folder}")


def named_values(given: object) -> dict[str, str]:
    """Values by attribute, ``{Eyeglasses: yes}``; no word is taken for a truth value or a number.

    Raises:
        ValueError: If it is something else.
    """
    try:
        read = yaml.load(given, yaml.BaseLoader) if isinstance(given, str) else given
    except yaml.YAMLError:
        read = None
    if not isinstance(read, dict) or not read:
        msg = f"--targets is {given}, expected '{{attribute: value}}'"
        raise ValueError(msg)
    for name, value in read.items():
        if not isinstance(value, str):
            msg = f"--targets has {value} for '{name}', expected a word; in a YAML put it in quotes"
            raise ValueError(msg)
    return read


def recipe_of(options: Any, generator: Path, data: AttributeDataModule) -> dict[str, str]:
    """What the counterfactuals follow from: they are the same where this is the same."""
    given = options.data.as_dict()
    irrelevant = {"num_workers", "counterfactuals"}
    return {
        "generator_sha256": hashlib.sha256(generator.read_bytes()).hexdigest(),
        "data": given["class_path"],
        **{
            f"data.{name}": json.dumps(value, default=str, sort_keys=True)
            for name, value in given["init_args"].items()
            if name not in irrelevant
        },
        "images_sha256": data.splits["train"].fingerprint(),
        **{
            name: json.dumps(options[name], sort_keys=True)
            for name in ("seed", "copies", "targets", "judge_steps", "precision", "shard_size")
        },
    }


def save_examples(data: AttributeDataModule, made: Counterfactuals, copies: int, to: Path) -> None:
    """The first training images and a counterfactual of each."""
    count = min(MOST_SHOWN, len(made) // copies)
    originals = data.first("train", count)["image"]
    edited = made.pictures([position * copies for position in range(count)]).float() / 255
    save_images([originals, edited], ["training images", "their counterfactuals"], to)
