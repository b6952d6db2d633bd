"""How fast the MNIST families are rendered, beside an image at a time: ``make speed``.

The reference draws in ``__getitem__`` with Pillow and torchvision, as loaders of such data sets
commonly do: textures are opened, cut and composed for each image.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image, ImageFilter
from rich.console import Console
from rich.table import Table
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import RandomCrop
from torchvision.transforms.functional import to_pil_image, to_tensor

from cfaug.cli.options import data_parser
from cfaug.tracking.run_records import this_machine
from datamodules.digits import ConfoundedDigits
from datamodules.rendering.renderers import Color, Fill, Renderer, Rotation, Texture, Thickness
from datamodules.storage.atomic_files import write_json

FAMILIES = (
    "mnist-colored",
    "mnist-double-colored",
    "mnist-wildlife",
    "mnist-rotated",
    "mnist-colored-rotated",
    "cgn-double-colored",
    "cgn-wildlife",
)
IMAGES = 60_000
REFERENCE_IMAGES = 3_000


class OneAtATime(Dataset[torch.Tensor]):
    """The same images, drawn with Pillow as they are asked for.

    Args:
        data: The data module, set up.
        folder: Where the textures are kept as files, a folder for each attribute.
    """

    def __init__(self, data: ConfoundedDigits, folder: Path) -> None:
        self.split = data.splits["train"]
        self.steps = [self._step(renderer, folder) for renderer in data.renderers]

    def __len__(self) -> int:
        return REFERENCE_IMAGES

    def __getitem__(self, row: int) -> torch.Tensor:
        image = to_pil_image(self.split.source[row])
        for column, step in enumerate(self.steps, start=1):
            image = step(image, int(self.split.attributes[row, column]))
        return to_tensor(image.convert("RGB"))

    def _step(self, renderer: Renderer, folder: Path) -> Callable[[Image.Image, int], Image.Image]:
        if isinstance(renderer, Thickness):
            return _stroked
        if isinstance(renderer, Rotation):
            return lambda image, value: image.rotate(
                renderer.angles[value], Image.Resampling.BILINEAR
            )
        assert isinstance(renderer, Fill)
        return _filler(renderer, folder / renderer.attribute.name)


def _stroked(image: Image.Image, value: int) -> Image.Image:
    fine = image.resize((2 * image.width, 2 * image.height), Image.Resampling.BILINEAR)
    fine = fine.filter(ImageFilter.MaxFilter(5) if value else ImageFilter.MinFilter(3))
    return fine.resize(image.size, Image.Resampling.BOX)


def _filler(renderer: Fill, folder: Path) -> Callable[[Image.Image, int], Image.Image]:
    """Fills by a color, or by a random piece of a texture's file."""
    if isinstance(renderer, Texture):
        folder.mkdir()
        for code, texture in enumerate(renderer.textures):
            # As large as the photographs that people cut such pieces from.
            large = to_pil_image(texture.movedim(-1, 0)).resize(
                (400, 400), Image.Resampling.NEAREST
            )
            large.save(folder / f"{code}.jpg")

    def filling(value: int, size: tuple[int, int]) -> Image.Image:
        if isinstance(renderer, Texture):
            texture = Image.open(folder / f"{value}.jpg").convert("RGB")
            texture = texture.resize((64, 64), Image.Resampling.BILINEAR)
            piece: Image.Image = RandomCrop(size)(texture)
            return piece
        assert isinstance(renderer, Color)
        tint = renderer.tints[value] + renderer.jitter * (2 * torch.rand(3) - 1)
        red, green, blue = (tint.clamp(0, 1) * 255).round().int().tolist()
        return Image.new("RGB", size, (red, green, blue))

    def fill(image: Image.Image, value: int) -> Image.Image:
        cover = image if image.mode == "L" else image.getchannel("A")
        front = filling(value, image.size)
        if renderer.place == "digit":
            front.putalpha(cover)
            return front
        front.paste(image.convert("RGB"), mask=cover)
        return front

    return fill


def images_per_second(data: ConfoundedDigits) -> tuple[float, float]:
    """Of the data module, and of the reference."""
    start = time.perf_counter()
    seen = 0
    while seen < IMAGES:
        for rows in data.split_dataloader("train"):
            seen += len(data.finish(rows)["image"])
            if seen >= IMAGES:
                break
    ours = seen / (time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as folder:
        reference = DataLoader(OneAtATime(data, Path(folder)), batch_size=128)
        start = time.perf_counter()
        count = sum(len(batch) for batch in reference)
        return ours, count / (time.perf_counter() - start)


def main() -> None:
    """Print the table, and leave the figures in ``runs/speed/rendering.json``."""
    table = Table(title=f"{IMAGES:,} images, {torch.get_num_threads()} threads")
    for column in ("family", "seconds", "images/s", "one at a time, images/s", "times"):
        table.add_column(column, justify="left" if column == "family" else "right")
    found = {}
    parser = data_parser("rendering", "Measure how fast images are rendered.")
    for family in FAMILIES:
        options = parser.parse_args(["-c", f"experiments/data/{family}.yaml"])
        data = parser.instantiate(options).data
        data.setup()
        ours, reference = images_per_second(data)
        figures = f"{IMAGES / ours:.1f}", f"{ours:,.0f}", f"{reference:,.0f}"
        table.add_row(family, *figures, f"{ours / reference:.1f}")
        found[family] = {"images_per_second": ours, "one_at_a_time": reference}
    Console().print(table)
    write_json(Path("runs/speed/rendering.json"), {"machine": this_machine(), **found})


if __name__ == "__main__":
    main()
