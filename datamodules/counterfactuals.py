"""Training images, each with one of its counterfactuals from disk."""

from collections.abc import Sequence
from typing import TypedDict

import torch
from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.process.noise import run_seed, uniform
from datamodules.process.splits import Rows, Split
from datamodules.storage.shards import Counterfactuals


class Fingerprint(TypedDict):
    """Identifies training images, for JSON.

    ``sha256`` is from `Split.fingerprint`. ``image_shape`` (3, H, W) and ``grey``, the mean grey
    level (0 to 255) of the first images, identify how they are drawn.
    """

    sha256: str
    image_shape: list[int]
    grey: list[float]


def fingerprint_of(split: Split, images: Tensor) -> Fingerprint:
    """The fingerprint of a split, given its first images (B, 3, H, W) in [0, 1]."""
    grey = [round(255 * value, 1) for value in images.mean((1, 2, 3)).tolist()]
    return {
        "sha256": split.fingerprint(),
        "image_shape": list(images.shape[1:]),
        "grey": grey,
    }


def _most_apart(a: Sequence[float], b: Sequence[float]) -> float:
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


class PairedSplit(Split):
    """A split in which each image has one of its counterfactuals from disk.

    Args:
        split: The split.
        made: Counterfactuals of all its images.
        space: The attributes of the data.
        fingerprint: Fingerprint of the data, see `AttributeDataModule.fingerprint`.

    Raises:
        ValueError: If the counterfactuals were made for other images or attributes, or have other
            labels; the message says which.
    """

    def __init__(
        self, split: Split, made: Counterfactuals, space: AttributeSpace, fingerprint: Fingerprint
    ) -> None:
        self.split, self.made = split, made
        self.attributes = split.attributes
        self.copies = len(made) // len(split)
        told: Fingerprint = made.recipe["fingerprint"]
        label = space.label_position
        index = split.index(torch.arange(len(split))).repeat_interleave(self.copies)
        source = split.attributes.repeat_interleave(self.copies, dim=0)
        msg = None
        if made.space != space:
            ours = space.describe(values=True)
            msg = f"of {made.space.describe(values=True)}, the data have {ours}"
        elif told["image_shape"] != fingerprint["image_shape"]:
            msg = f"of size {told['image_shape']}, the data have {fingerprint['image_shape']}"
        elif told["sha256"] != fingerprint["sha256"] or len(made) != self.copies * len(split):
            msg = "of other images, or of the same in another order or split"
        elif _most_apart(told["grey"], fingerprint["grey"]) > 1:
            msg = "of images of another brightness"
        elif not torch.equal(made.index, index) or not torch.equal(made.source, source):
            msg = "in another order than the images, as if shards had been renamed"
        elif not torch.equal(made.target[:, label], made.source[:, label]):
            msg = (
                f"edits of the label {space.label}, and training would use them with the old label"
            )
        if msg is not None:
            msg = f"the counterfactuals in {made.folder} are {msg}; write some with `make augment` "
            raise ValueError(f"{msg}and the options of these data")

    def __len__(self) -> int:
        """Number of images."""
        return len(self.split)

    def fetch(self, position: Tensor, draw: Tensor) -> Rows:
        """See `Split.fetch`; the number of the draw determines the copy of the counterfactual."""
        rows = self.split.fetch(position, draw)
        copy = (uniform(run_seed(), "copy", draw, 1)[:, 0] * self.copies).long()
        chosen = (position * self.copies + copy).tolist()
        return {**rows, "counterfactual": self.made.pictures(chosen)}
