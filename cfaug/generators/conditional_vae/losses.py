"""The terms of the conditional variational autoencoder's loss."""

from torch import Tensor
from torch.nn import functional as F


def reconstruction_loss(logits: Tensor, images: Tensor) -> Tensor:
    """Negative log-likelihood of Bernoulli pixels, summed over pixels, mean over images, in nats.

    Args:
        logits: (B, C, H, W).
        images: (B, C, H, W) in [0, 1].
    """
    pixels = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    return pixels.flatten(1).sum(1).mean()


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)), summed over dimensions, mean over images, in nats.

    Source: Kingma & Welling, arXiv 1312.6114, appendix B.

    Args:
        mean: (B, D).
        log_variance: (B, D).
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1).mean()


def group_lasso(norms: Tensor) -> Tensor:
    """The sum of the norms of groups of weights, which drives whole groups to zero.

    Source: Yuan & Lin, JRSS B 2006, equation 2.1.

    Args:
        norms: Root mean square of each group, of any shape.
    """
    return norms.sum()
