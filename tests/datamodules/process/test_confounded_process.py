import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from datamodules.attributes import attribute_space
from datamodules.digits import ConfoundedDigits
from datamodules.process.confounded_process import (
    draw_attributes,
    replace_labels,
    strength_from_conflicting_share,
)
from datamodules.rendering.renderers import Color, Thickness

DIGITS = [str(d) for d in range(10)]


@settings(deadline=None, max_examples=40)
@given(st.floats(0, 1), st.integers(2, 10), st.integers(0, 1000))
def test_share_of_aligned_rows_follows_the_formula(r: float, cardinality: int, seed: int) -> None:
    values = [str(v) for v in range(cardinality)]
    space = attribute_space({"digit": DIGITS, "color": values}, label="digit")
    labels = torch.arange(20_000) % 10
    table = draw_attributes(labels, space, r, seed, "train")
    aligned = (table[:, 1] == labels % cardinality).double().mean()
    expected = r + (1 - r) / cardinality
    assert abs(float(aligned) - expected) < 5 * math.sqrt(expected * (1 - expected) / 20_000) + 1e-9
    assert torch.equal(table[:, 0], labels)


def test_conflicting_values_are_uniform() -> None:
    space = attribute_space({"digit": DIGITS, "color": DIGITS}, label="digit")
    labels = torch.zeros(50_000, dtype=torch.long)
    color = draw_attributes(labels, space, 0.5, 0, "train")[:, 1]
    counts = torch.bincount(color[color != 0], minlength=10)[1:].double()
    expected = counts.sum() / 9
    assert ((counts - expected) ** 2 / expected).sum() < 32  # 8 degrees of freedom, p = 0.0001


def test_more_strength_only_aligns_more_rows() -> None:
    space = attribute_space({"digit": DIGITS, "color": DIGITS}, label="digit")
    labels = torch.arange(5000) % 10
    weak = draw_attributes(labels, space, 0.5, 0, "train")[:, 1]
    strong = draw_attributes(labels, space, 0.9, 0, "train")[:, 1]
    changed = weak != strong
    assert changed.any()
    assert torch.equal(strong[changed], labels[changed])


def test_a_row_does_not_depend_on_the_others_and_splits_differ() -> None:
    space = attribute_space({"digit": DIGITS, "color": DIGITS}, label="digit")
    labels = torch.arange(1000) % 10
    table = draw_attributes(labels, space, 0.0, 0, "train")
    assert torch.equal(draw_attributes(labels[:10], space, 0.0, 0, "train"), table[:10])
    other = draw_attributes(labels, space, 0.0, 0, "test")
    assert 0.05 < float((other[:, 1] == table[:, 1]).double().mean()) < 0.15


@pytest.mark.parametrize("strength", [-0.1, 1.5, math.nan])
def test_strength_out_of_range_is_named(strength: float) -> None:
    space = attribute_space({"digit": DIGITS, "color": DIGITS}, label="digit")
    with pytest.raises(ValueError, match="strength of 'color' is .*from 0"):
        draw_attributes(torch.zeros(3, dtype=torch.long), space, strength, 0, "train")


def test_strength_of_an_unknown_attribute_is_named() -> None:
    space = attribute_space({"digit": DIGITS, "color": DIGITS}, label="digit")
    with pytest.raises(ValueError, match=r"\['colour'\], expected one for each of \['color'\]"):
        draw_attributes(torch.zeros(3, dtype=torch.long), space, {"colour": 0.5}, 0, "train")


def test_conflicting_share_of_the_benchmarks() -> None:
    r = strength_from_conflicting_share(0.005, 10)
    assert (1 - r) * (1 - 1 / 10) == pytest.approx(0.005)


def test_a_conflicting_share_is_that_share_of_the_images() -> None:
    data = ConfoundedDigits([Thickness(), Color()], source="digits", size=16, conflicting_share=0.2)
    data.setup()
    table = torch.cat([data.splits["train"].attributes, data.splits["val"].attributes])
    for column, cardinality in ((1, 2), (2, 10)):
        conflicting = (table[:, column] != table[:, 0] % cardinality).float().mean()
        assert float(conflicting) == pytest.approx(0.2, abs=0.04)


def test_an_alignment_pairs_labels_with_the_values_it_names() -> None:
    space = attribute_space({"digit": DIGITS, "color": ["red", "blue"]}, label="digit")
    labels = torch.arange(10)
    wanted = ["red"] * 3 + ["blue"] * 7
    table = draw_attributes(labels, space, 1.0, 0, "train", {"color": wanted})
    assert table[:, 1].tolist() == [0] * 3 + [1] * 7
    assert draw_attributes(labels, space, 1.0, 0, "train")[:, 1].tolist() == [0, 1] * 5


@pytest.mark.parametrize(
    ("alignment", "message"),
    [
        ({"hue": ["red"] * 10}, r"alignment names \['hue'\]"),
        ({"color": ["red"] * 9}, "alignment of 'color' has 9 values, expected one for each of the"),
        ({"color": ["pink"] * 10}, "attribute 'color' has no value 'pink'"),
    ],
)
def test_a_wrong_alignment_is_named(alignment: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ConfoundedDigits([Color(("red", "blue"))], source="digits", size=16, alignment=alignment)


def test_label_noise_replaces_that_share_by_any_other_label() -> None:
    labels = torch.full((20_000,), 3)
    noisy = replace_labels(labels, 10, 0.25, 0, "train")
    counts = torch.bincount(noisy, minlength=10).double()
    assert float(counts[3]) / 20_000 == pytest.approx(0.75, abs=0.015)
    others = torch.cat([counts[:3], counts[4:]])
    assert ((others - others.mean()) ** 2 / others.mean()).sum() < 32
    assert torch.equal(replace_labels(labels, 10, 0.0, 0, "train"), labels)


def test_attributes_follow_noisy_labels_and_test_labels_are_true() -> None:
    options = {"source": "digits", "size": 16, "strength": 1.0}
    clean = ConfoundedDigits([Color()], **options)  # type: ignore[arg-type]
    noisy = ConfoundedDigits([Color()], label_noise=0.3, **options)  # type: ignore[arg-type]
    clean.setup()
    noisy.setup()
    table = noisy.splits["train"].attributes
    assert torch.equal(table[:, 0], table[:, 1])
    wrong = (table[:, 0] != clean.splits["train"].attributes[:, 0]).double().mean()
    assert float(wrong) == pytest.approx(0.3, abs=0.05)
    for split in ("test", "test_confounded"):
        assert torch.equal(noisy.splits[split].attributes, clean.splits[split].attributes)
