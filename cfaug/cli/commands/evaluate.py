"""``cfaug evaluate``: judge a generator, or test a classifier."""

import csv
from pathlib import Path

import wandb
from jsonargparse.typing import PositiveInt

from cfaug.cli.classifier_tests import (
    add_classifier_arguments,
    refuse_without_classifier,
    test_classifier,
)
from cfaug.cli.options import (
    add_folder_argument,
    add_generator_argument,
    add_precision_argument,
    chosen_generator,
    data_parser,
    prepare,
)
from cfaug.cli.output.judging_table import judging_lines, judging_table
from cfaug.cli.results import record
from cfaug.evaluation.edit_gallery import COLUMNS, table
from cfaug.evaluation.generator_quality import Judging, judge_generator
from cfaug.generators.edit_grid import save_grids
from cfaug.plotting.heat_maps import save_effectiveness
from cfaug.plotting.image_grids import save_strips
from cfaug.terminal.tables import show
from cfaug.tracking.run_names import identify
from datamodules.attributes import AttributeSpace
from datamodules.storage.atomic_files import whole_file


def main(args: list[str]) -> None:
    """Run the command."""
    parser = data_parser("evaluate", "Judge a generator on test images, or test a classifier.")
    add_folder_argument(parser, "evaluate")
    add_generator_argument(parser, required=False)
    parser.add_argument(
        "--steps", type=PositiveInt, default=1000, help="updates of each judge and probe"
    )
    parser.add_argument(
        "--backbone", type=str, default="convnet", help="network of the judges, as of a classifier"
    )
    add_classifier_arguments(parser)
    add_precision_argument(parser)
    options = parser.parse_args(args)
    if options.classifier is None:
        refuse_without_classifier(options)
        if options.generator is None:
            msg = "--generator is null and there is no --classifier; name what to evaluate"
            raise ValueError(msg)
    data = prepare(options, parser)
    if options.classifier is not None:
        test_classifier(options, args, data)
        return
    generator, path = chosen_generator(options.generator, data)
    identity = identify(options, path)
    judging = judge_generator(generator, data, options.steps, options.precision, options.backbone)
    names = generator.attribute_space.names
    show(judging_table(judging.figures, names), *judging_lines(judging.figures, names))
    pictures = [options.folder / "effectiveness.png"]
    save_effectiveness(judging.effectiveness, judging.judges, names, pictures[0])
    pictures += save_grids(generator.cpu(), data.first("test", 8), options.folder)
    edits = write_edits(judging, generator.attribute_space, options.folder)
    pictures += save_failures(judging, generator.attribute_space, options.folder)
    record(
        options.folder,
        ["evaluate", *args],
        identity,
        judging.figures,
        pictures,
        generator=path,
        edits=edits,
    )
    print(f"all figures: {options.folder / 'metrics.json'}")


def save_failures(judging: Judging, space: AttributeSpace, folder: Path) -> list[Path]:
    """Draw the edits that a judge does not read as wanted, and the largest round trips."""
    paths = []
    for kind in ("misread", "farthest"):
        strips, captions, titles = [], [], []
        for column, gallery in enumerate(judging.galleries):
            edits = gallery.kept[kind]
            if len(edits.position):
                strips.append(edits.images)
                rows = table(column, edits, space)
                captions.append([f"{row[2]} to {row[3]}\n{row[5]}" for row in rows])
                titles.append(f"do({space.names[column]}): image, edit, and back")
        if strips:
            paths.append(folder / f"{kind}.png")
            save_strips(strips, captions, titles, paths[-1])
    return paths


def write_edits(judging: Judging, space: AttributeSpace, folder: Path) -> wandb.Table:
    """Write ``edits.csv``, a row for each edit of the galleries; the same with pictures for W&B."""
    header = ["kind", *COLUMNS]
    shown = wandb.Table([*header, "before", "after"])
    with (
        whole_file(folder / "edits.csv") as part,
        part.open("w", newline="", encoding="utf-8") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(header)
        for column, gallery in enumerate(judging.galleries):
            for kind, edits in gallery.kept.items():
                for row, images in zip(table(column, edits, space), edits.images, strict=True):
                    rows.writerow([kind, *row])
                    pictures = (wandb.Image(image.permute(1, 2, 0).numpy()) for image in images[:2])
                    shown.add_data(kind, *row, *pictures)
    return shown
