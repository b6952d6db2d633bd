"""Drawn faces in the layout and the file formats of CelebA: data for tests and examples.

No figure on them is one on CelebA.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from mmap import mmap
from pathlib import Path
from typing import Any, Self

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from datamodules.attributes import AttributeSpace, Batch, attribute_space
from datamodules.celeba import ATTRIBUTES, IMAGES, PARTITION, CelebA, find, read_celeba
from datamodules.files import FileSplit, TableSplit
from datamodules.images import decode
from datamodules.noise import require_seed, uniform
from datamodules.process import draw_attributes
from datamodules.writing import whole_folder

NAMES = (
    "Blond_Hair",
    "Long_Hair",
    "Eyeglasses",
    "Smiling",
    "Pale_Skin",
    "Beard",
    "Bright_Background",
)
"""The label that the others follow, and the others."""

SIZE = 178, 218
"""Width and height of CelebA's images."""

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
RECIPE = "faces.json"

Color = tuple[float, float, float]


def faces_space() -> AttributeSpace:
    """All attributes of drawn faces."""
    return attribute_space(dict.fromkeys(NAMES, ("no", "yes")), label=NAMES[0])


def draw_face(codes: Sequence[int], seed: int, number: int) -> Image.Image:
    """Draw a face.

    Args:
        codes: Code of each of `NAMES`.
        seed: Seed of the noise: place, size, tints.
        number: Number of the face; the noise is a function of it and the seed.

    Returns:
        RGB of `SIZE` pixels.
    """
    noise = uniform(seed, "face", torch.tensor([number]), 16)[0].mul(2).sub(1).tolist()
    has = dict(zip(NAMES, (bool(code) for code in codes), strict=True))
    scale = 2  # drawn twice as large: smooth edges
    width, height = (scale * side for side in SIZE)
    back = (0.62, 0.78, 0.88) if has["Bright_Background"] else (0.16, 0.24, 0.22)
    hair = (0.90, 0.76, 0.40) if has["Blond_Hair"] else (0.24, 0.15, 0.10)
    skin = (0.97, 0.84, 0.76) if has["Pale_Skin"] else (0.62, 0.42, 0.30)
    shirt = (0.3 + 0.2 * noise[11], 0.3 + 0.2 * noise[12], 0.4 + 0.2 * noise[13])
    image = Image.new("RGB", (width, height), _shade(back, noise[0:3], 0.08))
    draw = ImageDraw.Draw(image)
    skin_fill, hair_fill = _shade(skin, noise[3:4] * 3, 0.03), _shade(hair, noise[4:5] * 3, 0.04)

    x, y = width * (0.5 + 0.03 * noise[5]), height * (0.50 + 0.02 * noise[6])
    a, b = width * (0.235 + 0.02 * noise[7]), height * (0.255 + 0.015 * noise[8])

    def ellipse(dx: float, dy: float, rx: float, ry: float, fill: object, **more: object) -> None:
        """At (dx, dy) from the centre of the face, in units of its half axes."""
        left, top = x + a * (dx - rx), y + b * (dy - ry)
        draw.ellipse((left, top, x + a * (dx + rx), y + b * (dy + ry)), fill, **more)  # type: ignore[arg-type]

    if has["Long_Hair"]:
        ellipse(0, 0.15, 1.45, 1.45, hair_fill)
        draw.rectangle((x - 1.45 * a, y, x + 1.45 * a, y + 1.75 * b), hair_fill)
    draw.rectangle((x - 0.42 * a, y + 0.5 * b, x + 0.42 * a, y + 1.6 * b), skin_fill)
    ellipse(0, 2.1, 1.9, 0.85, _shade(shirt, [0, 0, 0], 0))
    ellipse(0, -0.12, 1.14, 1.16, hair_fill)
    ellipse(0, 0.08, 1, 1, skin_fill)
    fringe = -0.62 + 0.06 * noise[9]
    draw.chord(
        (x - 1.02 * a, y - 1.12 * b, x + 1.02 * a, y + (2 * fringe + 1.12) * b), 180, 360, hair_fill
    )
    if has["Beard"]:
        beard = _shade(hair, noise[4:5] * 3, 0.04, 0.75)
        draw.chord((x - 0.94 * a, y - 0.72 * b, x + 0.94 * a, y + 1.1 * b), 25, 155, beard)
    apart = 0.42 + 0.03 * noise[10]
    for side in (-1, 1):
        ellipse(side * apart, -0.05, 0.17, 0.085, (250, 250, 250))
        ellipse(side * apart, -0.05, 0.08, 0.08, _shade((0.2, 0.25, 0.25), noise[14:15] * 3, 0.15))
        left = x + a * (side * apart - 0.2)
        brow = y - 0.24 * b
        draw.line(
            (left, brow, left + 0.4 * a, brow), _shade(hair, [0] * 3, 0, 0.7), round(0.05 * b)
        )
    draw.line((x, y + 0.05 * b, x - 0.06 * a, y + 0.3 * b), _shade(skin, [0] * 3, 0, 0.75), 4)
    mouth, lips = y + 0.52 * b, (178, 60, 66)
    if has["Smiling"]:
        box = (x - 0.4 * a, mouth - 0.25 * b, x + 0.4 * a, mouth + 0.14 * b)
        draw.chord(box, 15, 165, (252, 250, 245), lips, 5)
    else:
        draw.line((x - 0.28 * a, mouth, x + 0.28 * a, mouth), lips, round(0.055 * b))
    if has["Eyeglasses"]:
        for side in (-1, 1):
            ellipse(side * apart, -0.04, 0.32, 0.2, None, outline=(20, 20, 25), width=6)
        draw.line((x - 0.12 * a, y - 0.04 * b, x + 0.12 * a, y - 0.04 * b), (20, 20, 25), 6)
    return image.resize(SIZE, Image.Resampling.BOX)


