"""Copies the residual of a reconstruction into an edit."""

from torch import Tensor
from torch.nn import functional as F


def copy_untouched(images: Tensor, before: Tensor, after: Tensor, gate: float) -> Tensor:
    """Add the residual of the image's reconstruction to an edit where the edit changes little.

    Each pixel gets the share ``max(0, 1 - gate * change)`` of its residual. The change is the
    largest ``|after - before|`` in any channel of the pixel and its eight neighbours. So an edit
    that changes nothing returns the image itself. (The change of a single channel would be enough
    for sharpness, but would let traces of the old colour through where old and new are both dark.)

    Args:
        images: (B, C, H, W) in [0, 1].
        before: (B, C, H, W), their reconstructions.
        after: (B, C, H, W), the edits drawn like the reconstructions.
        gate: How fast the share falls; with 1 it is zero only at the largest possible change.

    Returns:
        (B, C, H, W) in [0, 1].
    """
    change = (after - before).abs().amax(1, keepdim=True)
    around = F.max_pool2d(change, 3, stride=1, padding=1)
    share = (1 - gate * around).clamp(min=0)
    return (after + share * (images - before)).clamp(0, 1)
