"""How sure an accuracy is: intervals of 95 %, from the test images and from the seeds."""

import math
import statistics
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_array
from scipy.stats import norm, t
from torch import Tensor

from cfaug.auditing.attribute_audit import LEVEL
from datamodules.process.sampling import effective_sample_size

REPLICATES = 2000
"""Replicates of a bootstrap."""

AT_ONCE = 2_000_000
"""Draws that are held in memory at a time."""

FEW_CLUSTERS = 20
"""Of fewer clusters no bootstrap is drawn; of 10 persons with 10 images each, its intervals of 95 %
held the truth in 88 % of 150 trials."""

Interval = tuple[float, float]
"""The lower and the upper end, in per cent."""


def wilson(share: float, images: float) -> Interval:
    """The interval of a share of independent images (Wilson, JASA 1927).

    Args:
        share: 0 to 1.
        images: How many images; not whole if it is an effective number.
    """
    z = float(norm.ppf((1 + LEVEL) / 2))
    middle = share + z**2 / (2 * images)
    half = z * math.sqrt(share * (1 - share) / images + (z / (2 * images)) ** 2)
    low, high = ((middle + side * half) / (1 + z**2 / images) for side in (-1, 1))
    # At the shares 0 and 1 an end is the share itself, but for the rounding.
    return 100 * min(max(low, 0.0), share), 100 * max(min(high, 1.0), share)


def interval(true: Tensor, read: Tensor, groups: Tensor, clusters: Tensor, seed: int) -> Interval:
    """The interval of the mean, over groups, of the share of readings of which something is true.

    With all images in one group it is that of a plain share, such as an accuracy.

    - A share of images that are read equally often, to within once, and that are a cluster each:
      `wilson`. Images that are read several times count once.
    - Otherwise a percentile bootstrap over clusters (Davison & Hinkley, 1997, section 5.3; clusters
      as a whole: section 3.8). A replicate draws as many clusters as there are, with replacement
      and each with all its images. Groups that are then empty are left out of the replicate's mean.
    - Of fewer than `FEW_CLUSTERS` clusters a bootstrap interval is too short; and if something is
      true of all readings or of none, so it is in every replicate, and it has no length. Then it is
      `wilson` of the effective number of clusters, (Σw)² / Σw² with their weights w in the mean
      (Kish, 1965, section 11.7).

    Args:
        true: (M,), of how many readings of each image it is true.
        read: (M,), how often each image was read, at least once.
        groups: (M,) int64, the group of each image.
        clusters: (M,) int64, the cluster of each image: those of a cluster, such as a person, are
            right or wrong together.
        seed: Seed of the bootstrap.
    """
    named, group = np.unique(groups.numpy(), return_inverse=True)
    units, cluster = np.unique(clusters.numpy(), return_inverse=True)
    so, all_of = (counts.numpy().astype(np.float64) for counts in (true, read))
    total = np.bincount(group, all_of)
    share = float(np.mean(np.bincount(group, so) / total))
    alike = len(units) == len(cluster) and all_of.max() - all_of.min() <= 1
    few = len(units) < FEW_CLUSTERS
    if few or (len(named) == 1 and alike) or so.sum() in {0, all_of.sum()}:
        weights = np.bincount(cluster, all_of / total[group])
        return wilson(share, effective_sample_size(torch.from_numpy(weights)))
    shape = len(named), len(units)
    right, seen = (csr_array((n, (group, cluster)), shape=shape) for n in (so, all_of))
    found = _replicates(right, seen, seed)
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return 100 * min(float(low), share), 100 * max(float(high), share)


def mean_replicates(
    sums: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64], seed: int
) -> npt.NDArray[np.float64]:
    """Means in `REPLICATES` draws of clusters, from their sums and sizes (clusters,)."""
    return _replicates(csr_array(sums[None]), csr_array(sizes[None]), seed)


def _replicates(true: csr_array, read: csr_array, seed: int) -> npt.NDArray[np.float64]:
    """Means over groups in `REPLICATES` draws of clusters, from sums (groups, clusters)."""
    random = np.random.default_rng(seed)
    clusters = true.shape[1]
    found = []
    step = max(1, AT_ONCE // clusters)
    for start in range(0, REPLICATES, step):
        count = min(step, REPLICATES - start)
        drawn = random.integers(clusters, size=(count, clusters))
        drawn += clusters * np.arange(count)[:, None]
        times = np.bincount(drawn.ravel(), minlength=count * clusters)
        times = times.reshape(count, clusters).T.astype(np.float64)
        right, total = true @ times, read @ times
        shares = np.divide(right, total, out=np.zeros_like(right), where=total > 0)
        found.append(shares.sum(0) / (total > 0).sum(0))
    return np.concatenate(found)


def over_seeds(values: Sequence[float], own: Sequence[Interval]) -> Interval:
    """The interval of a mean over seeds, of the test images and the seeds together.

    Each side is √(a² + b²) long, as for a sum of two independent errors (MOVER: Zou & Donner,
    Statistics in Medicine 2008, doi 10.1002/sim.3095; b of 95 % by Student's t).

    - a, of the test images: from the mean of the values to the mean of the seeds' own ends. Seeds
      are taken to share the test images, so that more seeds do not make this error smaller. Where
      each seed has others, the interval is longer than it needs to be.
    - b, of the seeds: t s / √S, with the standard deviation s of S values.

    One seed has its own interval, which says nothing of other seeds.

    Args:
        values: The figure of each seed, in per cent.
        own: Its interval with each seed.
    """
    low, high = over_seeds_unbounded(values, own)
    return max(low, 0.0), min(high, 100.0)


def over_seeds_unbounded(values: Sequence[float], own: Sequence[Interval]) -> Interval:
    """See `over_seeds`, for figures that may be below 0 or above 100, such as a difference."""
    if len(values) == 1:
        return own[0]
    mean = statistics.fmean(values)
    quantile = float(t.ppf((1 + LEVEL) / 2, len(values) - 1))
    spread = quantile * statistics.stdev(values) / math.sqrt(len(values))
    low, high = (
        math.hypot(mean - statistics.fmean(ends), spread) for ends in zip(*own, strict=True)
    )
    return mean - low, mean + high


def overlap(one: Interval, other: Interval) -> bool:
    """Whether intervals overlap, so that the difference between two figures may be chance.

    If they do not, the difference is beyond chance at more than 95 %. If they do, it may still
    be: the two figures are of the same images, of which intervals of each alone know nothing
    (Schenker & Gentleman, The American Statistician 2001).
    """
    return one[0] <= other[1] and other[0] <= one[1]
