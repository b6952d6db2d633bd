"""Which test images a classifier got right, kept to compare classifiers image by image."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from cfaug.auditing.attribute_audit import LEVEL
from cfaug.classifiers.image_counts import Counts
from cfaug.classifiers.intervals import Interval, mean_replicates

Answers = Mapping[str, Any]
"""What `pack` makes, small enough for a JSON of results."""


def pack(counts: Counts, test_set: str) -> dict[str, Any]:
    """Which images of a test set were right.

    Args:
        counts: Right and all readings of each distinct image.
        test_set: Its name.

    Returns:
        ``test_set``; ``images``, their number; ``right``, a bit for each in hexadecimal; and, where
        they are not all read once and independent, ``read`` and ``clusters`` of each image.
    """
    right = (counts.true > 0).numpy()
    found = {
        "test_set": test_set,
        "images": len(right),
        "right": np.packbits(right).tobytes().hex(),
    }
    read = counts.read.long().numpy()
    _, clusters = np.unique(counts.clusters.numpy(), return_inverse=True)
    if read.max(initial=1) > 1 or clusters.max(initial=-1) + 1 < len(clusters):
        found |= {"read": read.tolist(), "clusters": clusters.tolist()}
    return found


def unpack(answers: Answers) -> npt.NDArray[np.bool_]:
    """Which images were right, (images,)."""
    packed = np.frombuffer(bytes.fromhex(answers["right"]), dtype=np.uint8)
    return np.unpackbits(packed, count=answers["images"]).astype(bool)


def difference(one: Answers, other: Answers, seed: int) -> tuple[float, Interval]:
    """How much more accurate one classifier is than another on the same images, in points.

    The interval of 95 % takes into account that the images are the same: it is about the images
    that one of the two alone gets right.

    - Independent images, read once: Agresti & Min, Statistics in Medicine 2005, section 3 (Wald's
      interval after 0.5 is added to each cell).
    - Otherwise a percentile bootstrap over clusters, see `intervals.interval`.

    Args:
        one: Of the one.
        other: Of the other.
        seed: Seed of the bootstrap.

    Returns:
        The difference and its interval.

    Raises:
        ValueError: If they are of different images.
    """
    same = ("test_set", "images", "read", "clusters")
    if any(one.get(name) != other.get(name) for name in same):
        raise ValueError("the two classifiers were tested on different images")
    change = unpack(one).astype(float) - unpack(other).astype(float)
    if "read" not in one:
        n, gained, lost = len(change), float((change > 0).sum()), float((change < 0).sum())
        middle = (gained - lost) / (n + 2)
        spread = math.sqrt(gained + lost + 1 - (gained - lost) ** 2 / (n + 2)) / (n + 2)
        half = float(norm.ppf((1 + LEVEL) / 2)) * spread
        return 100 * float(change.mean()), (100 * (middle - half), 100 * (middle + half))
    read, cluster = np.array(one["read"], dtype=float), np.array(one["clusters"])
    changes = np.bincount(cluster, change * read).astype(np.float64)
    sizes = np.bincount(cluster, read).astype(np.float64)
    found = mean_replicates(changes, sizes, seed)
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return 100 * float(changes.sum() / sizes.sum()), (100 * float(low), 100 * float(high))
