"""The images of a split, fetched a batch at a time."""

import hashlib
from typing import Literal, NotRequired, TypedDict

import torch
from torch import Tensor
from torch.utils.data import Dataset

TEST_SPLITS = ("test", "test_confounded")
"""The two splits that are test sets, in the order in which a data module yields them."""
UNCONFOUNDED = "unconfounded"
"""What the first is called if its images are drawn anew, without confounding, from a process that
is known."""
RESAMPLED = "resampled"
"""What the first is called if it is drawn from test images, so that attributes are as independent
as the existing combinations allow, see `resampled_rows`."""
CONFOUNDED = "confounded"
"""What the second is called, which is confounded as the training images are."""
TestOn = Literal["test", "val"]
"""The images that both test sets are made of."""


def name_test_sets(*, is_redrawn: bool) -> tuple[str, str]:
    """What figures call the two test sets, given if the first is drawn anew from a known process.

    See `UNCONFOUNDED`, `RESAMPLED` and `CONFOUNDED`.
    """
    return UNCONFOUNDED if is_redrawn else RESAMPLED, CONFOUNDED


def sha256_of(*tensors: Tensor) -> str:
    """SHA-256 of tensors on the CPU."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().data)
    return digest.hexdigest()


class Rows(TypedDict):
    """A batch as a loader sends it to the device, before rendering."""

    source: Tensor
    attributes: Tensor
    index: Tensor
    draw: Tensor
    counterfactual: NotRequired[Tensor]


class Split(Dataset[Rows]):
    """Images of a split in memory, fetched a batch at a time.

    Args:
        source: (N, C, H, W) uint8, the images before rendering.
        attributes: (N, K) int64 codes.
    """

    def __init__(self, source: Tensor, attributes: Tensor) -> None:
        self.source = source
        self.attributes = attributes

    def __len__(self) -> int:
        """Number of images."""
        return len(self.source)

    def pictures(self, position: Tensor) -> Tensor:
        """(B, C, H, W) uint8 of the rows at `position` (B,)."""
        return self.source[position]

    def file_names(self, position: Tensor) -> list[str] | None:
        """Names of the files of the rows at `position` (B,); None if they have no files."""
        return None

    def index(self, position: Tensor) -> Tensor:
        """The ``index`` in a batch of the rows at `position` (B,), (B,) int64."""
        return position

    def distinct(self) -> Tensor:
        """Positions (M,) of its images without repetitions."""
        return torch.arange(len(self))

    def clusters(self) -> Tensor:
        """Numbers (N,) int64 of what images are independent samples of: the image, or its person.

        An image and its repetitions have one number.
        """
        return self.index(torch.arange(len(self)))

    def fingerprint(self) -> str:
        """SHA-256 that identifies the images of this split in their order."""
        return sha256_of(self.attributes, self.source)

    def __getitems__(self, keys: list[int] | list[tuple[int, int]]) -> Rows:
        """Fetch rows by position, or by (position, draw)."""
        pairs = torch.tensor(keys)
        position, draw = (pairs, pairs) if pairs.ndim == 1 else pairs.unbind(1)
        return self.fetch(position, draw)

    def fetch(self, position: Tensor, draw: Tensor) -> Rows:
        """Fetch the rows at positions (B,), for draws (B,)."""
        return {
            "source": self.pictures(position),
            "attributes": self.attributes[position],
            "index": self.index(position),
            "draw": draw,
        }
