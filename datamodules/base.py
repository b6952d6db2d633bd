"""The DataModule that all data sets share: splits, loaders, sampling, rendering on the device."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from pathlib import Path
from typing import Any, Self, cast

import torch
from lightning.pytorch import LightningDataModule
from lightning.pytorch.overrides.distributed import UnrepeatedDistributedSampler
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.attributes import AttributeSpace, Batch
from datamodules.checks import require_above, require_at_least, require_seed
from datamodules.counterfactuals import Fingerprint, PairedSplit, fingerprint_of
from datamodules.process.devices import share_of_batch
from datamodules.process.noise import run_seed
from datamodules.process.position import Draws, draws_of
from datamodules.process.sampling import (
    EARLY_CAP,
    DrawSampler,
    Sampling,
    effective_sample_size,
    emphasised,
    sampling_weights,
)
from datamodules.process.splits import TEST_SPLITS, Rows, Split, TestOn, name_test_sets
from datamodules.storage.shards import read_counterfactuals


def _as_fetched(rows: Any) -> Any:
    return rows


class AttributeDataModule(LightningDataModule, ABC):
    """Images with named attributes.

    A data set sets `attribute_space` and `image_shape` in its ``__init__``, fills `splits` in
    `setup` (train, val, test and test_confounded; `test_sets` has what figures call the last two)
    and draws images in `render`.

    Args:
        batch_size: Images of a batch, those of all devices together; each device gets the same
            number of them. So the number of devices changes neither the updates nor the epochs.
        num_workers: Loader processes; 0 loads in the main process and is fast for data in memory.
        sampling: How training images are drawn: ``natural``, every image once before any comes
            again; ``class_balanced`` or ``balanced``, every label or every combination of values
            alike; ``deconfounded``, partly deconfounded, see `sampling_weights`.
        weight_cap: Largest deconfounding weight; in independent data every weight is 1. The higher,
            the closer to independence, and the fewer different images a batch holds: uncapped, a
            few rare ones would fill it. For the first `EARLY_DRAWS` images of a run it is
            `EARLY_CAP` times as high: what goes with what is hard to unlearn, and so early no image
            is learnt by heart.
        epoch_size: Images an epoch draws, less what would not fill a batch; None for the number of
            training images. Drawn naturally, images that are left over come first in the next.
        min_epoch_size: The least that an epoch draws if `epoch_size` is None: few images come
            several times in an epoch, so that a few epochs are enough updates.
        seed: Seed of attributes and noise: of what the images are. In which order they come and how
            they are augmented follows the seed of the run.
        counterfactuals: Folder that ``cfaug augment`` wrote for these data; each training image
            then comes with one of its counterfactuals, augmented as it is.
        test_on: The images that both test sets are made of. ``val`` is for comparing candidates:
            who chooses by test images can no longer tell how good the choice is.

    Raises:
        ValueError: If an argument is out of range.
    """

    attribute_space: AttributeSpace
    image_shape: tuple[int, int, int]
    true_counterfactuals = True
    """Whether `AttributeDataModule.counterfactual` knows them, as of rendered images."""
    emphasis: Tensor | None = None
    """(N,) factors of the weights of training images, above 0; set before training, or None."""

    def __init__(
        self,
        batch_size: int = 128,
        num_workers: int = 0,
        sampling: Sampling = "natural",
        weight_cap: float = 10.0,
        epoch_size: int | None = None,
        min_epoch_size: int = 1,
        seed: int = 0,
        counterfactuals: Path | None = None,
        test_on: TestOn = "test",
    ) -> None:
        super().__init__()
        require_at_least(1, batch_size=batch_size, min_epoch_size=min_epoch_size)
        require_at_least(0, num_workers=num_workers)
        if epoch_size is not None:
            require_at_least(1, epoch_size=epoch_size)
        require_seed("seed", seed)
        require_above(0, weight_cap=weight_cap)
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.sampling: Sampling = sampling
        self.weight_cap = weight_cap
        self.epoch_size = epoch_size
        self.min_epoch_size = min_epoch_size
        self.seed = seed
        self.counterfactuals = counterfactuals
        self.test_on: TestOn = test_on
        self.splits: dict[str, Split] = {}
        self.position: dict[str, int] = {}

    @property
    def test_sets(self) -> tuple[str, str]:
        """What figures call the two test sets, see `name_test_sets`."""
        return name_test_sets(is_redrawn=self.true_counterfactuals)

    @abstractmethod
    def setup(self, stage: str | None = None) -> None:
        """Fill `splits`; the same at every call."""

    @abstractmethod
    def render(self, source: Tensor, attributes: Tensor, index: Tensor) -> Tensor:
        """Draw images.

        Args:
            source: (B, C, H, W) uint8 from a split.
            attributes: (B, K) int64 codes to draw.
            index: (B,) int64 rows in the split; noise is a function of the row.

        Returns:
            (B, 3, H, W) float32 in [0, 1].
        """

    def state_dict(self) -> dict[str, int]:
        """Where training is, see `Draws`."""
        if self.trainer is None or "train" not in self.splits:
            return {}
        epoch, loop = self.trainer.current_epoch, self.trainer.fit_loop.epoch_loop
        # Not those that are completed: the last may have made its update, and hooks be running.
        batches: int = cast("Any", loop.batch_progress.current).processed
        if batches >= self.trainer.num_training_batches:
            epoch, batches = epoch + 1, 0
        return self._draws.position(epoch, batches)

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Go on where training was."""
        self.position = state_dict

    @property
    def _draws(self) -> Draws:
        images = len(self.splits["train"])
        epoch = self.epoch_size or max(images, self.min_epoch_size)
        return draws_of(images, epoch, self.batch_size, self._device[1], run_seed(), self.seed)

    def augment(self, images: Tensor, draw: Tensor) -> Tensor:
        """Change training images without changing an attribute; `draw` seeds the change."""
        return images

    def counterfactual(self, batch: Batch, targets: Tensor) -> Tensor:
        """The true counterfactual of rendered images: same source, same noise, other values.

        Args:
            batch: A batch of this data module that was not augmented.
            targets: (B, K) int64 codes to draw.

        Returns:
            (B, 3, H, W) float32 in [0, 1].
        """
        return self.render(batch["source"], targets, batch["index"])

    def sampled(self, sampling: Sampling) -> Self:
        """The same data with another sampling of the training images, without counterfactuals."""
        data = copy(self)
        data.sampling = sampling
        data.trainer = data.counterfactuals = data.emphasis = None
        return data

    def unconfounded(self) -> Self | None:
        """A redraw of the data without confounding; None where their process is not known."""
        return None

    @property
    def train_weights(self) -> Tensor | None:
        """Weights (N,) of the training images, None for natural sampling."""
        return self._train_weights(self.weight_cap)

    def _train_weights(self, cap: float) -> Tensor | None:
        attributes = self.splits["train"].attributes
        weights = sampling_weights(attributes, self.attribute_space, self.sampling, cap)
        return emphasised(weights, self.emphasis)

    @property
    def effective_train_size(self) -> float:
        """Kish's effective number of training images under the sampling weights."""
        weights = self.train_weights
        return len(self.splits["train"]) if weights is None else effective_sample_size(weights)

    def train_dataloader(self) -> DataLoader[Rows]:
        """Loader of the training split, drawn by the sampling weights.

        Raises:
            ValueError: If an epoch does not fill a batch, or devices cannot share one evenly, or
                there are no counterfactuals of these images where some are wanted, or the run to go
                on with drew them otherwise.
        """
        split, how, (rank, replicas) = self.splits["train"], self._draws, self._device
        if self.counterfactuals is not None:
            made = read_counterfactuals(Path(self.counterfactuals))
            split = PairedSplit(split, made, self.attribute_space, self.fingerprint())
        epoch, done = how.resume_at(self.position)
        sampler = DrawSampler(
            split,
            how.epoch,
            how.seed,
            self.train_weights,
            rank,
            replicas,
            resume_at=(epoch, done // replicas),
            early_weights=self._train_weights(EARLY_CAP * self.weight_cap),
        )
        return DataLoader(
            split,
            batch_size=share_of_batch(self.batch_size, replicas),
            sampler=sampler,
            num_workers=self.num_workers,
            collate_fn=_as_fetched,
        )

    @property
    def _device(self) -> tuple[int, int]:
        """The device that loaders are for, and how many there are."""
        trainer = self.trainer
        return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)

    def fingerprint(self) -> Fingerprint:
        """What tells the training images from others, as they are drawn too."""
        return fingerprint_of(self.splits["train"], self.first("train", 64)["image"])

    def split_dataloader(
        self, split: str, positions: Iterable[int] | None = None
    ) -> DataLoader[Rows]:
        """Loader of a split in its order, every image once, or of the images at some positions."""
        return DataLoader(
            self.splits[split],
            sampler=cast("Any", positions),
            batch_size=max(self.batch_size // self._device[1], 256),
            num_workers=self.num_workers,
            collate_fn=_as_fetched,
        )

    def val_dataloader(self) -> DataLoader[Rows]:
        """Loader of this device's share of the validation split."""
        return self._share_dataloader("val")

    def test_dataloader(self) -> list[DataLoader[Rows]]:
        """Loaders of this device's share of the test sets, see `test_sets`."""
        return [self._share_dataloader(split) for split in TEST_SPLITS]

    def predict_dataloader(self) -> DataLoader[Rows]:
        """Loader of this device's share of the training split, in its order."""
        return self._share_dataloader("train")

    def _share_dataloader(self, split: str) -> DataLoader[Rows]:
        rank, replicas = self._device
        if replicas == 1:
            return self.split_dataloader(split)
        # Lightning would repeat images to give all devices as many.
        share = UnrepeatedDistributedSampler(self.splits[split], replicas, rank, shuffle=False)
        return self.split_dataloader(split, cast("Iterable[int]", share))

    def batches(
        self, split: str, device: torch.device, positions: Sequence[int] | None = None
    ) -> Iterator[Batch]:
        """Batches of `split_dataloader`, rendered on a device, outside of a Trainer."""
        for rows in self.split_dataloader(split, positions):
            yield self._finish_on(device, rows)

    def batch(self, split: str, positions: Tensor) -> Batch:
        """The images at positions (B,) of a split, on the device of these, outside of a Trainer."""
        rows = self.splits[split].fetch(positions.cpu(), positions.cpu())
        return self._finish_on(positions.device, rows)

    def _finish_on(self, device: torch.device, rows: Rows) -> Batch:
        moved = {name: cast("Tensor", value).to(device) for name, value in rows.items()}
        return self.finish(cast("Rows", moved))

    def first(self, split: str, count: int) -> Batch:
        """The first images of a split, at most `count`."""
        return self.batch(split, torch.arange(min(count, len(self.splits[split]))))

    def on_after_batch_transfer(self, batch: Rows, dataloader_idx: int) -> Batch:
        """Render a batch where the model is; augment it in training."""
        training = self.trainer is not None and self.trainer.training
        return self.finish(batch, augment=training)

    def finish(self, rows: Rows, *, augment: bool = False) -> Batch:
        """Turn fetched rows into the batch models read."""
        images = {"image": self.render(rows["source"], rows["attributes"], rows["index"])}
        if "counterfactual" in rows:
            images["counterfactual"] = rows["counterfactual"].float() / 255
        if augment:
            images = {name: self.augment(image, rows["draw"]) for name, image in images.items()}
        return cast("Batch", images | {key: rows[key] for key in ("attributes", "index", "source")})
