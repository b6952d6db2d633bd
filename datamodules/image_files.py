"""Data whose images lie in files: decoded as they are fetched, split by combination of values."""

from typing import Any, Self

import torch
from torch import Tensor

from datamodules.attributes import MOST_GROUPS
from datamodules.base import AttributeDataModule
from datamodules.checks import require_at_least
from datamodules.notices import tell
from datamodules.process.dial import Dial
from datamodules.process.noise import run_seed
from datamodules.process.resampled_set import measure_resampled
from datamodules.process.sampling import resampled_rows
from datamodules.process.split_drawing import draw_splits
from datamodules.process.split_notices import FEWEST_WORTH, tell_lacking, tell_weak
from datamodules.process.splits import UNCONFOUNDED, Split, name_test_sets
from datamodules.rendering.augmentation import jiggle, mirror
from datamodules.storage.file_matching import match_files
from datamodules.storage.file_split import FileSplit
from datamodules.storage.image_decoding import Square, largest_of_16_bits
from datamodules.storage.image_error import ImageError
from datamodules.storage.image_store import ImageStore
from datamodules.storage.tables.attribute_tables import ImageTable
from datamodules.storage.tables.value_counts import require_values

LOOKS = 16
"""Images that are looked at, evenly over the table, for whether they are all dark."""

DARK_BITS = 14
"""Images of 16 bits that use so few are told, for they fill the lowest quarter of the range."""


