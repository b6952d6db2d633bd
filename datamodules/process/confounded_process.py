"""The confounded process that draws attribute tables."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.process.noise import uniform


def strength_from_conflicting_share(share: float, cardinality: int) -> float:
    """Strength r for a share ε of bias-conflicting samples, ``ε = (1 − r)(1 − 1/|V|)``.

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
    """One strength for each attribute; that of the label is 0.

    Args:
        space: The attributes.
        strength: One number for all attributes except the label, or one for each by name.

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


def resolve_alignment(
    space: AttributeSpace, alignment: Mapping[str, Sequence[str | int]]
) -> dict[str, Tensor]:
    """Codes of the values that the confounder ties to each label, for each attribute.

    Args:
        space: The attributes.
        alignment: For some attributes, the values tied to the labels, in the order of the labels;
            the others use ``label mod |V|``.

    Returns:
        For each attribute except the label its (number of labels,) int64 codes.

    Raises:
        ValueError: If an attribute or a value is unknown, or values are too few or too many.
    """
    labels = space.cardinalities[space.label_position]
    others = {a.name: a for a in space.attributes if a.name != space.label}
    if unknown := set(alignment) - set(others):
        msg = f"alignment names {sorted(unknown)}, expected some of {list(others)}"
        raise ValueError(msg)
    codes = {name: torch.arange(labels) % len(a.values) for name, a in others.items()}
    for name, values in alignment.items():
        if len(values) != labels:
            msg = (
                f"alignment of '{name}' has {len(values)} values, expected one for each of the "
                f"{labels} values of '{space.label}'"
            )
            raise ValueError(msg)
        codes[name] = torch.tensor([others[name].code(value) for value in values])
    return codes


def replace_labels(labels: Tensor, cardinality: int, share: float, seed: int, split: str) -> Tensor:
    """Give a share of images a wrong label, drawn uniformly from the others.

    Args:
        labels: (N,) int64 codes.
        cardinality: Number of values of the label.
        share: Probability that a label is replaced.
        seed: Seed of the experiment.
        split: Name of the split; splits get independent draws.

    Returns:
        (N,) int64 codes.
    """
    draws = uniform(seed, f"label noise/{split}", torch.arange(len(labels)), 2)
    other = (labels + 1 + (draws[:, 1] * (cardinality - 1)).long()) % cardinality
    return torch.where(draws[:, 0] < share, other, labels)


def draw_attributes(
    labels: Tensor,
    space: AttributeSpace,
    strength: float | Mapping[str, float],
    seed: int,
    split: str,
    alignment: Mapping[str, Sequence[str | int]] | None = None,
) -> Tensor:
    """Draw the attribute table of labelled images under a hidden confounder.

    With probability r an attribute takes the value aligned with the label; otherwise its value is
    drawn uniformly. So ``P(aligned) = r + (1 − r)/|V|``. A row depends only on the seed, the split,
    its position and its label. A higher r only turns conflicting rows into aligned ones.

    Args:
        labels: (N,) int64 codes of the label.
        space: The attributes.
        strength: r for all attributes except the label, or by name; see `resolve_strengths`.
        seed: Seed of the experiment.
        split: Name of the split; splits get independent draws.
        alignment: See `resolve_alignment`.

    Returns:
        (N, K) int64 codes in the order of the space.

    Raises:
        ValueError: If the strength is out of range, or it or the alignment names other attributes.
    """
    index = torch.arange(len(labels))
    aligned = resolve_alignment(space, alignment or {})
    columns: list[Tensor] = []
    for attribute, r in zip(space.attributes, resolve_strengths(space, strength), strict=True):
        if attribute.name == space.label:
            columns.append(labels.long())
            continue
        draws = uniform(seed, f"process/{split}/{attribute.name}", index, 2)
        cardinality = len(attribute.values)
        anything = (draws[:, 1] * cardinality).long()
        columns.append(torch.where(draws[:, 0] < r, aligned[attribute.name][labels], anything))
    return torch.stack(columns, dim=1)
