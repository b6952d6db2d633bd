"""The parts of the classifier's loss that an option names."""

from collections.abc import Callable
from importlib import import_module

from torch import Tensor

Distance = Callable[[Tensor, Tensor], Tensor]
"""Takes two (B, D) representations and gives their distance, a mean over images."""

Objective = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Takes logits (B, classes), labels (B,) and group numbers (B,), both int64, and gives a loss."""


def find_function(path: str, what: str) -> Callable[..., Tensor]:
    """Find the function that an option names.

    Args:
        path: Module and function, for example
            ``cfaug.classifiers.invariances.squared_distance``.
        what: What a message calls it.

    Raises:
        ValueError: If there is no such function in this package.
    """
    module, _, name = path.rpartition(".")
    # A checkpoint has the option too, and is not trusted to name code outside this package.
    if not module.startswith("cfaug."):
        msg = f"the {what} {path} is not in cfaug; put it in a file there: cfaug.MODULE.FUNCTION"
        raise ValueError(msg)
    try:
        found: Callable[..., Tensor] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        msg = f"there is no {what} {path} ({error}); expected cfaug.MODULE.FUNCTION"
        raise ValueError(msg) from error
    return found
