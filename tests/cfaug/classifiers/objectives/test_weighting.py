import math
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.classifiers.objectives import JTT, CrossEntropy, Focal, GroupDRO, GroupWeights, LfF
from cfaug.classifiers.objectives.base import Objective, Seen
from cfaug.classifiers.objectives.weighting import jtt
from tests.cfaug.classifiers.objectives.examples import SPACE, beginning, seen
from tests.cfaug.threads import devices_in_threads

TABLE = torch.tensor([[0, 0], [0, 0], [0, 0], [0, 1], [1, 0], [1, 1], [1, 1], [2, 1]])


def test_the_focal_loss_is_that_of_its_paper() -> None:
    batch = seen(TABLE)
    p = batch.logits.softmax(1)[range(8), batch.labels]
    assert torch.allclose(Focal(gamma=2.0)(batch), (-((1 - p) ** 2) * p.log()).mean())
    assert torch.allclose(Focal(gamma=0.0)(batch), CrossEntropy()(batch))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_the_focal_loss_has_a_slope_where_the_label_is_certain(gamma: float) -> None:
    logits = 200 * F.one_hot(TABLE[:, 0], 3).float()
    logits[0] = torch.tensor([0.2, -0.1, 0.3])  # all others are certain, and teach nothing
    batch = seen(TABLE, logits=logits.requires_grad_())
    (found,) = torch.autograd.grad(Focal(gamma)(batch), logits)
    exact = logits[:1].detach().double().requires_grad_()
    p = exact.softmax(1)[0, 0]
    (wanted,) = torch.autograd.grad(-((1 - p) ** gamma) * p.log() / 8, exact)
    assert torch.allclose(found[:1].double(), wanted, atol=1e-7)
    assert torch.equal(found[1:], torch.zeros(7, 3))


def test_group_weights_make_groups_count_alike() -> None:
    objective = GroupWeights()
    objective.begin(beginning(TABLE))
    batch = seen(TABLE)
    each = F.cross_entropy(batch.logits, batch.labels, reduction="none")
    means = [each[batch.groups == g].mean() for g in set(batch.groups.tolist())]
    assert torch.allclose(objective(batch), torch.stack(means).mean(), rtol=1e-5)


def test_group_dro_follows_the_algorithm_of_its_paper() -> None:
    """Worked by hand: two updates of q from losses chosen for it."""
    objective = GroupDRO(eta=0.5)
    objective.begin(beginning(TABLE))
    present = sorted(set(SPACE.groups(TABLE).tolist()))
    q = dict.fromkeys(present, 1 / 5)
    assert objective.q.tolist() == pytest.approx([q.get(g, 0.0) for g in range(6)])
    for seed, rows in ((1, [0, 1, 3, 4]), (2, [4, 5, 7])):
        batch = seen(TABLE[rows], seed)
        each = -batch.logits.detach().log_softmax(1)[range(len(rows)), batch.labels]
        losses = {
            g: float(each[batch.groups == g].mean()) if (batch.groups == g).any() else 0.0
            for g in present
        }
        q = {g: q[g] * math.exp(0.5 * losses[g]) for g in present}
        q = {g: share / sum(q.values()) for g, share in q.items()}
        loss = objective(batch)
        assert float(loss.detach()) == pytest.approx(
            sum(q[g] * losses[g] for g in present), rel=1e-5
        )
        assert objective.q.tolist() == pytest.approx([q.get(g, 0.0) for g in range(6)], rel=1e-5)
    loss.backward()
    assert batch.logits.grad is not None


def test_group_dro_gives_the_rarest_group_most_of_the_loss_when_it_is_the_worst() -> None:
    objective = GroupDRO(eta=1.0)
    objective.begin(beginning(TABLE))
    good = 4 * F.one_hot(TABLE[:, 0], 3).float()
    logits = torch.where(SPACE.groups(TABLE)[:, None] == 5, -good, good)  # 5 has a single image
    for _ in range(5):
        objective(seen(TABLE, logits=logits))
    assert objective.q.argmax() == 5
    assert float(objective.q[5]) > 0.99
    assert float(objective.q[2]) < 0.01


@pytest.mark.parametrize("rows", [list(range(8)), [0, 3, 4]])
def test_the_adjustment_of_group_dro_adds_to_small_groups(rows: list[int]) -> None:
    objective = GroupDRO(eta=1.0, adjustment=2.0)
    objective.begin(beginning(TABLE))
    # Every group has the same loss, or none in this batch.
    found = objective(seen(TABLE[rows], logits=torch.zeros(len(rows), 3)))
    sizes = {0: 3, 1: 1, 2: 1, 3: 2, 5: 1}
    here = SPACE.groups(TABLE[rows]).tolist()
    losses = {g: math.log(3) * (g in here) + 2 / math.sqrt(size) for g, size in sizes.items()}
    weights = {g: math.exp(loss) for g, loss in losses.items()}
    worst = sum(weights[g] * losses[g] for g in sizes) / sum(weights.values())
    assert float(found) == pytest.approx(worst, rel=1e-5)
    wanted = [weights.get(g, 0.0) / sum(weights.values()) for g in range(6)]
    assert objective.q.tolist() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("is_first", [True, False])
