"""Data whose images lie in files: decoded as they are fetched, split by group."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from unicodedata import normalize

import numpy as np
import torch
from torch import Tensor

from datamodules.attributes import MOST_GROUPS
from datamodules.augmentation import jiggle
from datamodules.base import AttributeDataModule, require_at_least
from datamodules.errors import some_of, tell
from datamodules.images import ENDINGS, ImageStore, decode
from datamodules.noise import run_seed, uniform
from datamodules.sampling import Sampling, independent_rows
from datamodules.splits import Split, sha256_of
from datamodules.tables import ImageTable

MORE_PIXELS = "scale it down, or raise --data.init_args.max_pixels if you trust it"
"""What to do with an image of too many pixels, for messages."""


class TableSplit(Split):
    """Some rows of a table, which number its images.

    Args:
        attributes: (M, K) int64 codes of the whole table.
        rows: (N,) int64, the rows that the split has.
    """

    def __init__(self, attributes: Tensor, rows: Tensor) -> None:
        self.attributes = attributes[rows]
        self.rows = rows

    def __len__(self) -> int:
        """Number of images."""
        return len(self.rows)

    def index(self, position: Tensor) -> Tensor:
        """See `Split.index`; the row in the table."""
        return self.rows[position]

    def distinct(self) -> Tensor:
        """See `Split.distinct`."""
        return torch.from_numpy(np.unique(self.rows.numpy(), return_index=True)[1])

    def fingerprint(self) -> str:
        """See `Split.fingerprint`; of the rows and what the table says of them."""
        return sha256_of(self.attributes, self.rows)


class FileSplit(TableSplit):
    """Images of a split in files, decoded as they are fetched.

    Args:
        store: Where the files lie.
        table: Names and attributes of all files.
        rows: (N,) int64, the rows of the table that the split has.
        size: Side that images are scaled to.
        max_pixels: Most pixels that are decoded.
    """

    def __init__(
        self, store: ImageStore, table: ImageTable, rows: Tensor, size: int, max_pixels: int
    ) -> None:
        super().__init__(table.attributes, rows)
        self.store = store
        self.files = [table.files[row] for row in rows.tolist()]
        self.size = size
        self.max_pixels = max_pixels

    def fingerprint(self) -> str:
        """See `Split.fingerprint`; of the names of the files too, and `ImageStore.mark` of each.

        Raises:
            ValueError: If a name is not UTF-8.
            ImageError: If a file is gone.
        """
        marks = torch.tensor([self.store.mark(name) for name in self.files])
        try:
            names = "\n".join(self.files).encode()
        except UnicodeEncodeError as error:
            first = next(n for n in self.files if n != n.encode(errors="ignore").decode())
            msg = f"the name of the image {first!a} in {self.store.path} is not UTF-8; rename it"
            raise ValueError(msg) from error
        letters = torch.frombuffer(bytearray(names), dtype=torch.uint8)
        return sha256_of(self.attributes, self.rows, letters, marks)

    def file_names(self, position: Tensor) -> list[str]:
        """See `Split.file_names`."""
        return [self.files[row] for row in position.tolist()]

    def pictures(self, position: Tensor) -> Tensor:
        """See `Split.pictures`; (B, 3, size, size)."""
        images = []
        for name in self.file_names(position):
            where = f"{self.store.path}/{name}"
            content = self.store.read(name)
            images.append(decode(content, where, self.size, self.max_pixels, MORE_PIXELS))
        return torch.stack(images)


class ImageFiles(AttributeDataModule):
    """Images in files, with attributes, whose process nobody knows.

    There are then no true counterfactuals and no oracle. The test split as it is stands for the
    confounded test set; for the unconfounded one, its images are drawn such that attributes are
    independent, those of rare groups several times.

    Args:
        store: Where the files lie.
        rows: Files and attributes.
        shares: Shares of the images for val and test, where ``rows`` have no splits.
        size: Side that images are scaled to, after the largest central square is cut out.
        max_pixels: Most pixels of an image; larger ones are refused, lest a small file fill the
            memory.
        flip: Augmentation, mirror half of the images.
        rotation: Augmentation, largest rotation in degrees.
        shift: Augmentation, largest shift as a share of the side.
        scale: Augmentation, largest relative change of size.
        batch_size: Images per batch and device.
        num_workers: Loader processes, which decode.
        sampling: How training images are drawn, see `AttributeDataModule`.
        weight_cap: Largest deconfounding weight.
        epoch_size: Images an epoch draws; None for the number of training images.
        seed: Seed of the splits, and of the unconfounded test set.
        counterfactuals: Folder of counterfactuals on disk, see `AttributeDataModule`.

    Raises:
        ValueError: If an argument is out of range.
    """

    true_counterfactuals = False

    def __init__(
        self,
        store: ImageStore,
        rows: ImageTable,
        shares: dict[str, float],
        size: int = 64,
        max_pixels: int = 50_000_000,
        flip: bool = False,
        rotation: float = 4.0,
        shift: float = 0.03,
        scale: float = 0.05,
        batch_size: int = 128,
        num_workers: int = 2,
        sampling: Sampling = "natural",
        weight_cap: float = 10.0,
        epoch_size: int | None = None,
        seed: int = 0,
        counterfactuals: Path | None = None,
    ) -> None:
        super().__init__(
            batch_size, num_workers, sampling, weight_cap, epoch_size, seed, counterfactuals
        )
        require_at_least(4, size=size)
        require_at_least(1, max_pixels=max_pixels)
        require_at_least(0, rotation=rotation, shift=shift, scale=scale)
        if rows.space.num_groups > MOST_GROUPS:
            msg = (
                f"{len(rows.space.names)} attributes have {rows.space.num_groups:.1e} combinations "
                "of values, too many to learn from; choose a few with attributes"
            )
            raise ValueError(msg)
        self.store, self.rows, self.shares = store, rows, shares
        self.attribute_space = rows.space
        self.image_shape = (3, size, size)
        self.max_pixels = max_pixels
        self.flip, self.rotation, self.shift, self.scale = flip, rotation, shift, scale

    def setup(self, stage: str | None = None) -> None:
        """Match table and files, and split them; the same at every call.

        Raises:
            ValueError: If rows have no image, a split has none, or an attribute has one value in
                training.
        """
        if self.splits:
            return
        match_files(self.rows.files, self.store, self.rows.dropped)
        table = self.rows.attributes
        if self.rows.splits is None:
            names = draw_splits(self.attribute_space.groups(table), self.shares, self.seed)
        else:
            names = self.rows.splits
        for split in ("train", "val", "test"):
            chosen = torch.tensor([row for row, name in enumerate(names) if name == split]).long()
            if not len(chosen):
                msg = f"none of the {len(names):,} images of {self.store.path} is for {split}"
                todo = "or a column of splits" if self.rows.splits is None else "or change splits"
                raise ValueError(f"{msg}; add images, {todo}")
            self.splits[split] = self._split(chosen)
        self._require_values()
        self.splits["test_confounded"] = self.splits["test"]
        drawn = independent_rows(table[chosen], self.attribute_space, self.seed)
        self.splits["test"] = self._split(chosen[drawn])

    def _require_values(self) -> None:
        table = self.splits["train"].attributes
        for attribute, codes in zip(self.attribute_space.attributes, table.T, strict=True):
            counts = codes.bincount(minlength=len(attribute.values)).tolist()
            absent = [v for v, count in zip(attribute.values, counts, strict=True) if not count]
            if len(absent) == len(attribute.values) - 1:
                is_label = attribute.name == self.attribute_space.label
                msg = (
                    f"all {len(codes):,} training images of {self.store.path} have the same value "
                    f"of attribute '{attribute.name}', '{attribute.values[int(codes[0])]}'; it "
                    "needs at least 2: with one value there is nothing to "
                    f"{'learn, choose another label' if is_label else 'edit, leave it out'}"
                )
                raise ValueError(msg)
            if absent:
                todo = "move some to training" if self.rows.splits else "add some, for it has few"
                msg = (
                    f"no training image of {self.store.path} has the value "
                    f"{some_of([repr(value) for value in absent])} of attribute "
                    f"'{attribute.name}', so that it cannot be learnt; {todo}, or leave out its "
                    "rows"
                )
                raise ValueError(msg)

    def _split(self, rows: Tensor) -> FileSplit:
        return FileSplit(self.store, self.rows, rows, self.image_shape[-1], self.max_pixels)

    def render(self, source: Tensor, attributes: Tensor, index: Tensor) -> Tensor:
        """The images as they are, whatever their attributes."""
        return source.float() / 255

    def augment(self, images: Tensor, draw: Tensor) -> Tensor:
        """Mirror, rotate, shift and scale a little, see `jiggle`."""
        if self.flip:
            mirrored = uniform(run_seed(), "flip", draw, 1)[:, :, None, None] < 0.5
            images = torch.where(mirrored, images.flip(3), images)
        return jiggle(images, draw, run_seed(), self.rotation, self.shift, self.scale)


def match_files(files: Sequence[str], store: ImageStore, dropped: Sequence[str] = ()) -> None:
    """Check that every row has its image; images without a row are mentioned and left out.

    Args:
        files: Names of the files of the rows.
        store: The images.
        dropped: Names of files whose rows are left out on purpose.

    Raises:
        ValueError: If rows have no image; the message counts them and names the first.
    """
    there = store.names()
    known = set(there)
    absent = [name for name in files if name not in known]
    if absent:
        spelt = {_plainly(name): name for name in there}
        other = spelt.get(_plainly(absent[0]))
        if not other:  # a zip's names are without the folders that hold all of it
            parts = PurePosixPath(absent[0]).parts
            inner = (PurePosixPath(*parts[n:]).as_posix() for n in range(1, len(parts)))
            other = next((name for name in inner if name in known), None)
        hint = f"; there is '{other}'" if other else ""
        if absent[0] in store.files():
            hint = f"; its format is not read, convert it to one of {', '.join(sorted(ENDINGS))}"
        elif whole := next((n for n in there if n.rpartition(".")[0] == absent[0]), None):
            hint = f"; there is '{whole}', name files with their endings"
        if other and normalize("NFC", other) == normalize("NFC", absent[0]):
            hint += ", of the same letters in another Unicode form (NFC or NFD)"
        msg = (
            f"{len(absent):,} of {len(files):,} rows have no image in {store.path}: "
            f"{some_of(absent)}{hint}"
        )
        raise ValueError(msg)
    if rest := sorted(known - {*files, *dropped}):
        tell(f"{len(rest):,} images in {store.path} have no row and are left out: {some_of(rest)}")


def _plainly(name: str) -> str:
    """A name without what tells spellings of it apart: case, Unicode form, slashes, ``./``."""
    return PurePosixPath(normalize("NFC", name).lower().replace("\\", "/")).as_posix()


def draw_splits(groups: Tensor, shares: dict[str, float], seed: int) -> list[str]:
    """Deal the images out to the splits, and with them those of each group.

    Each split gets its share to within one image, and of each group to within two.

    Args:
        groups: (N,) number of the group of each image.
        shares: Shares of splits; the rest is for training.
        seed: Seed of the deal.

    Returns:
        The split of each image.
    """
    noise = uniform(seed, "splits", torch.arange(len(groups)), 1)[:, 0].double()
    order = torch.argsort(groups + noise)  # by group, within it at random
    wanted = {"train": 1 - sum(shares.values()), **shares}
    given = dict.fromkeys(wanted, 0)
    names = ["train"] * len(groups)
    for dealt, row in enumerate(order.tolist(), start=1):
        names[row] = max(wanted, key=lambda split: wanted[split] * dealt - given[split])
        given[names[row]] += 1
    return names
