import math

import torch
from torch import nn
from torch.distributions import ContinuousBernoulli, Normal, kl_divergence

from cfaug.generators.conditional_vae.adversary import attribute_loss, reverse_gradient
from cfaug.generators.conditional_vae.losses import gaussian_kl, reconstruction_loss


def test_reconstruction_is_the_bernoulli_likelihood_of_whole_images() -> None:
    logits, images = torch.randn(4, 3, 8, 8), torch.rand(4, 3, 8, 8)
    # The continuous Bernoulli differs from the Bernoulli by its normaliser alone.
    continuous = ContinuousBernoulli(logits=logits)
    expected = (
        -(continuous.log_prob(images) - continuous._cont_bern_log_norm()).sum((1, 2, 3)).mean()
    )
    assert torch.allclose(reconstruction_loss(logits, images), expected, rtol=1e-4)


def test_kl_is_that_of_torch() -> None:
    mean, log_variance = torch.randn(6, 5), torch.randn(6, 5)
    posterior = Normal(mean, (0.5 * log_variance).exp())
    expected = kl_divergence(posterior, Normal(torch.zeros(()), torch.ones(()))).sum(1).mean()
    assert torch.allclose(gaussian_kl(mean, log_variance), expected)


def test_attribute_loss_of_guessing_is_the_number_of_attributes() -> None:
    attributes = torch.tensor([[0, 1], [2, 0]])
    guessing = [torch.zeros(2, 3), torch.zeros(2, 2)]
    assert math.isclose(float(attribute_loss(guessing, attributes)), 2.0, rel_tol=1e-6)
    sure = [20 * nn.functional.one_hot(attributes[:, k], n).float() for k, n in enumerate((3, 2))]
    assert float(attribute_loss(sure, attributes)) < 1e-6


def test_reversed_gradient() -> None:
    x = torch.randn(3, requires_grad=True)
    y = reverse_gradient(x, 2.5)
    assert torch.equal(y, x)
    (y * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad is not None
    assert torch.allclose(x.grad, torch.tensor([-2.5, -5.0, -7.5]))