def test_jtt_emphasises_what_the_first_network_of_the_first_device_gets_wrong(
    monkeypatch: pytest.MonkeyPatch, *, is_first: bool
) -> None:
    """On another device the network of the first one may be wrong elsewhere, here in the first."""
    told = torch.eye(8, dtype=torch.int32)[0]
    monkeypatch.setattr(jtt, "of_first_device", lambda x: x if is_first else told.to(x))

    class Says(nn.Module):
        """Says 0 of every image, if it was trained for as long as it should be."""

        def __init__(self, updates: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))
            self.updates = updates

        def forward(self, images: Tensor) -> Tensor:
            said = 0 if self.updates == 7 else 1
            return F.one_hot(torch.full((len(images),), said), 3).float()

    start = beginning(TABLE, train_erm=Says)
    JTT(updates=7, times=5.0).begin(start)
    assert start.data.emphasis is not None
    found = [1, 1, 1, 1, 5, 5, 5, 5] if is_first else [5, *[1] * 7]
    assert start.data.emphasis.tolist() == found


class Reference:
    """The weights of LfF, image by image, after algorithm 1 and the authors' averages."""

    def __init__(self, labels: list[int]) -> None:
        self.labels = labels
        self.average: dict[str, dict[int, float]] = {"b": {}, "d": {}}

    def weights(self, index: list[int], b: list[float], d: list[float]) -> list[float]:
        for name, losses in (("b", b), ("d", d)):
            kept = self.average[name]
            for i, loss in zip(index, losses, strict=True):
                kept[i] = 0.7 * kept[i] + 0.3 * loss if i in kept else loss
        found = []
        for i in index:
            relative = {
                name: kept[i] / max(v for j, v in kept.items() if self.labels[j] == self.labels[i])
                for name, kept in self.average.items()
            }
            found.append(relative["b"] / (relative["b"] + relative["d"]))
        return found


def test_lff_weighs_images_as_its_reference_does() -> None:
    torch.manual_seed(3)
    objective = LfF()
    objective.begin(beginning(TABLE, lambda: nn.Sequential(nn.Flatten(), nn.Linear(48, 3))))
    reference = Reference(TABLE[:, 0].tolist())
    for seed, rows in ((1, [0, 2, 4, 7]), (2, [2, 3, 4, 5]), (3, [0, 1, 2, 3, 4, 5, 6, 7])):
        batch = seen(TABLE[rows], seed, index=torch.tensor(rows))
        biased = objective.biased(batch.images)
        ce = [F.cross_entropy(z, batch.labels, reduction="none") for z in (biased, batch.logits)]
        weight = torch.tensor(reference.weights(rows, ce[0].tolist(), ce[1].tolist()))
        p = biased.softmax(1)[range(len(rows)), batch.labels].detach()
        wanted = (0.7 * p**0.7 * ce[0]).mean() + (weight * ce[1]).mean()
        found = objective(batch)
        assert float(found.detach()) == pytest.approx(float(wanted.detach()), rel=1e-4)
        # Of the weighted cross-entropies, worked by hand: weights are no function of the networks.
        of_biased, of_classifier = (
            scale[:, None] * (z.softmax(1) - F.one_hot(batch.labels, 3)).detach() / len(rows)
            for scale, z in ((0.7 * p**0.7, biased), (weight, batch.logits))
        )
        linear = list(objective.biased.parameters())
        gradients = torch.autograd.grad(found, [batch.logits, *linear])
        by_hand = of_classifier, of_biased.T @ batch.images.flatten(1), of_biased.sum(0)
        for gradient, expected in zip(gradients, by_hand, strict=True):
            assert torch.allclose(gradient, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("objective", [GroupDRO(eta=0.5, adjustment=2.0), LfF()])
def test_two_devices_weigh_as_one_does(objective: Objective) -> None:
    """Loss and gradients of a device are of its images; theirs are averaged."""
    torch.manual_seed(3)
    objective.begin(beginning(TABLE, lambda: nn.Sequential(nn.Flatten(), nn.Linear(48, 3))))
    parts = [deepcopy(objective) for _ in range(2)]

    def learn(one: Objective, batch: Seen) -> list[Tensor]:
        loss = one(batch)
        return [loss.detach(), *torch.autograd.grad(loss, [batch.logits, *one.parameters()])]

    asking = ("datamodules.process.devices", "cfaug.classifiers.objectives.weighting.group_dro")
    for seed in (1, 2, 3):
        batch = seen(TABLE, seed)
        whole = learn(objective, batch)
        shares = [
            Seen(**{name: part.detach()[rank::2] for name, part in vars(batch).items()})
            for rank in range(2)
        ]
        for share in shares:
            share.logits.requires_grad_()
        with devices_in_threads(2, *asking) as threads:
            found = list(threads.map(learn, parts, shares))
        loss, logits, *weights = whole
        assert torch.allclose(torch.stack([part[0] for part in found]).mean(), loss)
        for rank, part in enumerate(found):
            assert torch.allclose(part[1] / 2, logits[rank::2], atol=1e-7)
        for place, expected in enumerate(weights, start=2):
            assert torch.allclose(sum(part[place] for part in found) / 2, expected, atol=1e-7)
        for part in parts:
            for name, value in objective.named_buffers():
                assert torch.allclose(part.get_buffer(name), value), name
