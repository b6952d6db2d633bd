import itertools

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from cfaug.classifiers.objectives import IRM, DeepCORAL, VREx
from cfaug.classifiers.objectives.environments.coral import coral_distance
from tests.cfaug.classifiers.objectives.examples import beginning, seen

TABLE = torch.tensor([[0, 0], [1, 0], [2, 0], [0, 1], [0, 1], [2, 1], [1, 1]])


def risks(logits: Tensor) -> list[Tensor]:
    return [F.cross_entropy(logits[TABLE[:, 1] == e], TABLE[TABLE[:, 1] == e, 0]) for e in (0, 1)]


@pytest.mark.parametrize(("weight", "warmup", "used"), [(30.0, 0, 30.0), (30.0, 1, 1.0)])
def test_irm_is_the_squared_slope_by_a_factor_of_the_logits(
    weight: float, warmup: int, used: float
) -> None:
    """The reference takes the slope by autograd, as the paper defines it."""
    objective = IRM(weight, warmup)
    objective.begin(beginning(TABLE))
    batch = seen(TABLE)
    factor = torch.ones((), requires_grad=True)
    losses = risks(batch.logits * factor)
    slopes = [torch.autograd.grad(loss, factor, create_graph=True)[0] for loss in losses]
    penalty = torch.stack(slopes).square().mean()
    wanted = (torch.stack(losses).mean() + used * penalty) / used
    found = objective(batch)
    assert float(found.detach()) == pytest.approx(float(wanted.detach()), rel=1e-5)
    by_hand = torch.autograd.grad(wanted, batch.logits, retain_graph=True)[0]
    assert torch.allclose(torch.autograd.grad(found, batch.logits)[0], by_hand, atol=1e-6)


def test_the_penalty_grows_after_the_warm_up() -> None:
    objective = VREx(weight=100.0, warmup=2)
    objective.begin(beginning(TABLE))
    batch = seen(TABLE)
    losses = torch.stack(risks(batch.logits))
    mean, variance = losses.mean(), ((losses - losses.mean()) ** 2).mean()
    found = [float(objective(batch).detach()) for _ in range(3)]
    assert found[:2] == pytest.approx([float((mean + variance).detach())] * 2, rel=1e-5)
    assert found[2] == pytest.approx(float(((mean + 100 * variance) / 100).detach()), rel=1e-5)


def test_deep_coral_compares_covariances_of_all_pairs() -> None:
    torch.manual_seed(0)
    features, numbers = torch.randn(11, 4), torch.tensor([0] * 3 + [5] * 4 + [7] * 3 + [9])
    covariances = []
    for number in (0, 5, 7):  # 9 has one image, of which there is no covariance
        centred = features[numbers == number] - features[numbers == number].mean(0)
        covariances.append(centred.T @ centred / (len(centred) - 1))
    pairs = [((a - b) ** 2).sum() / (4 * 16) for a, b in itertools.combinations(covariances, 2)]
    assert torch.allclose(coral_distance(features, numbers), torch.stack(pairs).mean())
    alone = coral_distance(features.requires_grad_(), torch.arange(11))
    assert float(alone.detach()) == 0
    alone.backward()


def test_deep_coral_adds_its_distance_to_the_loss() -> None:
    batch = seen(TABLE)
    loss = F.cross_entropy(batch.logits, batch.labels)
    distance = coral_distance(batch.features, batch.environments)
    assert float(distance) > 0
    assert torch.allclose(DeepCORAL(weight=3.0)(batch), loss + 3 * distance)
