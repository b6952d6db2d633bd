"""Drawn faces in the layout and the file formats of CelebA: data for tests and examples.

No figure on drawn faces is a figure on CelebA.
"""

import json
from collections.abc import Iterator, Mapping
from math import prod
from mmap import mmap
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from datamodules.attributes import Batch
from datamodules.celeba import ATTRIBUTES, IMAGES, PARTITION, CelebA, find, read_celeba
from datamodules.checks import require_seed
from datamodules.process.confounded_process import draw_attributes
from datamodules.process.noise import uniform
from datamodules.rendering.drawn_face import NAMES, draw_face, draw_faces, faces_space, jpeg
from datamodules.storage.atomic_files import whole_folder
from datamodules.storage.file_split import FileSplit, TableSplit

SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}
RECIPE = "faces.json"


def write_faces(
    root: Path, count: int, strength: float | Mapping[str, float], seed: int
) -> Iterator[int]:
    """Draw a data set, whole or not at all; yields the number of each face that is drawn.

    Args:
        root: The folder to make; it must not exist.
        count: Number of faces.
        strength: r with which the other attributes of `NAMES` follow the hair colour, one number or
            one by name, see `draw_attributes`.
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
        (folder / f"{ATTRIBUTES}.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
        (folder / f"{PARTITION}.txt").write_text("\n".join(partition) + "\n", encoding="utf-8")
        told = dict(strength) if isinstance(strength, Mapping) else strength
        recipe = {"count": count, "strength": told, "seed": seed}
        (folder / RECIPE).write_text(json.dumps(recipe) + "\n", encoding="utf-8")


def _shared(*shape: int) -> Tensor:
    """Zeros, uint8, in memory that forks share; not in /dev/shm, which is small in containers."""
    return torch.frombuffer(mmap(-1, prod(shape)), dtype=torch.uint8).view(shape)


class DrawnFaces(TableSplit):
    """Faces that are drawn when they are first fetched.

    Args:
        codes: (M, 7) int64, all attributes of all faces.
        rows: (N,) int64, the rows of `codes` in the split; they are the indices of its images.
        columns: Columns of the attributes that the data module uses.
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
        # Shared by the loader's workers, which are forks, so that each face is drawn once.
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
    """Drawn faces, read as CelebA is; their process is known.

    So their true counterfactuals are known. The unconfounded test set has the faces of the
    confounded one, drawn again with independent attributes.

    Args:
        root: Folder that ``cfaug faces`` made.
        label: The attribute that classifiers predict.
        attributes: The attributes beside it.
        oracle: Draw training and validation faces again with independent attributes.
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
        dial = ("strength", "conflicting_share", "alignment", "train_size")
        if given := [name for name in dial if options.get(name) is not None]:
            msg = "drawn faces have the dependence with which they were drawn: draw others with"
            raise ValueError(f"{msg} `cfaug faces --strength`, and leave out {given}")
        try:
            self.face_seed = int(json.loads((root / RECIPE).read_text(encoding="utf-8"))["seed"])
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
        for name in ("train", "val") if self.oracle else ():
            split = self.splits[name]
            assert isinstance(split, FileSplit)
            self.splits[name] = self._first_test_set(split.rows)

    def _first_test_set(self, rows: Tensor) -> DrawnFaces:
        """The faces of these rows, drawn again with independent attributes: unconfounded."""
        count, size = len(self.codes) // 2, self.image_shape[-1]
        anew = count + rows
        return DrawnFaces(self.codes, anew, self.columns, count, self.face_seed, size)

    def counterfactual(self, batch: Batch, targets: Tensor) -> Tensor:
        """See `AttributeDataModule.counterfactual`."""
        rows = batch["index"].cpu()
        codes = self.codes[rows]
        codes[:, self.columns] = targets.cpu()
        numbers, size = rows % (len(self.codes) // 2), self.image_shape[-1]
        drawn = draw_faces(codes, numbers, self.face_seed, size)
        return drawn.to(targets.device).float() / 255