def _shade(
    color: Color, noise: Sequence[float], amount: float, darker: float = 1.0
) -> tuple[int, int, int]:
    red, green, blue = (
        round(255 * min(1.0, max(0.0, darker * (part + amount * n))))
        for part, n in zip(color, noise, strict=True)
    )
    return red, green, blue


def jpeg(image: Image.Image) -> bytes:
    """The file of an image."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def write_faces(
    root: Path, count: int, strength: float | Mapping[str, float], seed: int
) -> Iterator[int]:
    """Draw a data set, whole or not at all; yields the number of each face that is drawn.

    Args:
        root: A folder that is to be made.
        count: Number of faces.
        strength: r with which the others of `NAMES` follow the hair, one for all or by name, see
            `draw_attributes`.
        seed: Seed of everything.

    Raises:
        ValueError: If the folder exists or cannot be written, or a strength or the seed is wrong.
    """
    require_seed("seed", seed)
    space = faces_space()
    index = torch.arange(count)
    labels = (uniform(seed, "faces/label", index, 1)[:, 0] < 0.5).long()
    table = draw_attributes(labels, space, strength, seed, "faces")
    ends = [round(count * share) for share in (SHARES["train"], SHARES["train"] + SHARES["val"])]
    parts = (index[:, None] >= torch.tensor(ends)).sum(1)
    with whole_folder(root) as folder:
        (folder / IMAGES).mkdir()
        rows = [f"{count}", " ".join(NAMES)]
        for number, codes in enumerate(table.tolist()):
            name = f"{number + 1:06}.jpg"
            (folder / IMAGES / name).write_bytes(jpeg(draw_face(codes, seed, number)))
            rows.append(" ".join([name, *(f"{2 * code - 1:2}" for code in codes)]))
            yield number
        partition = [f"{n + 1:06}.jpg {part}" for n, part in enumerate(parts.tolist())]
        (folder / f"{ATTRIBUTES}.txt").write_text("\n".join(rows) + "\n")
        (folder / f"{PARTITION}.txt").write_text("\n".join(partition) + "\n")
        told = dict(strength) if isinstance(strength, Mapping) else strength
        recipe = {"count": count, "strength": told, "seed": seed}
        (folder / RECIPE).write_text(json.dumps(recipe) + "\n")


def draw_faces(codes: Tensor, numbers: Tensor, seed: int, size: int) -> Tensor:
    """Faces as they come out of their files.

    Args:
        codes: (B, 7) int64.
        numbers: (B,) int64 numbers of the faces.
        seed: Seed of the noise.
        size: Side that images are scaled to.

    Returns:
        (B, 3, size, size) uint8.
    """
    faces = zip(codes.tolist(), numbers.tolist(), strict=True)
    images = (jpeg(draw_face(codes_, seed, number)) for codes_, number in faces)
    return torch.stack([decode(image, "", size, 10**6) for image in images])


def _shared(*shape: int) -> Tensor:
    """Zeros, uint8, that forks share; not in /dev/shm, which is small in containers."""
    return torch.frombuffer(mmap(-1, prod(shape)), dtype=torch.uint8).view(shape)


class DrawnFaces(TableSplit):
    """Faces that are drawn when they are first fetched.

    Args:
        codes: (M, 7) int64, all attributes of all faces.
        rows: (N,) int64, the rows of `codes` that the split has; they number its images.
        columns: Columns of the attributes that are told.
        count: Number of faces; the noise of row i is that of face ``i mod count``.
        seed: Seed of the noise.
        size: Side that images are scaled to.
    """

    def __init__(
        self, codes: Tensor, rows: Tensor, columns: list[int], count: int, seed: int, size: int
    ) -> None:
        super().__init__(codes[:, columns], rows)
        self.codes = codes[rows]
        self.numbers, self.seed = rows % count, seed
        # Shared by the loader's workers, which are forks: drawing takes time.
        self.source = _shared(len(rows), 3, size, size)
        self.is_drawn = _shared(len(rows)).view(torch.bool)

    def pictures(self, position: Tensor) -> Tensor:
        """See `Split.pictures`; (B, 3, size, size)."""
        new = position[~self.is_drawn[position]]
        if len(new):
            size = self.source.shape[-1]
            self.source[new] = draw_faces(self.codes[new], self.numbers[new], self.seed, size)
            self.is_drawn[new] = True
        return super().pictures(position)


class Faces(CelebA):
    """Drawn faces, read as CelebA is, whose process is known.

    So their true counterfactuals are known, and the unconfounded test set has the faces of the
    other one, drawn anew with independent attributes.

    Args:
        root: Folder that ``cfaug faces`` made.
        label: The attribute that classifiers predict.
        attributes: The attributes beside it.
        oracle: Draw training and validation faces anew with independent attributes.
        options: Those of `CelebA`.

    Raises:
        ValueError: If the folder does not hold drawn faces.
    """

    true_counterfactuals = True

    def __init__(
        self,
        root: Path = Path("data/faces"),
        label: str = "Blond_Hair",
        attributes: tuple[str, ...] = ("Eyeglasses", "Smiling", "Beard"),
        oracle: bool = False,
        **options: Any,
    ) -> None:
        root = Path(root)
        try:
            self.face_seed = int(json.loads((root / RECIPE).read_text())["seed"])
            require_seed("its seed", self.face_seed)
        except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
            msg = (
                f"there are no drawn faces in {root}, its {RECIPE} cannot be read ({error}); draw "
                f"some: cfaug faces {root}"
            )
            raise ValueError(msg) from error
        super().__init__(root, label, attributes, **options)
        self.oracle = oracle
        told = read_celeba(find(root, ATTRIBUTES), find(root, PARTITION), NAMES).attributes
        free = draw_attributes(told[:, 0], faces_space(), 0.0, self.seed, "faces/independent")
        self.codes = torch.cat([told, free])
        self.columns = [NAMES.index(name) for name in self.attribute_space.names]

    def setup(self, stage: str | None = None) -> None:
        """See `CelebA.setup`."""
        if self.splits:
            return
        super().setup(stage)
        anew = {
            "test": "test_confounded",
            **({"train": "train", "val": "val"} if self.oracle else {}),
        }
        for name, of in anew.items():
            split = self.splits[of]
            assert isinstance(split, FileSplit)
            self.splits[name] = self._drawn(len(self.codes) // 2 + split.rows)

    def _drawn(self, rows: Tensor) -> DrawnFaces:
        count, size = len(self.codes) // 2, self.image_shape[-1]
        return DrawnFaces(self.codes, rows, self.columns, count, self.face_seed, size)

    def counterfactual(self, batch: Batch, targets: Tensor) -> Tensor:
        """See `AttributeDataModule.counterfactual`."""
        rows = batch["index"].cpu()
        codes = self.codes[rows]
        codes[:, self.columns] = targets.cpu()
        numbers, size = rows % (len(self.codes) // 2), self.image_shape[-1]
        drawn = draw_faces(codes, numbers, self.face_seed, size)
        return drawn.to(targets.device).float() / 255

    def unconfounded(self) -> Self:
        """See `AttributeDataModule.unconfounded`: the process is known and drawn without it."""
        data = self.sampled("natural")
        data.oracle, data.splits = True, {}
        data.setup()
        return data
