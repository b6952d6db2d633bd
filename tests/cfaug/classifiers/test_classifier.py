from collections.abc import Collection
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.augmentations import Augmentation
from cfaug.classifiers.classifier import Classifier
from cfaug.classifiers.invariances import Encoded, Invariance
from cfaug.classifiers.objectives import MixUp, Objective
from cfaug.classifiers.objectives.base import Seen
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
    module = Classifier(SPACE, (3, 8, 8), **options)
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


class Hardest(Objective):
    """The cross-entropy of one image."""

    def forward(self, seen: Seen) -> Tensor:
        return F.cross_entropy(seen.logits[4:5], seen.labels[4:5])


@pytest.mark.parametrize("counterfactuals", [True, False])
def test_another_objective_is_for_the_originals(batch: Batch, *, counterfactuals: bool) -> None:
    plain, module = classifier(), classifier(objective=Hardest())
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
    wanted = float(F.cross_entropy(logits[4:5], labels[4:5]).detach())
    assert found[1]["original" if counterfactuals else "loss"] == pytest.approx(wanted, rel=1e-4)
    if counterfactuals:
        assert found[1]["counterfactual"] == found[0]["counterfactual"]


def test_an_objective_sees_the_images_with_their_groups(batch: Batch) -> None:
    told: list[Seen] = []

    class Remembers(Objective):
        def forward(self, seen: Seen) -> Tensor:
            told.append(seen)
            return seen.logits.sum()

    classifier(objective=Remembers()).losses(batch)
    (seen,) = told
    assert torch.equal(seen.images, batch["image"])
    assert torch.equal(seen.targets, batch["attributes"][:, 0])
    assert torch.equal(seen.groups, SPACE.groups(batch["attributes"]))
    assert torch.equal(seen.environments, batch["attributes"][:, 1])
    assert seen.features.shape == (6, 128)


def test_counterfactuals_are_mixed_as_their_images_are(batch: Batch) -> None:
    module = classifier(objective=MixUp(alpha=1.0))
    torch.manual_seed(2)
    terms = module.losses(batch)
    torch.manual_seed(2)
    edited = module._generator[0].counterfactuals(batch)["image"]
    mixture = MixUp(alpha=1.0).mixture(batch, SPACE)
    targets = mixture.targets(batch["attributes"][:, 0], 3)
    logits = module(torch.cat([mixture.images(batch["image"]), mixture.images(edited)]))
    wanted = [F.cross_entropy(side, targets) for side in logits.chunk(2)]
    for name, term in zip(("original", "counterfactual"), wanted, strict=True):
        assert float(terms[name].detach()) == pytest.approx(float(term.detach()), rel=1e-4)


def test_several_edits_of_an_image_count_as_their_mean(batch: Batch) -> None:
    module = classifier(edits_per_image=3)
    torch.manual_seed(2)
    terms = module.losses(batch)
    torch.manual_seed(2)
    edits = [module._generator[0].counterfactuals(batch)["image"] for _ in range(3)]
    assert not torch.equal(edits[0], edits[1])
    original, *edited = module.network(torch.cat([batch["image"], *edits])).chunk(4)
    labels = batch["attributes"][:, 0]
    each = [F.cross_entropy(module.head(x), labels) for x in edited]
    distances = [((original - x) ** 2).sum(1).mean() for x in edited]
    for name, values in {"counterfactual": each, "distance": distances}.items():
        mean = float(torch.stack(values).mean().detach())
        assert float(terms[name].detach()) == pytest.approx(mean, rel=1e-4)


def test_augmentation_changes_images_and_counterfactuals_alike(batch: Batch) -> None:
    class Half(Augmentation):
        def forward(self, images: Tensor) -> Tensor:
            return images / 2

    module = classifier(augmentation=Half())
    torch.manual_seed(2)
    terms = module.losses(batch)
    torch.manual_seed(2)
    edited = module._generator[0].counterfactuals(batch)["image"]
    plain = classifier()
    plain._generator = []
    halves = {**batch, "image": batch["image"] / 2, "counterfactual": edited / 2}
    assert float(terms["loss"].detach()) == pytest.approx(
        float(plain.losses(halves)["loss"].detach()), rel=1e-4
    )


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


def test_another_invariance_takes_the_place_of_the_squared_distance(batch: Batch) -> None:
    class Far(Invariance):
        def forward(self, original: Encoded, edited: Encoded, labels: Tensor) -> Tensor:
            assert torch.equal(labels, batch["attributes"][:, 0])
            return (original.logits - edited.features[:, :3]).abs().max()

    module = classifier(invariance=Far())
    torch.manual_seed(2)
    terms = module.losses(batch)
    torch.manual_seed(2)
    edited = module._generator[0].counterfactuals(batch)["image"]
    a, b = module.network(torch.cat([batch["image"], edited])).chunk(2)
    wanted = (module.head(a) - b[:, :3]).abs().max()
    assert float(terms["distance"].detach()) == pytest.approx(float(wanted.detach()), rel=1e-4)
