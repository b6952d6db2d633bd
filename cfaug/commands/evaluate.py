"""``cfaug evaluate``: judge a generator."""

from pathlib import Path

import torch
from jsonargparse.typing import PositiveInt
from rich.console import Console
from rich.table import Table

from cfaug.callbacks.edits import all_edits
from cfaug.commands.common import (
    add_generator_argument,
    chosen_generator,
    data_parser,
    prepare,
    record,
)
from cfaug.evaluation.judging import Judging, judge_generator
from cfaug.generators.base import Generator
from cfaug.pictures import save_edits, save_effectiveness
from datamodules.base import AttributeDataModule


def main(args: list[str]) -> None:
    """Run the command."""
    parser = data_parser("evaluate", "Judge a generator on test images.")
    add_generator_argument(parser)
    parser.add_argument(
        "--steps", type=PositiveInt, default=1000, help="updates of each judge and probe"
    )
    parser.add_argument("--precision", type=str, default="bf16-mixed", help="Lightning's name")
    options = parser.parse_args(args)
    data = prepare(options, parser)
    generator, path = chosen_generator(options.generator, data)
    judging = judge_generator(generator, data, options.steps, options.precision)
    show(judging, generator)
    pictures = [options.folder / "effectiveness.png"]
    names = generator.attribute_space.names
    save_effectiveness(judging.effectiveness, judging.judges, names, pictures[0])
    pictures += save_grids(generator, data, options.folder)
    command = ["evaluate", *args]
    record(options.folder, command, judging.figures, pictures, {"generator": str(path)})
    print(f"pictures and metrics.json: {options.folder}")


def save_grids(generator: Generator, data: AttributeDataModule, folder: Path) -> list[Path]:
    """Write a grid of edits of the first test images for each attribute."""
    batch = data.first("test", 8)
    paths = []
    for column, attribute in enumerate(generator.attribute_space.attributes):
        paths.append(folder / f"do-{attribute.name}.png")
        save_edits(all_edits(generator.cpu(), batch, column), attribute, paths[-1])
    return paths


def show(judging: Judging, generator: Generator) -> None:
    """Print effectiveness and everything else as tables."""
    names = generator.attribute_space.names
    table = Table("", *names, title="effectiveness: judge reads the intended value, %")
    rows = torch.cat([judging.effectiveness, judging.judges[None]])
    for name, row in zip([*(f"do({n})" for n in names), "real images"], rows, strict=True):
        table.add_row(name, *(f"{value:.1f}" for value in row))
    rest = Table("figure", "value", title="generator on test images")
    for name, value in sorted(judging.figures.items()):
        if "/effectiveness/" not in name and "/judge/" not in name:
            rest.add_row(name, f"{value:.2f}")
    Console().print(table, rest)
