"""What figures tell of how training images were drawn, on worked examples."""

from dataclasses import dataclass

import pytest
import torch
from sklearn.metrics import mutual_info_score
from torch import Tensor

from cfaug.cli.output.run_results import line_of_draws
from cfaug.tracking.drawn_images import drawn_of, figures_of_draws
from datamodules.attributes import AttributeSpace, attribute_space
from datamodules.digits import ConfoundedDigits
from datamodules.process.measures import cnf
from datamodules.process.sampling import Sampling
from datamodules.rendering.renderers import Color, Thickness


def digits(sampling: Sampling, **options: float) -> ConfoundedDigits:
    """Digits of scikit-learn at strength 0.99, drawn in one of three ways."""
    renderers = [Thickness(1, 1), Color()]
    data = ConfoundedDigits(
        renderers,
        source="digits",
        size=16,
        strength=0.99,
        sampling=sampling,
        **options,  # type: ignore[arg-type]
    )
    data.setup()
    return data


def test_the_figures_are_those_of_the_images_that_are_drawn() -> None:
    data = digits("deconfounded")
    figures = figures_of_draws(data)
    weights = data.train_weights
    assert weights is not None
    rows = torch.multinomial(weights, 400_000, True, generator=torch.Generator().manual_seed(0))
    table = data.splits["train"].attributes
    for column, name in ((1, "thickness"), (2, "color")):
        for key, codes in (("cnf", table), ("remaining_cnf", table[rows])):
            measured = 2 * mutual_info_score(codes[:, 0].numpy(), codes[:, column].numpy())
            assert figures[f"data/{key}/{name}"] == pytest.approx(measured, abs=0.01)
    assert figures["data/effective_train_size"] == pytest.approx(
        float(weights.sum() ** 2 / weights.square().sum())
    )
    # Without images of some combinations much is left; with a lower cap more, of more images.
    assert figures["data/remaining_cnf/color"] > 1
    lower = figures_of_draws(digits("deconfounded", weight_cap=2.0))
    for key in ("data/remaining_cnf/color", "data/effective_train_size"):
        assert lower[key] > figures[key]


def test_naturally_all_is_left_and_nothing_is_said() -> None:
    data = digits("natural")
    figures = figures_of_draws(data)
    assert figures["data/remaining_cnf/color"] == figures["data/cnf/color"] > 3
    assert figures["data/effective_train_size"] == figures["data/train_size"] == 1300
    assert drawn_of(figures) is None
    assert line_of_draws(data) is None
    assert drawn_of({"data/train_size": 9.0}) is None  # as an earlier version left it


@dataclass
class Images:
    """Stands for data: (blond, f), (blond, m), (dark, f), (dark, m)."""

    counts: tuple[int, ...]
    sampling: Sampling = "balanced"
    train_weights: Tensor | None = None
    effective_train_size: float = 4.0
    attribute_space: AttributeSpace = attribute_space(  # noqa: RUF009
        {"hair": ("blond", "dark"), "sex": ("f", "m")}, label="hair"
    )

    @property
    def splits(self) -> dict[str, "Images"]:
        return {"train": self}

    @property
    def attributes(self) -> Tensor:
        cells = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
        return cells.repeat_interleave(torch.tensor(self.counts), dim=0)


def test_a_worked_example_in_words() -> None:
    # Each combination has a quarter of the draws, so nothing is left.
    weights = torch.tensor([1 / 40] * 40 + [1 / 2] * 2 + [1 / 8] * 8 + [1 / 50] * 50).double()
    data = Images((40, 2, 8, 50), train_weights=weights)
    before = float(cnf(torch.tensor([[40.0, 2.0], [8.0, 50.0]])))
    assert line_of_draws(data) == (  # type: ignore[arg-type]
        f"drawn group-balanced: 0.00 of {before:.2f} nats of confounding between hair and sex left,"
        " as if 4 of 100 images"
    )
    capped = weights.clamp(max=0.1)
    data = Images((40, 2, 8, 50), "deconfounded", capped)
    left = float(cnf(torch.tensor([[1.0, 0.2], [0.8, 1.0]])))
    assert line_of_draws(data) == (  # type: ignore[arg-type]
        "drawn partly deconfounded, after the first 64,000 images: "
        f"{left:.2f} of {before:.2f} nats of confounding between hair and sex left,"
        " as if 4 of 100 images"
    )


def test_a_label_alone_has_its_size_told() -> None:
    data = ConfoundedDigits([], source="digits", size=16, sampling="balanced")
    data.setup()
    line = line_of_draws(data)
    assert line is not None
    assert line.startswith("drawn group-balanced, as if 1,29")
    assert line.endswith(" of 1,300 images")


def test_of_several_attributes_the_one_of_which_most_is_left_is_told() -> None:
    figures = {"data/train_size": 100.0, "data/effective_train_size": 40.0}
    figures |= {"data/cnf/a": 3.0, "data/cnf/b": 2.0, "data/cnf/c": 1.0}
    figures |= {"data/remaining_cnf/a": 0.1, "data/remaining_cnf/b": 0.9}
    figures |= {"data/remaining_cnf/c": 0.2}
    drawn = drawn_of({f"generator/{name}": value for name, value in figures.items()}, "generator/")
    assert drawn == ("b", 2.0, 0.9, 100.0, 40.0)
    # Less than what is shown does not decide.
    nothing = dict(zip(list(figures)[5:], (0.0, 0.001, 0.002), strict=True))
    assert drawn_of(figures | nothing) == ("a", 3.0, 0.0, 100.0, 40.0)
