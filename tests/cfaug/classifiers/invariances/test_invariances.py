import pytest
import torch
from torch.nn import functional as F

from cfaug.classifiers.invariances import (
    ClassConditionalMMD,
    CosineDistance,
    Encoded,
    Invariance,
    LogitPairing,
    SquaredDistance,
    SupervisedContrastive,
)

LABELS = torch.tensor([0, 1, 0, 1, 1, 2])


def pair() -> tuple[Encoded, Encoded]:
    torch.manual_seed(0)
    one, other = (Encoded(torch.randn(6, 4), torch.randn(6, 3)) for _ in range(2))
    return one, other


def test_distances_are_those_of_their_definitions() -> None:
    a, b = pair()
    squared = torch.stack([((a.features[i] - b.features[i]) ** 2).sum() for i in range(6)])
    assert torch.allclose(SquaredDistance()(a, b, LABELS), squared.mean())
    pairing = torch.stack([((a.logits[i] - b.logits[i]) ** 2).sum() for i in range(6)])
    assert torch.allclose(LogitPairing()(a, b, LABELS), pairing.mean())
    one, other = (F.normalize(x.features, dim=1) for x in (a, b))
    assert torch.allclose(CosineDistance()(a, b, LABELS), 1 - (one * other).sum(1).mean())


def test_the_contrastive_loss_is_that_of_its_paper() -> None:
    """Equation 2, L_out: a sum over all 2B anchors, written out."""
    a, b = pair()
    z = F.normalize(torch.cat([a.features, b.features]), dim=1)
    labels, total = LABELS.tolist() * 2, torch.zeros(())
    for i in range(12):
        rest = torch.stack([(z[i] @ z[k] / 0.2).exp() for k in range(12) if k != i]).sum()
        positive = [p for p in range(12) if p != i and labels[p] == labels[i]]
        terms = [((z[i] @ z[p] / 0.2).exp() / rest).log() for p in positive]
        total = total - torch.stack(terms).sum() / len(positive)
    found = SupervisedContrastive(temperature=0.2)(a, b, LABELS)
    assert torch.allclose(found, total / 12, rtol=1e-4)


def test_the_discrepancy_is_that_of_its_paper_for_each_label() -> None:
    a, b = pair()
    total = 0.0
    for label in range(3):
        x, y = (side.features[label == LABELS] for side in (a, b))
        both = torch.cat([x, y])
        width = float(torch.cdist(both, both).square().mean())

        def kernel(u: torch.Tensor, v: torch.Tensor, width: float = width) -> float:
            return float((-torch.cdist(u, v).square() / width).exp().mean())

        total += len(x) * (kernel(x, x) + kernel(y, y) - 2 * kernel(x, y))
    found = ClassConditionalMMD()(a, b, LABELS)
    assert float(found) == pytest.approx(total / 6, rel=1e-3)


@pytest.mark.parametrize(
    "term", [SquaredDistance(), CosineDistance(), LogitPairing(), ClassConditionalMMD()]
)
def test_equal_views_have_no_distance_and_others_send_gradients_to_both(term: Invariance) -> None:
    a, b = pair()
    assert float(term(a, a, LABELS)) == pytest.approx(0.0, abs=1e-6)
    used = [x.logits if isinstance(term, LogitPairing) else x.features for x in (a, b)]
    for x in used:
        x.requires_grad_()
    term(a, b, LABELS).backward()
    assert all(x.grad is not None and x.grad.any() for x in used)
