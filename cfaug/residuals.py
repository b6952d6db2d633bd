"""What a reconstruction lacks, carried over to an edit."""

import torch
from torch import Tensor
from torch.nn import functional as F


def copy_untouched(
    images: Tensor, before: Tensor, after: Tensor, relabelled: Tensor, gate: float
) -> Tensor:
    """Add to an edit what the reconstruction of the image lacks, where the edit changes little.

    A pixel's share is ``max(0, 1 - gate * |after - before|)``: an edit that changes nothing gives
    the image itself. Where the label changes, the change around a pixel counts: what is left of the
    old label's outline would contradict the new label.

    Args:
        images: (B, C, H, W) in [0, 1].
        before: (B, C, H, W), their reconstructions.
        after: (B, C, H, W), the edits drawn like the reconstructions.
        relabelled: (B,) bool, whether the edit changes the label.
        gate: How fast the share falls; 1 reaches zero at the largest change there can be.

    Returns:
        (B, C, H, W) in [0, 1].
    """
    change = (after - before).abs()
    around = F.max_pool2d(change.amax(1, keepdim=True), 3, stride=1, padding=1)
    change = torch.where(relabelled[:, None, None, None], around, change)
    share = (1 - gate * change).clamp(min=0)
    return (after + share * (images - before)).clamp(0, 1)
