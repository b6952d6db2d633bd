"""Intervals against scipy, against worked examples, and by how often they hold the truth."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import binomtest, bootstrap
from torch import Tensor

from cfaug.classifiers import intervals
from cfaug.classifiers.intervals import Interval, interval, over_seeds, overlap, wilson


def share(true: Tensor, clusters: Tensor, seed: int = 0) -> Interval:
    """The interval of a share of images that are read once."""
    return interval(true, torch.ones(len(true)), torch.zeros_like(clusters), clusters, seed)


@pytest.mark.parametrize(("right", "images"), [(0, 10), (10, 10), (3, 17), (396, 400)])
def test_a_share_of_images_has_the_interval_of_wilson(right: int, images: int) -> None:
    reference = binomtest(right, images).proportion_ci(0.95, method="wilson")
    expected = 100 * reference.low, 100 * reference.high
    assert wilson(right / images, images) == pytest.approx(expected, abs=1e-9)
    true = (torch.arange(images) < right).float()
    assert share(true, torch.arange(images)) == pytest.approx(expected, abs=1e-9)


def test_images_of_a_group_that_are_read_equally_often_count_once() -> None:
    read = torch.full((20,), 7.0)
    true = read * (torch.arange(20) < 15)
    found = interval(true, read, torch.zeros(20).long(), torch.arange(20), 0)
    assert found == pytest.approx(wilson(0.75, 20))


def people(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Right or wrong of 4 to 8 images of each person, who are as hard as they are; the persons."""
    random = np.random.default_rng(seed)
    sizes = random.integers(4, 9, count)
    persons = np.repeat(np.arange(count), sizes)
    right = random.random(len(persons)) < random.beta(0.8, 0.2, count)[persons]
    return torch.from_numpy(right).float(), torch.from_numpy(persons)


def test_a_share_of_images_of_persons_is_that_of_scipys_bootstrap_over_persons() -> None:
    true, persons = people(40, 1)
    sums = [np.bincount(persons, true), np.bincount(persons)]

    def accuracy(right: np.ndarray, images: np.ndarray, axis: int) -> np.ndarray:
        return right.sum(axis) / images.sum(axis)

    options = {"paired": True, "method": "percentile", "n_resamples": 20_000, "rng": 0}
    reference = bootstrap(sums, accuracy, **options).confidence_interval
    found = share(true, persons)
    assert found == pytest.approx((100 * reference.low, 100 * reference.high), abs=0.7)
    naive = share(true, torch.arange(len(true)))
    assert found[1] - found[0] > 1.5 * (naive[1] - naive[0])


def test_a_mean_over_groups_is_that_of_a_loop_over_replicates() -> None:
    random = np.random.default_rng(2)
    groups = torch.from_numpy(random.choice(4, 60, p=[0.6, 0.3, 0.07, 0.03]))
    clusters = torch.from_numpy(random.integers(0, 25, 60))
    read = torch.from_numpy(random.integers(1, 4, 60)).double()
    true = read * torch.from_numpy(random.random(60) < 0.7)
    found = interval(true, read, groups, clusters, 0)
    places = [np.flatnonzero(clusters == cluster) for cluster in clusters.unique()]
    means = []
    for _ in range(4000):
        chosen = random.integers(0, len(places), len(places))
        rows = np.concatenate([places[cluster] for cluster in chosen])
        shares = [
            float(true[rows][groups[rows] == group].sum() / read[rows][groups[rows] == group].sum())
            for group in groups[rows].unique()  # without the groups that are empty now
        ]
        means.append(100 * np.mean(shares))
    assert found == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=2)


def test_intervals_of_persons_hold_the_truth_as_often_as_they_should() -> None:
    rounds, truth = 300, 80.0  # the mean of Beta(0.8, 0.2)
    samples = [people(60, 100 + number) for number in range(rounds)]
    held = np.mean([_holds(share(*sample), truth) for sample in samples])
    naive = [_holds(share(true, torch.arange(len(true))), truth) for true, _ in samples]
    assert 0.91 <= held <= 0.98
    assert np.mean(naive) < 0.8


def _holds(ends: Interval, value: float) -> bool:
    return ends[0] <= value <= ends[1]


def test_where_all_is_right_the_persons_count() -> None:
    persons = torch.arange(30) // 10
    # Of three persons (Wilson): 3 / (3 + 1.96²).
    assert share(torch.ones(30), persons) == pytest.approx((43.85, 100), abs=0.01)
    assert share(torch.zeros(30), persons) == pytest.approx((0, 56.15), abs=0.01)
    # Groups of 1 and 4 images: weights ½ and 4 × ⅛, (Σw)² / Σw² = 3.2.
    groups = torch.tensor([0, 1, 1, 1, 1])
    found = interval(torch.ones(5), torch.ones(5), groups, torch.arange(5), 0)
    assert found == pytest.approx(wilson(1.0, 3.2))


def test_an_interval_follows_its_seed_and_not_the_order_of_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true, persons = people(40, 3)
    first = share(true, persons)
    order = torch.randperm(len(true), generator=torch.Generator().manual_seed(0))
    assert share(true[order], persons[order]) == first
    assert share(true, 1000 + 7 * persons) == first
    assert share(true, persons, seed=1) != first
    monkeypatch.setattr(intervals, "AT_ONCE", 100)
    assert share(true, persons) == first


def test_seeds_add_their_spread_to_that_of_the_images() -> None:
    # By hand: mean 91, s = 1, t = 4.30265 of 2 degrees of freedom, so t s / √3 = 2.48414; to the
    # seeds' own ends 2 below and 1 above.
    found = over_seeds([90.0, 91.0, 92.0], [(88.0, 91.0), (89.0, 92.0), (90.0, 93.0)])
    assert found == pytest.approx((91 - math.hypot(2, 2.48414), 91 + math.hypot(1, 2.48414)))
    assert found == pytest.approx((87.8108, 93.6779), abs=1e-4)


def test_seeds_that_agree_leave_the_error_of_the_images_as_it_is() -> None:
    assert over_seeds([90.0] * 9, [(85.0, 94.0)] * 9) == pytest.approx((85.0, 94.0))


def test_one_seed_has_its_own_interval_and_no_end_is_beyond_100() -> None:
    assert over_seeds([90.0], [(85.0, 94.0)]) == (85.0, 94.0)
    assert over_seeds([5.0, 99.0], [(4.0, 6.0), (98.0, 100.0)]) == (0.0, 100.0)


def test_intervals_overlap_where_they_share_a_value() -> None:
    assert overlap((1.0, 3.0), (2.0, 4.0))
    assert overlap((2.0, 4.0), (1.0, 3.0))
    assert overlap((1.0, 4.0), (2.0, 3.0))
    assert not overlap((1.0, 2.0), (2.1, 3.0))
    assert not overlap((2.1, 3.0), (1.0, 2.0))


@pytest.mark.parametrize("persons", [1, 2, 3, 10])
def test_of_few_persons_the_interval_holds_the_truth_too(persons: int) -> None:
    random = np.random.default_rng(0)
    clusters = torch.arange(persons).repeat_interleave(10)
    held = 0
    for _ in range(200):
        chances = random.beta(3, 1, persons)  # 0.75 on average
        hits = random.random(10 * persons) < chances.repeat(10)
        low, high = share(torch.from_numpy(hits).double(), clusters)
        assert high - low > 5
        held += low <= 75 <= high
    assert held >= 0.93 * 200