class ImageFiles(AttributeDataModule):
    """Images in files, with attributes, whose process nobody knows.

    There are then no true counterfactuals. Without a ``strength`` there is no oracle and no
    unconfounded test set either. The confounded test set is the test split as it is. The
    *resampled* one is drawn from it so that attributes are as independent as the existing
    combinations allow; it repeats images of rare combinations.

    With a ``strength`` images are taken from each split so that the other attributes depend on the
    label as wanted, each image at most once, see `Dial`. The unconfounded test set has as many test
    images as can be of which no attribute says anything about the label.

    Args:
        store: Where the files lie.
        rows: Files and attributes.
        shares: Shares of the images for val and test, where ``rows`` have no splits; they are then
            drawn, see `draw_splits`.
        size: Side that images are scaled to, once they are squares.
        square: ``crop`` cuts the largest central square out, ``pad`` puts black beside the image.
        strength: r of the dependence of the other attributes on the label, 0 (none) to 1 (total),
            for all or by name; None leaves the images as they are.
        conflicting_share: Share ε of images whose attribute is not the one that goes with the
            label, for all attributes alike; takes the place of ``strength``.
        alignment: For some attributes, by name, the values that go with the values of the label, in
            the order of these; the others take the label's place among their values, from the start
            again where these are fewer.
        oracle: Take training and validation images without the dependence, as many as with it.
        train_size: Training images to take; None for as many as can be had both with and without
            the dependence, all labels alike. Fix it to compare strengths.
        max_pixels: Most pixels of an image; larger ones are refused, lest a small file fill the
            memory.
        flip: Augmentation, mirror half of the images.
        rotation: Augmentation, largest rotation in degrees.
        shift: Augmentation, largest shift as a share of the side.
        scale: Augmentation, largest relative change of size.
        num_workers: Loader processes, which decode.
        options: Those of `AttributeDataModule`; ``seed`` is also that of the splits, of the images
            that a strength takes, and of the resampled test set.

    Raises:
        ValueError: If an argument is out of range.
    """

    true_counterfactuals = False
    left_over: dict[str, Tensor]
    """Images of each combination of values, (G,) int64 for each split, that are not taken because
    of a strength; empty where all are."""

    def __init__(
        self,
        store: ImageStore,
        rows: ImageTable,
        shares: dict[str, float],
        size: int = 64,
        square: Square = "crop",
        strength: float | dict[str, float] | None = None,
        conflicting_share: float | None = None,
        alignment: dict[str, list[str | int]] | None = None,
        oracle: bool = False,
        train_size: int | None = None,
        max_pixels: int = 50_000_000,
        flip: bool = False,
        rotation: float = 4.0,
        shift: float = 0.03,
        scale: float = 0.05,
        num_workers: int = 2,
        **options: Any,
    ) -> None:
        super().__init__(num_workers=num_workers, **options)
        require_at_least(4, size=size)
        require_at_least(1, max_pixels=max_pixels)
        require_at_least(0, rotation=rotation, shift=shift, scale=scale)
        if rows.space.num_groups > MOST_GROUPS:
            msg = (
                f"{len(rows.space.names)} attributes have {rows.space.num_groups:.1e} combinations "
                "of values, too many to learn from; choose a few with attributes"
            )
            raise ValueError(msg)
        self.dial = None
        if strength is not None and conflicting_share is not None:
            msg = f"strength is {strength} and conflicting_share {conflicting_share}; set one of "
            raise ValueError(f"{msg}them, and the other to null")
        if strength is not None or conflicting_share is not None:
            self.dial = Dial(
                rows.space,
                0.0 if strength is None else strength,
                alignment or {},
                conflicting_share,
            )
        elif alignment or oracle or train_size is not None:
            msg = (
                "alignment, oracle and train_size are for images taken by a strength; set strength"
            )
            raise ValueError(msg)
        require_at_least(1, train_size=1 if train_size is None else train_size)
        self.store, self.rows, self.shares = store, rows, shares
        self.oracle, self.train_size, self.left_over = oracle, train_size, {}
        self.attribute_space = rows.space
        self.image_shape = (3, size, size)
        self.max_pixels, self.square = max_pixels, square
        self.flip, self.rotation, self.shift, self.scale = flip, rotation, shift, scale

    def setup(self, stage: str | None = None) -> None:
        """Match table and files, and split them; the same at every call.

        Raises:
            ValueError: If rows have no image, a split has none, too few are there for the strength,
                or an attribute has one value in training.
        """
        if self.splits:
            return
        match_files(self.rows.files, self.store, self.rows.dropped)
        parts = self._parts()
        splits: dict[str, Split] = {
            split: self._taken(split, rows, oracle=self.oracle) for split, rows in parts.items()
        }
        tables = {split: images.attributes for split, images in splits.items()}
        if self.dial is not None:
            self._count_taken(parts, tables)
        chosen = self.dial is not None
        require_values(self.rows, tables, str(self.store.path), chosen=chosen)
        tell_lacking(tables, self.attribute_space, str(self.store.path))
        self._tell_if_dark()
        tested = parts[self.test_on]
        splits["test_confounded"] = self._taken(self.test_on, tested, oracle=False)
        splits["test"] = self._first_test_set(tested)
        # At the end: where an error was raised, the next call raises it again.
        self.splits = splits

    def _parts(self) -> dict[str, Tensor]:
        """The rows that are for training, validation and testing."""
        if self.rows.splits is None:
            table, clusters = self.rows.attributes, self.rows.clusters
            names = draw_splits(table, self.attribute_space, self.shares, self.seed, clusters)
        else:
            names = self.rows.splits
        parts = {}
        for split in ("train", "val", "test"):
            rows = torch.tensor([row for row, name in enumerate(names) if name == split]).long()
            if not len(rows):
                msg = f"none of the {len(names):,} images of {self.store.path} is for {split}"
                todo = "or a column of splits" if self.rows.splits is None else "or change splits"
                raise ValueError(f"{msg}; add images, {todo}")
            parts[split] = rows
        return parts

    def _taken(self, split: str, rows: Tensor, *, oracle: bool) -> FileSplit:
        """Those of the rows of a split that have the dependence of the dial, or all."""
        if self.dial is None:
            return self._split(rows)
        size = self.train_size if split == "train" else None
        try:
            taken = self.dial.dependent(
                self.rows.attributes[rows], self.seed, split, size, oracle=oracle
            )
        except ValueError as error:
            msg = f"of the {split} images of {self.store.path} {error}"
            raise ValueError(msg) from error
        return self._split(rows[taken])

    def _count_taken(self, parts: dict[str, Tensor], tables: dict[str, Tensor]) -> None:
        """Tell how many images are taken, and keep what is left over."""
        space, told = self.attribute_space, []
        for split, rows in parts.items():
            there, taken = self.rows.attributes[rows], tables[split]
            counts = [space.groups(t).bincount(minlength=space.num_groups) for t in (there, taken)]
            self.left_over[split] = counts[0] - counts[1]
            told.append(f"{len(taken):,} of {len(there):,} for {split}")
        tell(f"images of {self.store.path} that are taken: {', '.join(told)}")

    def _first_test_set(self, rows: Tensor) -> Split:
        """The first of `test_sets`, made of these rows: unconfounded by a choice, or resampled."""
        table, space = self.rows.attributes[rows], self.attribute_space
        if self.dial is not None:
            free = self._split(rows[self.dial.independent(table, self.seed, self.test_on)])
            if len(free) < FEWEST_WORTH:
                told = f"the unconfounded test set of {self.store.path} has {len(free):,} images: "
                tell(f"{told}its figures are weak; add {self.test_on} images of what is rare")
            return free
        drawn = self._split(rows[resampled_rows(table, space, self.seed)])
        tell_weak(measure_resampled(drawn, space), space, str(self.store.path), self.test_on)
        return drawn

    @property
    def test_sets(self) -> tuple[str, str]:
        """See `AttributeDataModule.test_sets`."""
        return name_test_sets(is_redrawn=self.true_counterfactuals or self.dial is not None)

    def unconfounded(self) -> Self | None:
        """See `AttributeDataModule.unconfounded`: the images of the oracle, where there is one."""
        if self.test_sets[0] != UNCONFOUNDED:
            return None
        data = self.sampled("natural")
        # As many as there are: train_size may be more than can be had without the dependence.
        data.oracle, data.train_size, data.splits, data.left_over = True, None, {}, {}
        data.setup()
        return data

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
        how = self.image_shape[-1], self.max_pixels, self.square
        return FileSplit(self.store, self.rows, rows, *how)

    def render(self, source: Tensor, attributes: Tensor, index: Tensor) -> Tensor:
        """The images as they are, whatever their attributes."""
        return source.float() / 255

    def augment(self, images: Tensor, draw: Tensor) -> Tensor:
        """Mirror, rotate, shift and scale a little, see `jiggle`."""
        if self.flip:
            images = mirror(images, draw, run_seed())
        return jiggle(images, draw, run_seed(), self.rotation, self.shift, self.scale)
