"""What may be drawn of each method's options."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfaug.benchmarking.methods import Method
from cfaug.benchmarking.plan import load_yaml
from cfaug.benchmarking.tuning.random_values import Parameters, draw_values

EVERY, COMPOSED = "every method", "counterfactuals"
"""What a space calls the options of all methods, and of those with counterfactuals."""


@dataclass(frozen=True)
class Space:
    """The options of methods that are drawn at random, and how.

    Args:
        path: A YAML with the options of ``every method``, of ``counterfactuals``, and of each
            method by its name. An option is written as in a sweep of W&B, ``{values: [1, 2]}`` or
            ``{distribution: log_uniform_values, min: 0.1, max: 10}``.
    """

    path: Path

    def parameters(self, method: Method, *, composed: bool) -> dict[str, Any]:
        """What is drawn for a method: nothing that its own YAML says.

        Args:
            method: The method.
            composed: Whether it is trained with counterfactuals.

        Raises:
            ValueError: If the file is no space.
        """
        said = load_yaml(self.path)
        parts = [EVERY, *([COMPOSED] if composed else []), method.name]
        if not isinstance(said, dict) or not all(isinstance(p, dict) for p in said.values()):
            msg = f"{self.path} is no space: it may only have {EVERY}, {COMPOSED} and names of "
            raise ValueError(f"{msg}methods, each with options")
        found: Parameters = {k: v for part in parts for k, v in said.get(part, {}).items()}
        return {name: told for name, told in found.items() if name not in method.fixed}

    def draw(self, method: Method, seed: int, number: int, *, composed: bool) -> dict[str, Any]:
        """The options of a draw; draw 0 is what the YAMLs say.

        Args:
            method: The method.
            seed: Seed of all draws.
            number: Number of the draw.
            composed: Whether it is trained with counterfactuals.
        """
        if number == 0:
            return {}
        return draw_values(self.parameters(method, composed=composed), seed, number, self.path)
