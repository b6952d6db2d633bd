"""What must hold of methods if the code is right: real training, `make sanity`."""

from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor

from cfaug.classifiers import Classifier
from cfaug.classifiers.intervals import wilson
from cfaug.cli.main import main
from cfaug.generators import Generator
from cfaug.training.quiet_fit import fit_quietly
from datamodules import Batch, Color, ConfoundedDigits
from datamodules.process.interventions import fresh_values, non_label_columns
from tests.integration.test_cli import BASE, ROOT, figures, logger

pytestmark = pytest.mark.slow

METHODS = sorted(
    path
    for path in (ROOT / "experiments/methods").glob("*.yaml")
    # The first has nothing to learn from without a generator. A linear classifier is no worse or
    # better than ERM for its objective, but for its network.
    if path.stem not in {"no-originals", "balanced-linear"}
)
UPDATES = 600
MORE_UPDATES = {"lff": 1720, "selecmix": 1720, "lisa": 3440}
"""Those that mix or weigh images and learn more slowly, and when they have caught up with ERM."""
DATA = {
    "class_path": "ConfoundedDigits",
    "init_args": {
        "source": "mnist",
        "size": 16,
        "strength": 0.0,
        "test_on": "val",
        "renderers": [{"class_path": "Thickness"}, {"class_path": "Color"}],
    },
}
"""MNIST without confounding."""


def trained(method: Path, folder: Path, root: Path, updates: int) -> float:
    """Accuracy of a method on unconfounded images, %."""
    (folder / "data.yaml").write_text(yaml.safe_dump({"data": DATA}))
    words = [*BASE, "-c", str(folder / "data.yaml"), "-c", str(method), *logger(folder)]
    words += ["--data.init_args.root", str(root), "--trainer.max_epochs", "1"]
    words += ["--data.init_args.epoch_size", str(128 * updates)]
    assert main(["classifier", "fit", *words]) == 0
    return figures(folder)["test/unconfounded_accuracy"]


@pytest.fixture(scope="module")
def erm(tmp_path_factory: pytest.TempPathFactory, mnist_root: Path) -> Callable[[int], float]:
    """Accuracy of ERM after a number of updates, %."""

    @cache
    def accuracy_after(updates: int) -> float:
        folder = tmp_path_factory.mktemp("erm")
        return trained(ROOT / "experiments/methods/erm.yaml", folder, mnist_root, updates)

    return accuracy_after


@pytest.mark.parametrize("method", METHODS, ids=lambda path: path.stem)
def test_without_confounding_no_method_loses_a_point_to_erm(
    method: Path, erm: Callable[[int], float], tmp_path: Path, mnist_root: Path
) -> None:
    updates = MORE_UPDATES.get(method.stem, UPDATES)
    assert trained(method, tmp_path, mnist_root, updates) > erm(updates) - 1


class Truth(Generator):
    """Draws the true counterfactual, which only a known process can.

    Args:
        data: The data.
    """

    def __init__(self, data: ConfoundedDigits) -> None:
        super().__init__(data.attribute_space, data.image_shape)
        self.data = [data]

    def counterfactuals(self, batch: Batch, codes: Mapping[int, int] | None = None) -> Batch:
        """See `Generator.counterfactuals`."""
        attributes, space = batch["attributes"], self.attribute_space
        targets = fresh_values(attributes, space, non_label_columns(space))
        return {**batch, "image": self.data[0].counterfactual(batch, targets)}

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        """Not used: an image does not tell which one it is."""
        raise NotImplementedError


def digits(strength: float, *, oracle: bool = False) -> ConfoundedDigits:
    data = ConfoundedDigits(
        [Color()], source="digits", size=16, strength=strength, epoch_size=12800, oracle=oracle
    )
    data.setup()
    data.rotation = data.shift = data.scale = 0.0  # a true counterfactual is not augmented
    return data


def accuracy(classifier: Classifier, data: ConfoundedDigits) -> float:
    """On unconfounded test images, %."""
    with torch.no_grad():
        batch = data.first("test", 400)
        right = classifier(batch["image"]).argmax(1) == batch["attributes"][:, 0]
    return 100 * float(right.float().mean())


def learnt(data: ConfoundedDigits, generator: Generator | None = None, **options: object) -> float:
    torch.manual_seed(0)
    classifier = Classifier(data.attribute_space, data.image_shape, **options)  # type: ignore[arg-type]
    if generator is not None:
        classifier._generator = [generator]
    fit_quietly(classifier, data, 500, "32-true", "")
    return accuracy(classifier, data)


def test_true_counterfactuals_teach_as_much_as_data_without_confounding() -> None:
    data = digits(0.95)
    low, _ = wilson(learnt(digits(0.95, oracle=True)) / 100, 400)
    assert learnt(data) < low - 10
    assert learnt(data, Truth(data)) > low


def test_attributes_that_say_nothing_help_no_method_that_uses_them() -> None:
    found = {}
    for name in ("erm", "balanced"):
        for shuffled in (False, True):
            data = digits(0.95)
            attributes = data.splits["train"].attributes
            (column,) = non_label_columns(data.attribute_space)
            told = attributes[:, column]
            if shuffled:  # what is drawn stays as it is, and what is told of it does not
                order = torch.randperm(len(told), generator=torch.Generator().manual_seed(0))
                told = told[order]
            if name == "balanced":
                data.emphasis = weights_of(attributes, told)
            found[name, shuffled] = learnt(data)
    assert found["balanced", False] > found["erm", False] + 5
    assert abs(found["balanced", True] - found["erm", True]) < 5


def weights_of(attributes: Tensor, told: Tensor) -> Tensor:
    """Weights (N,) with which combinations of the label and what is told come alike."""
    groups = attributes[:, 0] * 10 + told
    return 1 / torch.bincount(groups, minlength=100)[groups].double()
