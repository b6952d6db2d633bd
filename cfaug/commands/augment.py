"""``cfaug augment``: write counterfactuals to disk."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jsonargparse.typing import PositiveInt
from rich.console import Console
from rich.progress import track

from cfaug.commands.common import (
    add_generator_argument,
    chosen_generator,
    data_parser,
    prepare,
    record,
)
from cfaug.files import whole_file
from cfaug.generators.base import Generator
from cfaug.module import best_device
from datamodules.base import AttributeDataModule


def main(args: list[str]) -> None:
    """Run the command."""
    parser = data_parser("augment", "Write counterfactuals of the training images.")
    add_generator_argument(parser)
    parser.add_argument(
        "--copies", type=PositiveInt, default=1, help="counterfactuals of each image"
    )
    parser.add_argument(
        "--targets",
        type=dict[str, str] | None,
        default=None,
        help="values to set, e.g. '{color: red}', all else kept; by default every attribute but "
        "the label gets a fresh independent value",
    )
    options = parser.parse_args(args)
    data = prepare(options, parser)
    generator, path = chosen_generator(options.generator, data)
    codes = data.attribute_space.encode(options.targets) if options.targets else None
    target = options.folder / "counterfactuals.npz"
    count = write_counterfactuals(generator, data, options.copies, target, codes)
    figures = {"augment/images": float(count), "augment/copies": float(options.copies)}
    record(options.folder, ["augment", *args], figures, [], {"generator": str(path)})
    print(f"{count:,} counterfactuals: {target}")


def write_counterfactuals(
    generator: Generator,
    data: AttributeDataModule,
    copies: int,
    path: Path,
    codes: Mapping[int, int] | None = None,
) -> int:
    """Write counterfactuals of the training images, whole or not at all.

    The file is numpy's: ``images`` (N, H, W, 3) uint8, ``attributes`` and ``source_attributes``
    (N, K) int64, ``source_index`` (N,) int64 and ``names`` (K,).

    Args:
        generator: The generator.
        data: The data, set up.
        copies: Counterfactuals of each image.
        path: The file.
        codes: ``{column: code}`` to set; None gives all attributes but the label fresh values.

    Returns:
        Number of images written.

    Raises:
        ValueError: If the file cannot be written; nothing half-written stays.
    """
    parts: dict[str, list[np.ndarray]] = {
        name: [] for name in ("images", "attributes", "source_attributes", "source_index")
    }
    generator = generator.to(best_device())
    total = len(data.split_dataloader("train"))
    batches = data.batches("train", best_device())
    for batch in track(batches, description="counterfactuals", total=total):
        for _ in range(copies):
            made = generator.counterfactuals(batch, codes)
            pixels = (made["image"] * 255).round().byte().permute(0, 2, 3, 1)
            found = (pixels, made["attributes"], batch["attributes"], batch["index"])
            for name, values in zip(parts, found, strict=True):
                parts[name].append(values.cpu().numpy())
    arrays = {name: np.concatenate(values) for name, values in parts.items()}
    writing = Console().status(f"writing {path}")
    with writing, whole_file(path) as part, part.open("wb") as file:
        names = np.array(data.attribute_space.names)
        np.savez_compressed(file, allow_pickle=False, names=names, **arrays)
    return len(arrays["images"])
