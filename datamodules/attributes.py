"""Named attributes of labelled images: the one vocabulary that data, models and metrics share."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import torch
from torch import Tensor

MOST_GROUPS = 1_000_000
"""Most combinations of values that are handled one by one."""


class Batch(TypedDict):
    """What a loader yields and every model reads.

    - ``image`` is (B, 3, H, W) float32 in [0, 1].
    - ``attributes`` is (B, K) int64 in the order of the attribute space, including the label.
    - ``index`` is (B,) int64: the row in the split, or, for images in files, in the table.
    - ``source`` holds what a renderer needs to draw the image again. It is absent if images are not
      rendered.
    - ``counterfactual`` is (B, 3, H, W), read from disk. It is absent unless the data module has
      counterfactuals.
    """

    image: Tensor
    attributes: Tensor
    index: Tensor
    source: NotRequired[Tensor]
    counterfactual: NotRequired[Tensor]


@dataclass(frozen=True)
class Attribute:
    """A categorical attribute.

    Args:
        name: Name used in configurations, metrics and messages.
        values: Names of its values; the position of a value is its code in attribute tables.

    Raises:
        ValueError: If there are fewer than two values, or two of them share a name.
    """

    name: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.values) < 2:
            msg = (
                f"attribute '{self.name}' has {len(self.values)} value(s) {list(self.values)}; "
                "it needs at least 2: with one value there is nothing to edit or to learn; leave "
                "it out, or choose another label"
            )
            raise ValueError(msg)
        if len(set(self.values)) != len(self.values):
            msg = f"attribute '{self.name}' names a value twice: {list(self.values)}"
            raise ValueError(msg)

    def code(self, value: str | int) -> int:
        """Position of a value given by name or by number.

        Raises:
            ValueError: If the attribute has no such value.
        """
        name = str(value)
        if name not in self.values:
            msg = (
                f"attribute '{self.name}' has no value '{name}'; choose one of {list(self.values)}"
            )
            raise ValueError(msg)
        return self.values.index(name)


class AttributeSpace:
    """The attributes of a data set, in order, and which of them is the label.

    Args:
        attributes: The attributes; an attribute table has one column for each, in this order.
        label: Name of the attribute a classifier predicts.

    Raises:
        ValueError: If two attributes share a name or the label is not among them.
    """

    # Not a dataclass: jsonargparse would split it into options and could not link it as a whole.
    def __init__(self, attributes: tuple[Attribute, ...], label: str) -> None:
        self.attributes = attributes
        self.label = label
        if len(set(self.names)) != len(self.names):
            msg = f"two attributes share a name: {list(self.names)}"
            raise ValueError(msg)
        self.position(self.label)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AttributeSpace) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.attributes, self.label))

    def __repr__(self) -> str:
        return f"AttributeSpace({self.describe()})"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the attributes, in order."""
        return tuple(attribute.name for attribute in self.attributes)

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """Number of values of each attribute, in order."""
        return tuple(len(attribute.values) for attribute in self.attributes)

    @property
    def label_position(self) -> int:
        """Column of the label in an attribute table."""
        return self.position(self.label)

    @property
    def num_groups(self) -> int:
        """Number of combinations of values."""
        return math.prod(self.cardinalities)

    def position(self, name: str) -> int:
        """Column of an attribute in an attribute table.

        Raises:
            ValueError: If there is no attribute of that name.
        """
        if name not in self.names:
            msg = f"unknown attribute '{name}'; this data set has {list(self.names)}"
            raise ValueError(msg)
        return self.names.index(name)

    def groups(self, attributes: Tensor) -> Tensor:
        """Number of the combination of values in each row.

        Args:
            attributes: (B, K) int64 codes.

        Returns:
            (B,) int64 in [0, num_groups), the last attribute varying fastest.
        """
        groups = torch.zeros_like(attributes[:, 0])
        for column, cardinality in enumerate(self.cardinalities):
            groups = groups * cardinality + attributes[:, column]
        return groups

    def environments(self, attributes: Tensor) -> Tensor:
        """Number of the combination of all values but the label's in each row.

        Args:
            attributes: (B, K) int64 codes.

        Returns:
            (B,) int64, the groups that the rows would be in with the label's first value.
        """
        others = attributes.clone()
        others[:, self.label_position] = 0
        return self.groups(others)

    def values(self, group: int) -> list[str]:
        """The values of a combination, in the order of the attributes."""
        values: list[str] = []
        for attribute in reversed(self.attributes):
            group, code = divmod(group, len(attribute.values))
            values.append(attribute.values[code])
        return values[::-1]

    def group_name(self, group: int) -> str:
        """A combination by name, for example ``digit=3, color=red``."""
        named = zip(self.names, self.values(group), strict=True)
        return ", ".join(f"{name}={value}" for name, value in named)

    def encode(self, targets: Mapping[str, str | int]) -> dict[int, int]:
        """Translate wanted values by name, ``{"color": "red"}``, into ``{column: code}``.

        Raises:
            ValueError: If an attribute or a value is unknown.
        """
        columns = {name: self.position(name) for name in targets}
        return {
            columns[name]: self.attributes[columns[name]].code(value)
            for name, value in targets.items()
        }

    def require_same(self, other: "AttributeSpace", what: str) -> None:
        """Check that something was made for these attributes.

        Raises:
            ValueError: If the other space differs; the message names ``what`` and both spaces.
        """
        if self != other:
            alike = self.describe() == other.describe()
            theirs, ours = other.describe(values=alike), self.describe(values=alike)
            msg = (
                f"{what} was made for {theirs}, the data have {ours}; "
                "use data of the same attributes, or train it again on these"
            )
            raise ValueError(msg)

    def describe(self, *, values: bool = False) -> str:
        """One line: names, number of values or the values themselves, label."""
        parts = [
            f"{a.name} ({', '.join(a.values) if values else len(a.values)})"
            for a in self.attributes
        ]
        return f"{', '.join(parts)}, label {self.label}"


def attribute_space(values: Mapping[str, Sequence[str]], label: str) -> AttributeSpace:
    """Build a space from ``{name: values}``.

    >>> attribute_space({"digit": ["0", "1"], "color": ["red", "blue"]}, label="digit").num_groups
    4
    """
    return AttributeSpace(tuple(Attribute(n, tuple(v)) for n, v in values.items()), label)


# Checkpoints carry the space of the data they were trained on and are read with weights_only=True.
torch.serialization.add_safe_globals([Attribute, AttributeSpace])
