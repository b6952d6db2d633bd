"""Random values of options, as a sweep of W&B names their distributions."""

import math
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Parameters = Mapping[str, Mapping[str, Any]]
"""The options and what each may be, ``values``, or ``min`` and ``max`` with a ``distribution``."""


def draw_values(parameters: Parameters, seed: int, number: int, file: Path) -> dict[str, Any]:
    """Values that follow from a seed and a number; the first options do not depend on later ones.

    Args:
        parameters: The options.
        seed: Seed of all draws.
        number: Number of the draw.
        file: Where the options come from, for errors.

    Raises:
        ValueError: If a distribution is not known here.
    """
    draw = random.Random(f"{seed}/{number}")
    return {name: _drawn(draw, told, name, file) for name, told in parameters.items()}


def _drawn(draw: random.Random, told: Mapping[str, Any], name: str, file: Path) -> Any:
    match told:
        case {"values": values}:
            return draw.choice(values)
        case {"distribution": "uniform", "min": low, "max": high}:
            return draw.uniform(low, high)
        case {"distribution": "log_uniform_values", "min": low, "max": high}:
            return math.exp(draw.uniform(math.log(low), math.log(high)))
    said = dict(told) if isinstance(told, Mapping) else told
    msg = f"{file}: {name} is {said}, expected values, or min and max with distribution "
    raise ValueError(f"{msg}uniform or log_uniform_values")
