"""Losses of other authors' generators, by worked examples."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.generators.published.conditional_cycle_gan import (
    ConditionalCycleGAN,
    contrastive_loss,
    pairs,
)
from cfaug.generators.published.deep_scm import DeepSCM
from cfaug.generators.published.star_gan import StarGAN, gradient_penalty
from cfaug.generators.published.translation_networks import one_hot, with_maps
from datamodules.attributes import attribute_space

SPACE = attribute_space({"digit": list("012"), "color": list("ab")}, "digit")


def test_values_are_told_side_by_side() -> None:
    codes = torch.tensor([[2, 0], [0, 1]])
    told = one_hot(codes, SPACE.cardinalities)
    assert told.tolist() == [[0, 0, 1, 1, 0], [1, 0, 0, 0, 1]]
    both = with_maps(torch.zeros(2, 3, 4, 4), told)
    assert both.shape == (2, 8, 4, 4)
    assert (both[0, 3:] == told[0, :, None, None]).all()


class Linear(nn.Module):
    """Scores whose gradient is the same everywhere."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return (images * self.weight).flatten(1).sum(1), images


def test_the_gradient_penalty_of_a_linear_critic_follows_from_its_norm() -> None:
    critic = Linear(torch.full((3, 2, 2), 0.5))  # of norm sqrt(12 / 4)
    found = gradient_penalty(critic, torch.rand(4, 3, 2, 2), torch.rand(4, 3, 2, 2))
    assert found.item() == pytest.approx((3**0.5 - 1) ** 2)
    found.backward()
    assert critic.weight.grad is not None
    assert (critic.weight.grad > 0).all()  # smaller weights would have a norm nearer to 1


def test_stargans_terms_are_those_of_its_equations() -> None:
    torch.manual_seed(0)
    gan = StarGAN(SPACE, (3, 8, 8), classification=2, reconstruction=3, penalty=0, channels=8)
    images, rows = torch.rand(4, 3, 8, 8) * 2 - 1, torch.tensor([[0, 0], [1, 1], [2, 0], [0, 1]])
    wanted = rows.flip(0)

    def told(codes: Tensor) -> Tensor:
        return torch.cat([F.one_hot(codes[:, 0], 3), F.one_hot(codes[:, 1], 2)], 1).float()

    def read(x: Tensor, codes: Tensor) -> Tensor:
        logits = gan.critic(x)[1]
        digit = F.cross_entropy(logits[:, :3], codes[:, 0]) / torch.log(torch.tensor(3.0))
        return digit + F.cross_entropy(logits[:, 3:], codes[:, 1]) / torch.log(torch.tensor(2.0))

    edited = gan.translator(images, told(wanted))
    critic = gan.critic_losses(images, rows, wanted)["loss"]
    expected = gan.critic(edited)[0].mean() - gan.critic(images)[0].mean() + 2 * read(images, rows)
    assert critic.item() == pytest.approx(expected.item(), abs=1e-5)
    translator = gan.translator_losses(images, rows, wanted)["loss"]
    back = (gan.translator(edited, told(rows)) - images).abs().mean()
    expected = -gan.critic(edited)[0].mean() + 2 * read(edited, wanted) + 3 * back
    assert translator.item() == pytest.approx(expected.item(), abs=1e-5)


def test_the_critic_learns_nothing_through_the_translator_and_the_reverse() -> None:
    gan = StarGAN(SPACE, (3, 8, 8), channels=8)
    images, rows = torch.rand(4, 3, 8, 8) * 2 - 1, torch.zeros(4, 2).long()
    gan.critic_losses(images, rows, rows)["loss"].backward()
    assert all(weight.grad is None for weight in gan.translator.parameters())
    assert any(weight.grad is not None for weight in gan.critic.parameters())


def test_pairs_differ_in_exactly_one_attribute() -> None:
    rows = torch.tensor([[0, 0, 0], [0, 0, 1], [1, 1, 0], [1, 2, 0], [5, 5, 5]])
    sources, wanted, columns = pairs(rows)
    assert wanted.tolist() == [0, 1, 2, 3]
    assert sources.tolist() == [1, 0, 3, 2]
    assert columns.tolist() == [2, 2, 1, 1]
    assert [len(part) for part in pairs(rows[[0, 2, 4]])] == [0, 0, 0]


