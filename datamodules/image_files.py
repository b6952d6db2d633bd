"""Data whose images lie in files: decoded as they are fetched, split by combination of values."""

from pathlib import Path

import torch
from torch import Tensor

from datamodules.attributes import MOST_GROUPS
from datamodules.base import AttributeDataModule
from datamodules.checks import require_at_least
from datamodules.notices import some_of, tell
from datamodules.process.noise import run_seed, uniform
from datamodules.process.resampled_set import measure_resampled
from datamodules.process.sampling import Sampling, resampled_rows
from datamodules.process.split_drawing import draw_splits
from datamodules.process.split_notices import tell_lacking, tell_weak
from datamodules.process.splits import Split, TestOn
from datamodules.rendering.augmentation import jiggle
from datamodules.storage.attribute_tables import NO_CATEGORY, ImageTable, is_mostly_rare
from datamodules.storage.file_matching import match_files
from datamodules.storage.file_split import FileSplit
from datamodules.storage.image_decoding import largest_of_16_bits
from datamodules.storage.image_error import ImageError
from datamodules.storage.image_store import ImageStore

LOOKS = 16
"""Images that are looked at, evenly over the table, for whether they are all dark."""

DARK_BITS = 14
"""Images of 16 bits that use so few are told, for they fill the lowest quarter of the range."""


class ImageFiles(AttributeDataModule):
    """Images in files, with attributes, whose process nobody knows.

    There are then no true counterfactuals, no oracle and no unconfounded test set. The confounded
    test set is the test split as it is. The *resampled* one is drawn from it so that attributes are
    as independent as the existing combinations allow; it repeats images of rare combinations.

    Args:
        store: Where the files lie.
        rows: Files and attributes.
        shares: Shares of the images for val and test, where ``rows`` have no splits; they are then
            drawn, see `draw_splits`.
        size: Side that images are scaled to, after the largest central square is cut out.
        max_pixels: Most pixels of an image; larger ones are refused, lest a small file fill the
            memory.
        flip: Augmentation, mirror half of the images.
        rotation: Augmentation, largest rotation in degrees.
        shift: Augmentation, largest shift as a share of the side.
        scale: Augmentation, largest relative change of size.
        batch_size: Images of a batch, those of all devices together.
        num_workers: Loader processes, which decode.
        sampling: How training images are drawn, see `AttributeDataModule`.
        weight_cap: Largest deconfounding weight.
        epoch_size: Images an epoch draws; None for the number of training images.
        seed: Seed of the splits, and of the resampled test set.
        counterfactuals: Folder of counterfactuals on disk, see `AttributeDataModule`.
        test_on: ``val`` makes both test sets of validation images, see `AttributeDataModule`.

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
        test_on: TestOn = "test",
    ) -> None:
        super().__init__(
            batch_size,
            num_workers,
            sampling,
            weight_cap,
            epoch_size,
            seed,
            counterfactuals,
            test_on,
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
            clusters = self.rows.clusters
            names = draw_splits(table, self.attribute_space, self.shares, self.seed, clusters)
        else:
            names = self.rows.splits
        chosen = {}
        for split in ("train", "val", "test"):
            rows = torch.tensor([row for row, name in enumerate(names) if name == split]).long()
            if not len(rows):
                msg = f"none of the {len(names):,} images of {self.store.path} is for {split}"
                todo = "or a column of splits" if self.rows.splits is None else "or change splits"
                raise ValueError(f"{msg}; add images, {todo}")
            self.splits[split], chosen[split] = self._split(rows), rows
        self._require_values()
        tables = {split: images.attributes for split, images in self.splits.items()}
        tell_lacking(tables, self.attribute_space, str(self.store.path))
        self._tell_if_dark()
        self.splits["test_confounded"] = self.splits[self.test_on]
        self.splits["test"] = self._first_test_set(chosen[self.test_on])

    def _first_test_set(self, rows: Tensor) -> Split:
        """The first of `test_sets`, made of these rows: resampled."""
        table, space = self.rows.attributes[rows], self.attribute_space
        drawn = self._split(rows[resampled_rows(table, space, self.seed)])
        tell_weak(measure_resampled(drawn, space), space, str(self.store.path), self.test_on)
        return drawn

    def _require_values(self) -> None:
        for column, attribute in enumerate(self.attribute_space.attributes):
            size = len(attribute.values)
            counts = {
                split: self.splits[split].attributes[:, column].bincount(minlength=size).tolist()
                for split in ("train", "val", "test")
            }
            self._require_training(column, counts["train"])
            for split in ("val", "test"):
                pairs = zip(attribute.values, counts["train"], counts[split], strict=True)
                if lacking := [f"'{value}' ({train:,})" for value, train, n in pairs if not n]:
                    tell(
                        f"no {split} image of {self.store.path} has the value {some_of(lacking)} "
                        f"of attribute '{attribute.name}' (in brackets its training images): "
                        f"figures of {split} say nothing of it"
                    )

    def _require_training(self, column: int, counts: list[int]) -> None:
        """Check that all values of an attribute have training images, given how many."""
        attribute = self.attribute_space.attributes[column]
        absent = [code for code, count in enumerate(counts) if not count]
        if len(absent) == len(counts) - 1:
            is_label = attribute.name == self.attribute_space.label
            value = attribute.values[counts.index(sum(counts))]
            msg = (
                f"all {sum(counts):,} training images of {self.store.path} have the same value "
                f"of attribute '{attribute.name}', '{value}'; it needs at least 2: with one value "
                "there is nothing to "
                f"{'learn, choose another label' if is_label else 'edit, leave it out'}"
            )
            raise ValueError(msg)
        if absent:
            codes = self.rows.attributes[:, column]
            rows = torch.isin(codes, torch.tensor(absent)).nonzero()[:, 0].tolist()
            todo = "move some to training" if self.rows.splits else "correct it or add some"
            if is_mostly_rare(codes.bincount()):
                todo = f"most of its {len(counts)} values are that rare: {NO_CATEGORY}"
            msg = (
                f"no training image of {self.store.path} has the value "
                f"{some_of([repr(attribute.values[code]) for code in absent])} of attribute "
                f"'{attribute.name}', so that it cannot be learnt; {len(rows):,} of "
                f"{len(codes):,} images have it ({some_of([self.rows.files[r] for r in rows])}); "
                f"{todo}, or leave out its rows"
            )
            raise ValueError(msg)

    def _tell_if_dark(self) -> None:
        """Say where images of 16 bits use few of them, for cameras and scanners may fill 12."""
        files = [row for row in self.rows.files if row.lower().endswith((".png", ".tif", ".tiff"))]
        largest: list[int] = []
        for name in files[:: -(-len(files) // LOOKS) or 1]:
            try:
                value = largest_of_16_bits(self.store.read(name), self.max_pixels)
            except ImageError:  # whoever fetches it will say what is wrong
                continue
            largest += [] if value is None else [value]
        bits = max(largest, default=2**16).bit_length()
        if 0 < bits <= DARK_BITS:
            tell(
                f"images of {self.store.path} come out dark: they have 16 bits, and the largest "
                f"value of {len(largest)} of them is {max(largest):,} of 65,535; if they hold "
                f"{bits} bits, save their values multiplied by {2 ** (16 - bits)}"
            )

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
