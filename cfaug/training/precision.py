"""The precisions that networks are trained in."""

from typing import Literal, get_args

Precision = Literal["bf16-mixed", "16-mixed", "32-true"]
"""Lightning's names of them."""

SHORT = {"bf16": "bf16-mixed", "16": "16-mixed", "32": "32-true"}
"""What Lightning takes for them, too."""


def require_precision(name: object) -> None:
    """Refuse the precisions in which weights have another type than the images.

    Args:
        name: What Lightning is to take; None for its default, 32-true.

    Raises:
        ValueError: If networks are not trained in it.
    """
    known = get_args(Precision)
    if name is not None and SHORT.get(str(name), str(name)) not in known:
        msg = f"--trainer.precision is {name}, expected one of {', '.join(known)}"
        raise ValueError(msg)
