"""The confounded process that draws attribute tables."""

from collections.abc import Mapping

import torch
from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.noise import uniform


def strength_from_conflicting_share(share: float, cardinality: int) -> float:
    """Strength r for a share ε of bias-conflicting samples, ε = (1 − r)(1 − 1/|V|).

    >>> strength_from_conflicting_share(0.09, 10)
    0.9

    Raises:
        ValueError: If no strength gives that share.
    """
    most = 1 - 1 / cardinality
    if not 0 <= share <= most:
        msg = (
            f"conflicting_share is {share}, expected a number from 0 (total confounding) to "
            f"{most:g} (none) for an attribute of {cardinality} values"
        )
        raise ValueError(msg)
    return 1 - share / most


def resolve_strengths(space: AttributeSpace, strength: float | Mapping[str, float]) -> list[float]:
    """One strength per attribute, the label's being 0.

    Args:
        space: The attributes.
        strength: One number for all attributes but the label, or one for each by name.

    Raises:
        ValueError: If a strength lies outside [0, 1], or a name is missing or unknown.
    """
    others = [name for name in space.names if name != space.label]
    by_name = dict(strength) if isinstance(strength, Mapping) else dict.fromkeys(others, strength)
    if set(by_name) != set(others):
        msg = f"strength names {sorted(by_name)}, expected one for each of {sorted(others)}"
        raise ValueError(msg)
    for name, value in by_name.items():
        if not 0 <= value <= 1:
            msg = f"strength of '{name}' is {value}, expected a number from 0 (none) to 1 (total)"
            raise ValueError(msg)
    return [by_name.get(name, 0.0) for name in space.names]


def draw_attributes(
    labels: Tensor,
    space: AttributeSpace,
    strength: float | Mapping[str, float],
    seed: int,
    split: str,
) -> Tensor:
    """Draw the attribute table of labelled images under a hidden confounder.

    With probability r an attribute takes the value aligned with the label, ``label mod |V|``;
    otherwise any value, uniformly. So P(aligned) = r + (1 − r)/|V|. A row depends on the seed, the
    split, its position and its label alone, and raising r only turns conflicting rows into aligned
    ones.

    Args:
        labels: (N,) int64 codes of the label.
        space: The attributes.
        strength: r for all attributes but the label, or by name; see `resolve_strengths`.
        seed: Seed of the experiment.
        split: Name of the split; splits get independent draws.

    Returns:
        (N, K) int64 codes in the order of the space.

    Raises:
        ValueError: If the strength is out of range or names other attributes.
    """
    index = torch.arange(len(labels))
    columns: list[Tensor] = []
    for attribute, r in zip(space.attributes, resolve_strengths(space, strength), strict=True):
        if attribute.name == space.label:
            columns.append(labels.long())
            continue
        draws = uniform(seed, f"process/{split}/{attribute.name}", index, 2)
        cardinality = len(attribute.values)
        anything = (draws[:, 1] * cardinality).long()
        columns.append(torch.where(draws[:, 0] < r, labels % cardinality, anything))
    return torch.stack(columns, dim=1)
