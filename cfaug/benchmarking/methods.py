"""The methods that a benchmark compares: YAMLs on top of the options of a classifier."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cfaug.benchmarking.plan import load_yaml

ERM = "erm"
"""The method that is ordinary training."""


@dataclass(frozen=True)
class Method:
    """A way to train a classifier.

    Args:
        path: Its YAML; the file's name is that of the method in tables.
    """

    path: Path

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.path.stem

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What its YAML says.

        Raises:
            ValueError: If it says nothing that a classifier could be told.
        """
        said = load_yaml(self.path) or {}
        if not isinstance(said, dict) or not said.keys() <= {"model", "data", "trainer"}:
            msg = f"{self.path} is no method: it may only have options under model, data, trainer"
            raise ValueError(msg)
        return said

    @cached_property
    def fixed(self) -> set[str]:
        """The names of the options that its YAML says, with dots between."""
        return set(_names(self.settings))

    @property
    def is_oracle(self) -> bool:
        """Whether it is trained on unconfounded data."""
        return bool(((self.settings.get("data") or {}).get("init_args") or {}).get("oracle"))


def _names(settings: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in settings.items():
        yield f"{before}{name}"
        if isinstance(value, Mapping):
            yield from _names(value, f"{before}{name}.")
