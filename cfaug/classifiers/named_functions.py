"""Finds the parts of the classifier's loss that an option names."""

from collections.abc import Callable
from importlib import import_module

from torch import Tensor

Distance = Callable[[Tensor, Tensor], Tensor]
"""Takes two (B, D) representations and returns their distance, a mean over images."""

Objective = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Takes logits (B, classes), labels (B,) and group numbers (B,), both int64, and returns a loss."""


def find_function(path: str, what: str) -> Callable[..., Tensor]:
    """Find the function that an option names.

    Args:
        path: Module and function, for example
            ``cfaug.classifiers.invariances.squared_distance``.
        what: Name of the function's role in messages.

    Raises:
        ValueError: If there is no such function in this package.
    """
    module, _, name = path.rpartition(".")
    # The option may come from a checkpoint, which may only name code in this package, for safety.
    if not module.startswith("cfaug."):
        msg = f"the {what} {path} is not in cfaug; put it in a file there: cfaug.MODULE.FUNCTION"
        raise ValueError(msg)
    try:
        found: Callable[..., Tensor] = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        msg = f"there is no {what} {path} ({error}); expected cfaug.MODULE.FUNCTION"
        raise ValueError(msg) from error
    return found
