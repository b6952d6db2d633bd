"""Makes counterfactuals of all training images, in shards that do not depend on each other."""

from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path

import torch
from torch import Tensor

from cfaug.evaluation.judges import Reader, as_rendered, train_judge
from cfaug.generators.base import Generator
from cfaug.terminal.progress import track
from cfaug.tracking import keys
from cfaug.training.module import best_device
from datamodules.attributes import Batch
from datamodules.base import AttributeDataModule
from datamodules.process.interventions import edited_columns, fixed_values, set_values
from datamodules.storage.atomic_files import whole_file
from datamodules.storage.shards import Counterfactuals, Shard, shard_path, write_shard


def trained_judge(path: Path, data: AttributeDataModule, steps: int, precision: str) -> Reader:
    """Train a judge of the data, or load it from a file, so that a resumed run has the same judge.

    Raises:
        ValueError: If the file is damaged.
    """
    if not path.exists():
        judge = train_judge(data.sampled("deconfounded"), steps, precision)
        with whole_file(path) as part:
            torch.save(judge.state_dict(), part)
    judge = Reader(data.attribute_space, data.image_shape, as_rendered)
    try:
        judge.load_state_dict(torch.load(path, weights_only=True))
    except Exception as error:  # a damaged file can raise anything
        msg = f"{path} is damaged; remove {path.parent} to start anew"
        raise ValueError(msg) from error
    return judge.eval()


class Maker:
    """Makes counterfactuals of training images.

    The values of an image follow from the seed and the image alone. So they do not depend on where
    a shard begins, or on what was made before.

    Args:
        generator: The generator.
        data: The data, set up.
        judge: Network that reads the counterfactuals; None for no readings.
        seed: Seed of the fresh values.
        copies: Counterfactuals of each image.
        codes: ``{column: code}`` to set; None gives all attributes except the label fresh values.
    """

    def __init__(
        self,
        generator: Generator,
        data: AttributeDataModule,
        judge: Reader | None,
        seed: int,
        copies: int,
        codes: Mapping[int, int] | None = None,
    ) -> None:
        self.device = best_device()
        self.generator = generator.to(self.device)
        self.judge = judge.to(self.device) if judge else None
        self.data, self.seed, self.copies, self.codes = data, seed, copies, codes

    @torch.no_grad()
    def make(self, start: int, stop: int) -> Shard:
        """Counterfactuals of the training images at positions from `start` to before `stop`."""
        positions = torch.arange(start, stop)
        batches = self.data.batches("train", self.device, range(start, stop))
        parts = [part for batch in batches for part in self._parts(batch)]
        images, index, copy, source, target, *read = map(torch.cat, zip(*parts, strict=True))
        files = self.data.splits["train"].file_names(positions.repeat_interleave(self.copies))
        return Shard(images, index, copy, source, target, read[0] if read else None, files)

    def _parts(self, batch: Batch) -> Iterator[list[Tensor]]:
        """Columns of a `Shard`, in parts of at most as many images as a batch has."""
        size = len(batch["index"])
        copy = torch.arange(self.copies, device=self.device).repeat(size)
        columns = batch["image"], batch["attributes"], batch["index"]
        repeated = (column.repeat_interleave(self.copies, dim=0) for column in columns)
        for some in zip(*(torch.split(c, size) for c in (*repeated, copy)), strict=True):
            yield [column.cpu() for column in self._made(*some)]

    def _made(self, image: Tensor, source: Tensor, index: Tensor, copy: Tensor) -> list[Tensor]:
        space = self.data.attribute_space
        columns = edited_columns(space, self.codes)
        if self.codes is None:
            target = fixed_values(source, space, index * self.copies + copy, self.seed)
        else:
            target = set_values(source, self.codes)
        images = (self.generator.edit(image, source, target, columns) * 255).round().byte()
        made = [images, index, copy, source, target]
        return [*made, self.judge.read(images.float() / 255)] if self.judge else made


def write_shards(maker: Maker, folder: Path, size: int, recipe: Mapping[str, str]) -> None:
    """Write the shards that do not exist yet, each whole or not at all.

    Args:
        maker: Makes the counterfactuals.
        folder: Folder for the shards.
        size: Counterfactuals in a shard, at least the copies of one image.
        recipe: Everything that the counterfactuals depend on.

    Raises:
        ValueError: If a shard cannot be written.
    """
    told = {**recipe, "fingerprint": maker.data.fingerprint()}
    count = len(maker.data.splits["train"])
    step = max(1, size // maker.copies)
    shards = ceil(count / step)
    for number in track(range(shards), "writing counterfactuals"):
        path = shard_path(folder, number, shards)
        if not path.exists():
            shard = maker.make(number * step, min((number + 1) * step, count))
            write_shard(path, shard, maker.data.attribute_space, told)


def agreement(made: Counterfactuals) -> dict[str, float]:
    """How often the judge reads the wanted value of each attribute, in per cent."""
    if made.read is None:
        return {}
    share = 100 * (made.read == made.target).double().mean(0)
    names = (keys.READ_AS_WANTED.format(attribute=name) for name in made.space.names)
    return dict(zip(names, share.tolist(), strict=True))
