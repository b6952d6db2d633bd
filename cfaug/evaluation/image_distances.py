"""Distances of images from images that they should equal."""

from torch import Tensor
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)


def distance(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of images (B, C, H, W) in [0, 1], in grey levels, 0 to 255."""
    return 255 * (a - b).abs().mean()


def exact_errors(edited: Tensor, truth: Tensor) -> dict[str, Tensor]:
    """Distances of images from their true counterfactuals, means over images.

    Args:
        edited: (B, C, H, W) in [0, 1].
        truth: (B, C, H, W) in [0, 1].

    Returns:
        ``l1`` in grey levels (0 to 255), ``psnr`` in dB, ``ssim`` up to 1.
    """
    psnr = peak_signal_noise_ratio(
        edited, truth, data_range=1.0, dim=(1, 2, 3), reduction="elementwise_mean"
    )
    ssim = structural_similarity_index_measure(edited, truth, data_range=1.0)
    assert isinstance(ssim, Tensor)  # no map was asked for
    return {"l1": distance(edited, truth), "psnr": psnr, "ssim": ssim}
