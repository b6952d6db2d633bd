"""Distances between representations of an image and of its counterfactual, by name."""

from collections.abc import Callable
from importlib import import_module

from torch import Tensor

Distance = Callable[[Tensor, Tensor], Tensor]
"""Takes two (B, D) representations and gives their distance, a mean over images."""


def find_distance(path: str) -> Distance:
    """Find the function that an option names.

    Args:
        path: Module and function, for example ``cfaug.losses.squared_distance``.

    Raises:
        ValueError: If there is no such function in this package.
    """
    module, _, name = path.rpartition(".")
    # A checkpoint has the option too, and is not trusted to name code outside this package.
    if not module.startswith("cfaug."):
        msg = f"the distance {path} is not in cfaug; put it in a file there: cfaug.MODULE.FUNCTION"
        raise ValueError(msg)
    try:
        found: Distance = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        msg = f"there is no distance {path} ({error}); expected cfaug.MODULE.FUNCTION"
        raise ValueError(msg) from error
    return found
