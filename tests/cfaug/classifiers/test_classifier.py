from collections.abc import Collection
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.classifier import Classifier
from cfaug.generators.base import Generator
from datamodules.attributes import Batch, attribute_space

SPACE = attribute_space({"digit": list("012"), "color": list("abcd")}, "digit")


class Grey(Generator):
    """Paints the new colour over everything, as one of four levels of grey."""

    def edit(
        self, images: Tensor, attributes: Tensor, targets: Tensor, columns: Collection[int]
    ) -> Tensor:
        return (targets[:, 1] / 4)[:, None, None, None].expand_as(images)


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    attributes = torch.stack([torch.arange(6) % 3, torch.arange(6) % 4], dim=1)
    return {"image": torch.rand(6, 3, 8, 8), "attributes": attributes, "index": torch.arange(6)}


def classifier(**options: Any) -> Classifier:
    torch.manual_seed(1)
    module = Classifier(SPACE, (3, 8, 8), features=8, **options)
    module._generator = [Grey(SPACE, (3, 8, 8))]
    return module


def test_the_loss_is_the_weighted_sum_of_its_terms(batch: Batch) -> None:
    module = classifier(original_weight=0.5, counterfactual_weight=2.0, invariance_weight=0.3)
    torch.manual_seed(2)
    terms = module.losses(batch)
    torch.manual_seed(2)
    edited = module._generator[0].counterfactuals(batch)
    assert torch.equal(edited["attributes"][:, 0], batch["attributes"][:, 0])
    both = module.network(torch.cat([batch["image"], edited["image"]]))
    a, b = both.chunk(2)
    labels = batch["attributes"][:, 0]
    original, counterfactual = (F.cross_entropy(module.head(x), labels) for x in (a, b))
    distance = ((a - b) ** 2).sum(1).mean()
    expected = 0.5 * original + 2 * counterfactual + 0.3 * distance
    assert float(terms["loss"].detach()) == pytest.approx(float(expected.detach()), rel=1e-4)


@pytest.mark.parametrize("counterfactuals", [True, False])
def test_another_objective_is_for_the_originals(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, *, counterfactuals: bool
) -> None:
    def hardest(logits: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
        each = F.cross_entropy(logits, labels, reduction="none")
        return (each * (groups == SPACE.groups(batch["attributes"])[4])).sum()

    plain = classifier()
    monkeypatch.setattr("cfaug.generators.conditional_vae.losses.hardest", hardest, raising=False)
    module = classifier(objective="cfaug.generators.conditional_vae.losses.hardest")
    if not counterfactuals:
        plain._generator, module._generator = [], []
    found = []
    for one in (plain, module):
        torch.manual_seed(2)
        found.append({name: float(term.detach()) for name, term in one.losses(batch).items()})
    labels = batch["attributes"][:, 0]
    torch.manual_seed(2)
    images = batch["image"]
    if counterfactuals:
        images = torch.cat([images, module._generator[0].counterfactuals(batch)["image"]])
    logits = module(images)[:6]
    assert SPACE.groups(batch["attributes"]).unique().numel() == 6
    wanted = float(F.cross_entropy(logits[4:5], labels[4:5]).detach())
    assert found[1]["original" if counterfactuals else "loss"] == pytest.approx(wanted, rel=1e-4)
    if counterfactuals:
        assert found[1]["counterfactual"] == found[0]["counterfactual"]


def test_counterfactuals_alone_leave_no_trace_of_the_originals(batch: Batch) -> None:
    statistics = []
    for image in (batch["image"], torch.zeros(6, 3, 8, 8)):
        module = classifier()
        module.use_only(module._generator[0])
        torch.manual_seed(2)
        module.losses({**batch, "image": image})["loss"].backward()
        statistics.append([*module.buffers(), *(p.grad for p in module.network.parameters())])
    for a, b in zip(*statistics, strict=True):
        assert a is not None
        assert b is not None
        assert torch.equal(a, b)


def test_counterfactuals_from_disk_teach_what_those_of_a_generator_do(batch: Batch) -> None:
    module = classifier()
    torch.manual_seed(2)
    terms = module.losses(batch)
    torch.manual_seed(2)
    edited = module._generator[0].counterfactuals(batch)["image"]
    module._generator = []
    read = module.losses({**batch, "counterfactual": edited})
    assert float(read["loss"].detach()) == pytest.approx(float(terms["loss"].detach()), rel=1e-4)
    assert module.losses(batch).keys() == {"loss"}


def test_another_distance_takes_the_place_of_the_squared_one(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def far(a: Tensor, b: Tensor) -> Tensor:
        return (a - b).abs().max()

    monkeypatch.setattr("cfaug.generators.conditional_vae.losses.far", far, raising=False)
    module = classifier(distance="cfaug.generators.conditional_vae.losses.far")
    torch.manual_seed(2)
    terms = module.losses(batch)
    torch.manual_seed(2)
    edited = module._generator[0].counterfactuals(batch)["image"]
    a, b = module.network(torch.cat([batch["image"], edited])).chunk(2)
    assert float(terms["distance"].detach()) == pytest.approx(float(far(a, b).detach()), rel=1e-4)


@pytest.mark.parametrize("option", ["distance", "objective"])
@pytest.mark.parametrize(
    "path", ["os.path.join", "cfaug.generators.conditional_vae.losses.nothing", "cfaug.nowhere.far"]
)
def test_a_function_that_is_not_there_is_named(path: str, option: str) -> None:
    with pytest.raises(ValueError, match=f"{option} {path}.*cfaug.MODULE.FUNCTION"):
        classifier(**{option: path})