def test_each_image_gets_any_of_its_partners() -> None:
    rows = torch.tensor([[0, 0], [0, 1], [0, 2]])
    seen = {int(pairs(rows)[0][0]) for _ in range(50)}
    assert seen == {1, 2}


def test_the_contrastive_term_by_hand() -> None:
    x, y = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    first = torch.tensor([0])
    assert contrastive_loss([x, x], [y, x], first).item() == pytest.approx(0, abs=1e-6)
    assert contrastive_loss([x, x], [x, x], first).item() == pytest.approx(1)
    assert contrastive_loss([x, x], [y, y], first).item() == pytest.approx(1)
    assert contrastive_loss([x, x], [x, -x], first).item() == pytest.approx(3)
    assert contrastive_loss([x, x], [-x, x], first).item() == pytest.approx(0, abs=1e-6)


def test_the_noise_of_every_pixel_is_kept() -> None:
    scm = DeepSCM(SPACE, (3, 8, 8), latent=4, channels=8).eval()
    images, rows = torch.rand(2, 3, 8, 8) * 0.2 + 0.4, torch.zeros(2, 2).long()
    assert torch.allclose(scm.edit(images, rows, rows, [0, 1]), images, atol=1e-6)
    u = scm._infer(images, rows)[0]
    before = images - scm._draw(u, rows)
    after = scm.edit(images, rows, 1 - rows, [0, 1]) - scm._draw(u, 1 - rows)
    assert torch.allclose(before, after, atol=1e-5)


def test_the_bound_is_that_of_gaussian_pixels() -> None:
    scm = DeepSCM(SPACE, (3, 8, 8), latent=4, log_variance=-2.0, channels=8)
    batch = {"image": torch.rand(4, 3, 8, 8), "attributes": torch.zeros(4, 2).long()}
    torch.manual_seed(0)
    losses = scm.losses(batch)
    torch.manual_seed(0)
    mean, log_variance = scm._infer(batch["image"], batch["attributes"])
    posterior = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    u = mean + torch.randn_like(mean) * posterior.scale
    pixels = torch.distributions.Normal(scm._draw(u, batch["attributes"]), torch.e**-1.0)
    constant = pixels.log_prob(pixels.mean).flatten(1).sum(1)
    likelihood = (pixels.log_prob(batch["image"]).flatten(1).sum(1) - constant).mean()
    prior = torch.distributions.Normal(0.0, 1.0)
    kl = torch.distributions.kl_divergence(posterior, prior).sum(1).mean()
    assert losses["reconstruction"].item() == pytest.approx(-likelihood.item(), rel=1e-4)
    assert losses["kl"].item() == pytest.approx(kl.item(), rel=1e-4)
    assert losses["loss"].item() == pytest.approx((kl - likelihood).item(), rel=1e-4)


@pytest.mark.parametrize("everywhere", [True, False])
def test_devices_of_the_cycle_gan_learn_together_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, *, everywhere: bool
) -> None:
    """Here images have partners, and on another device they may have none."""
    module = ConditionalCycleGAN(SPACE, (3, 8, 8), pretraining=0, channels=8, blocks=1)
    asked, updated = [], []

    def agree(decision: bool) -> bool:
        asked.append(decision)
        return everywhere

    strategy = SimpleNamespace(reduce_boolean_decision=agree)
    told = {"current_epoch": 0, "num_training_batches": 4}
    module._trainer = cast("Any", SimpleNamespace(strategy=strategy, **told))
    monkeypatch.setattr(module, "update", lambda place, losses: updated.append(place))
    rows = torch.tensor([[0, 0], [0, 1], [1, 0]])
    module.training_step(
        {"image": torch.rand(3, 3, 8, 8), "attributes": rows, "index": torch.arange(3)}, 0
    )
    assert asked == [True]
    assert updated == ([0, 1] if everywhere else [])
