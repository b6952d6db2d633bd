"""Grids of images and of edits, written as PNG."""

import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from torch import Tensor
from torchvision.utils import make_grid

from cfaug.plotting.letters import save_figure
from datamodules.attributes import Attribute

mpl.use("Agg")


def save_images(images: Sequence[Tensor], titles: Sequence[str], path: Path) -> None:
    """Rows of images under titles.

    Args:
        images: For each title (B, 3, H, W) in [0, 1], drawn in rows of 20.
        titles: The titles.
        path: The picture.
    """
    grids = [make_grid(batch, nrow=20, padding=1, pad_value=0.5) for batch in images]
    heights = [grid.shape[1] for grid in grids]
    figure = Figure(figsize=(9, 9 * sum(heights) / grids[0].shape[2] + 0.35 * len(grids)))
    figure.set_layout_engine("constrained")
    places = figure.subplots(len(grids), 1, height_ratios=heights, squeeze=False)[:, 0]
    for axes, grid, title in zip(places, grids, titles, strict=True):
        axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_axis_off()
    save_figure(figure, path, dpi=100)


def edit_stems(names: Sequence[str]) -> list[str]:
    """Names of the files for the edits of attributes, without ending.

    A ``-`` replaces characters that a file name cannot have, and long names are cut. If two names
    would then be the same, also on systems that ignore capitals, all begin with the column.
    """
    stems = [re.sub(r"[/\\\0]", "-", name)[:50] for name in names]
    if len({stem.casefold() for stem in stems}) < len(stems):
        stems = [f"{column}-{stem}" for column, stem in enumerate(stems)]
    return [f"do-{stem}" for stem in stems]


def save_edits(cells: Tensor, attribute: Attribute, path: Path) -> None:
    """Grid of edits of one attribute.

    Args:
        cells: (rows, 1 + values, 3, H, W) in [0, 1]; in each row an image and its edits.
        attribute: The attribute; its values are the headings of the columns.
        path: The picture.
    """
    rows, columns, _, _, width = cells.shape
    grid = make_grid(cells.flatten(0, 1), nrow=columns, padding=1, pad_value=0.5)
    figure = Figure(figsize=(0.6 * columns + 0.2, 0.6 * rows + 0.7))
    axes = figure.add_subplot()
    axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
    centers = [1 + (width - 1) / 2 + k * (width + 1) for k in range(columns)]
    turn = 45 if max(map(len, attribute.values)) > 3 else 0
    names = ["image", *attribute.values]
    axes.set_xticks(centers, names, rotation=turn, ha="left" if turn else "center")
    for text in axes.get_xticklabels():
        text.set_parse_math(False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(f"do({attribute.name})")
    save_figure(figure, path, dpi=100, bbox_inches="tight")  # headings are as long as the names


def save_strips(
    strips: Sequence[Tensor], captions: Sequence[Sequence[str]], titles: Sequence[str], path: Path
) -> None:
    """Save blocks of columns of images, with a caption above each column.

    Args:
        strips: For each title (N, S, 3, H, W) in [0, 1]; a column has S images.
        captions: For each title N captions.
        titles: The titles.
        path: The picture.
    """
    most = max(map(len, strips))
    tall = strips[0].shape[1]
    figure = Figure(figsize=(1.1 * most, (1.1 * tall + 0.6) * len(strips)), layout="constrained")
    blocks = figure.subfigures(len(strips), 1, squeeze=False)[:, 0]
    for block, columns, words, title in zip(blocks, strips, captions, titles, strict=True):
        block.suptitle(title, fontsize=10).set_parse_math(False)
        places = block.subplots(1, most, squeeze=False)[0]
        for axes in places:
            axes.set_axis_off()
        for axes, column, caption in zip(places, columns, words, strict=False):
            grid = make_grid(column, nrow=1, padding=1, pad_value=0.5)
            axes.imshow(grid.permute(1, 2, 0).numpy(), interpolation="nearest")
            axes.set_title(caption, fontsize=7).set_parse_math(False)
    save_figure(figure, path, dpi=90)
