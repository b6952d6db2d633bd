"""What a reconstruction lacks, carried over to an edit."""

from torch import Tensor
from torch.nn import functional as F


def copy_untouched(images: Tensor, before: Tensor, after: Tensor, gate: float) -> Tensor:
    """Add to an edit what the reconstruction of the image lacks, where the edit changes little.

    A pixel's share is ``max(0, 1 - gate * change)``, the change being the largest
    ``|after - before|`` in any channel of the pixel and its eight neighbours: an edit that changes
    nothing gives the image itself. (The change of the channel alone would do for the sharpness; but
    it lets traces of the old colour through where the new one is as dark.)

    Args:
        images: (B, C, H, W) in [0, 1].
        before: (B, C, H, W), their reconstructions.
        after: (B, C, H, W), the edits drawn like the reconstructions.
        gate: How fast the share falls; 1 reaches zero at the largest change there can be.

    Returns:
        (B, C, H, W) in [0, 1].
    """
    change = (after - before).abs().amax(1, keepdim=True)
    around = F.max_pool2d(change, 3, stride=1, padding=1)
    share = (1 - gate * around).clamp(min=0)
    return (after + share * (images - before)).clamp(0, 1)
