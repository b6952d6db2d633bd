from typing import cast

import pytest
import torch
from torch.nn import functional as F

from cfaug.classifiers.objectives import LISA, AugMix, CutMix, MixUp, Objective, SelecMix
from cfaug.classifiers.objectives.mixing.aug_mix import jensen_shannon
from cfaug.classifiers.objectives.mixing.mixture import Mixture, random_partner
from datamodules.attributes import Batch
from datamodules.process import devices
from tests.cfaug.classifiers.objectives.examples import SPACE, seen

TABLE = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1], [0, 0], [2, 1]] * 4)


@pytest.fixture
def batch() -> Batch:
    torch.manual_seed(0)
    images = torch.rand(24, 3, 8, 8)
    return {"image": images, "attributes": TABLE, "index": torch.arange(24)}


def mixture_of(objective: Objective, batch: Batch) -> Mixture:
    return cast("Mixture", objective.mixture(batch, SPACE))


def test_a_mixture_is_that_of_its_definition() -> None:
    images = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)
    share = torch.tensor([0.25, 1.0])
    mixture = Mixture(torch.tensor([1, 0]), share[:, None, None, None], share)
    assert mixture.images(images).flatten().tolist() == [2.5, 3.0]
    targets = mixture.targets(torch.tensor([0, 2]), 3)
    assert targets.tolist() == [[0.25, 0.0, 0.75], [0.0, 0.0, 1.0]]


def test_partners_are_allowed_ones_and_all_of_them_come() -> None:
    allowed = torch.tensor([[0, 1, 1], [1, 0, 0], [0, 0, 0]], dtype=torch.bool)
    torch.manual_seed(0)
    found = torch.stack([random_partner(allowed) for _ in range(50)])
    assert set(found[:, 0].tolist()) == {1, 2}
    assert set(found[:, 1].tolist()) == {0}
    assert set(found[:, 2].tolist()) == {2}


def test_mixup_has_one_share_and_its_loss_is_that_of_both_labels(batch: Batch) -> None:
    torch.manual_seed(1)
    mixture = mixture_of(MixUp(alpha=1.0), batch)
    assert len(set(mixture.label_share.tolist())) == 1
    share, labels = float(mixture.label_share[0]), TABLE[:, 0]
    assert 0 < share < 1
    assert sorted(mixture.partner.tolist()) == list(range(24))
    images = mixture.images(batch["image"])
    wanted = share * batch["image"] + (1 - share) * batch["image"][mixture.partner]
    assert torch.allclose(images, wanted)
    both = seen(TABLE, targets=mixture.targets(labels, 3))
    one, other = (F.cross_entropy(both.logits, y) for y in (labels, labels[mixture.partner]))
    assert torch.allclose(MixUp()(both), share * one + (1 - share) * other, rtol=1e-5)


def test_cutmix_pastes_a_box_and_counts_its_area(batch: Batch) -> None:
    for seed in range(20):
        torch.manual_seed(seed)
        mixture = mixture_of(CutMix(), batch)
        own = mixture.share[0, 0].bool()
        assert float(mixture.label_share[0]) == pytest.approx(float(own.float().mean()))
        rows, columns = (~own).nonzero(as_tuple=True)
        if len(rows):  # what is pasted is a whole rectangle
            area = (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
            assert len(rows) == area
        images = mixture.images(batch["image"])
        assert torch.equal(images[:, :, own], batch["image"][:, :, own])
        pasted = batch["image"][mixture.partner]
        assert torch.equal(images[:, :, ~own], pasted[:, :, ~own])


@pytest.mark.parametrize("p_sel", [1.0, 0.0])
def test_lisa_mixes_within_a_label_or_within_other_attributes(batch: Batch, p_sel: float) -> None:
    torch.manual_seed(0)
    mixture = mixture_of(LISA(p_sel=p_sel), batch)
    partner = TABLE[mixture.partner]
    same, differs = (0, 1) if p_sel else (1, 0)
    alone = torch.tensor([False] * 5 + [p_sel == 1.0]).repeat(4)  # 2 has one colour only
    assert torch.equal(partner[:, same], TABLE[:, same])
    assert torch.equal(partner[:, differs] == TABLE[:, differs], alone)
    assert len(set(mixture.label_share.tolist())) == 24


def test_selecmix_takes_contradicting_pairs_and_the_label_of_the_partner(batch: Batch) -> None:
    kinds = set()
    for seed in range(10):
        torch.manual_seed(seed)
        mixture = mixture_of(SelecMix(), batch)
        assert float(mixture.share.max()) <= 0.5
        assert torch.equal(
            mixture.targets(TABLE[:, 0], 3), F.one_hot(TABLE[mixture.partner, 0], 3).float()
        )
        same = (TABLE[mixture.partner] == TABLE)[:5]  # 2 has one colour only
        kinds |= {tuple(pair) for pair in same.tolist()}
    assert kinds == {(True, False), (False, True)}


def test_augmix_adds_the_divergence_of_three_views() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3 * 24, 3)
    batch = seen(TABLE, logits=logits)
    p = logits.softmax(1).view(3, 24, 3)
    mixed = p.mean(0)
    kl = [(q * (q / mixed).log()).sum(1).mean() for q in p]
    wanted = F.cross_entropy(logits[:24], TABLE[:, 0]) + 12 * torch.stack(kl).mean()
    assert torch.allclose(AugMix()(batch), wanted, rtol=1e-4)
    assert float(jensen_shannon(p[:1].repeat(3, 1, 1))) == pytest.approx(0.0, abs=1e-6)


def test_augmix_shows_an_image_and_two_changed_ones(batch: Batch) -> None:
    torch.manual_seed(0)
    images = batch["image"].repeat_interleave(4, 2).repeat_interleave(4, 3)
    views = AugMix().show(images)
    clean, one, other = views.chunk(3)
    assert torch.equal(clean, images)
    assert views.dtype == images.dtype
    assert 0 <= float(views.min()) <= float(views.max()) <= 1
    for a, b in ((clean, one), (clean, other), (one, other)):
        assert ((a - b).abs().flatten(1).amax(1) > 0.02).float().mean() > 0.5


@pytest.mark.parametrize("objective", [LISA(), SelecMix()])
def test_devices_draw_together_the_shares_that_one_draws(
    objective: Objective, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(3)
    alone = mixture_of(objective, batch).share
    for rank in range(2):
        monkeypatch.setattr(devices, "this_device", lambda rank=rank: (rank, 2))
        torch.manual_seed(3)
        here = cast("Batch", {name: part[rank::2] for name, part in batch.items()})
        assert torch.equal(mixture_of(objective, here).share, alone[rank::2])


def test_devices_show_other_views(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for rank in range(2):
        monkeypatch.setattr(devices, "this_device", lambda rank=rank: (rank, 2))
        torch.manual_seed(3)
        found.append(AugMix().show(batch["image"]))
    assert not torch.equal(found[0], found[1])
