"""Weights that were saved elsewhere."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

STATES = ("state_dict", "model_state_dict", "model")
"""What files call the weights, where they hold more than these."""


def read_weights(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """Read a state dict.

    It may lie in a dict under one of `STATES`. A word that stands before all names and before none
    of the network, such as ``module.``, is left out.

    Args:
        path: The file, as ``torch.save`` writes it.
        network: The network that it is for.

    Raises:
        ValueError: If it cannot be read.
    """
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        msg = f"{path} holds more than weights, a whole model perhaps; save its state_dict() alone"
        raise ValueError(msg) from error
    except Exception as error:  # any file may be given
        msg = f"cannot read the weights {path}: {_words(error)}"
        raise ValueError(msg) from error
    for key in STATES:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(v, Tensor) for v in found.values()):
        kind = [*found] if isinstance(found, Mapping) else type(found).__name__
        msg = f"the weights {path} are {kind}, expected a state dict of tensors"
        raise ValueError(msg)
    known = {name.partition(".")[0] for name in network.state_dict()}
    first = {str(name).partition(".")[0] for name in found}
    if len(first) == 1 and not first & known:
        return {str(name).partition(".")[2]: value for name, value in found.items()}
    return dict(found)


def load_weights(network: nn.Module, weights: dict[str, Tensor], path: Path, name: str) -> None:
    """Put weights into a network.

    Args:
        network: The network.
        weights: Those that `read_weights` read.
        path: Where, for messages.
        name: What messages call the network.

    Raises:
        ValueError: If they do not fit.
    """
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        msg = f"the weights {path} are not those of {name}: {_words(error)}"
        raise ValueError(msg) from error


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
