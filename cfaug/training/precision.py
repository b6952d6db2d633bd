"""The precisions that networks are trained in."""

from collections.abc import Mapping
from typing import Literal, get_args

import torch

Precision = Literal["bf16-mixed", "16-mixed", "32-true"]
"""Lightning's names of them."""

SHORT = {"bf16": "bf16-mixed", "16": "16-mixed", "32": "32-true"}
"""What Lightning takes for them, too."""


BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16")
"""What torch calls the instructions for bfloat16 of processors by Intel and AMD, and by Arm."""


def fastest_precision(accelerator: str = "auto") -> Precision:
    """The precision that a device trains in where none is asked for.

    It is ``bf16-mixed`` where the device has arithmetic for it. A processor that has none imitates
    it, and takes ten times as long as in ``32-true``.

    Args:
        accelerator: Lightning's name of the device.
    """
    if accelerator in {"auto", "gpu", "cuda"} and torch.cuda.is_available():
        has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False)
    elif accelerator in {"auto", "gpu", "mps"} and torch.backends.mps.is_available():
        has_bfloat16 = False
    else:
        # torch before 2.10 cannot tell.
        known: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
        has_bfloat16 = any(known.get(name, False) for name in BFLOAT16)
    return "bf16-mixed" if has_bfloat16 else "32-true"


def require_precision(name: object) -> None:
    """Refuse the precisions in which weights have another type than the images.

    Args:
        name: What Lightning is to take; None for the fastest.

    Raises:
        ValueError: If networks are not trained in it.
    """
    known = get_args(Precision)
    if name is not None and SHORT.get(str(name), str(name)) not in known:
        msg = f"--trainer.precision is {name}, expected one of {', '.join(known)}"
        raise ValueError(msg)
