"""What guessing reaches where probes try to read old values."""

from types import SimpleNamespace

import pytest
import torch
from scipy.stats import binomtest

from cfaug.evaluation.guessing import guessing
from datamodules.attributes import attribute_space
from datamodules.process.splits import CONFOUNDED, RESAMPLED, UNCONFOUNDED

SPACE = attribute_space({"hair": ["dark", "fair"], "sex": ["f", "m"]}, label="hair")
SEEN = torch.tensor([[0, 0]] * 5 + [[0, 1]] * 1 + [[1, 0]] * 2 + [[1, 1]] * 4)


def guess(
    *counts: int, weights: list[float] | None = None, test_set: str = RESAMPLED
) -> dict[str, float]:
    """With training images, so many of (dark, f), (dark, m), (fair, f) and (fair, m)."""
    rows = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    table = rows.repeat_interleave(torch.tensor(counts), dim=0)
    train = SimpleNamespace(attributes=table)
    drawn = None if weights is None else torch.tensor(weights).double()
    data = SimpleNamespace(attribute_space=SPACE, splits={"train": train}, train_weights=drawn)
    data.test_sets = test_set, CONFOUNDED
    return guessing(SEEN, data)  # type: ignore[arg-type]


def test_in_an_independent_set_the_most_frequent_value_is_guessed() -> None:
    figures = guess(9, 1, 1, 9, test_set=UNCONFOUNDED)
    assert figures["test/leakage_chance/sex"] == pytest.approx(100 * 7 / 12)
    interval = binomtest(7, 12).proportion_ci(method="wilson")
    assert figures["test/leakage_chance_low/sex"] == pytest.approx(100 * interval.low)
    assert figures["test/leakage_chance_high/sex"] == pytest.approx(100 * interval.high)


def test_in_a_dependent_set_the_kept_label_tells_an_old_value() -> None:
    figures = guess(9, 1, 1, 9)
    assert figures["test/leakage_chance/sex"] == pytest.approx(100 * 9 / 12)
    # Men go with dark hair, as the images are drawn: that guess is wrong more often than f.
    weights = [0.1] * 9 + [10.0] + [10.0] + [0.1] * 9
    figures = guess(9, 1, 1, 9, weights=weights)
    assert figures["test/leakage_chance/sex"] == pytest.approx(100 * 7 / 12)
