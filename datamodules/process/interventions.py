"""Interventions: set attributes to other values."""

from collections.abc import Collection, Mapping
from functools import partial

import torch
from torch import Tensor

from datamodules.attributes import AttributeSpace
from datamodules.process.devices import random_like
from datamodules.process.noise import uniform


def fresh_values(attributes: Tensor, space: AttributeSpace, columns: Collection[int]) -> Tensor:
    """Give the attributes in `columns` independent uniform values and keep the others.

    The values are never drawn from the confounded joint distribution, which would restore the
    confounding.

    Args:
        attributes: (B, K) int64 codes.
        space: The attributes.
        columns: Attributes to change.

    Returns:
        (B, K) int64 codes.
    """
    targets = attributes.clone()
    for column in columns:
        draw = partial(torch.randint, space.cardinalities[column])
        targets[:, column] = random_like(draw, targets[:, column])
    return targets


def fixed_values(attributes: Tensor, space: AttributeSpace, number: Tensor, seed: int) -> Tensor:
    """Give every attribute except the label a uniform value, computed from a number and a seed.

    Args:
        attributes: (B, K) int64 codes.
        space: The attributes.
        number: (B,) int64, different for each counterfactual.
        seed: The seed.

    Returns:
        (B, K) int64 codes.
    """
    targets = attributes.clone()
    for column in non_label_columns(space):
        noise = uniform(seed, f"augment/{space.names[column]}", number, 1)[:, 0]
        targets[:, column] = (noise * space.cardinalities[column]).long()
    return targets


def other_value(attributes: Tensor, space: AttributeSpace, column: int, shift: Tensor) -> Tensor:
    """Give one attribute a value that it does not have.

    Args:
        attributes: (B, K) int64 codes.
        space: The attributes.
        column: The attribute to change.
        shift: (B,) float in [0, 1), uniform; selects one of the other values.

    Returns:
        (B, K) int64 codes.
    """
    targets = attributes.clone()
    cardinality = space.cardinalities[column]
    step = 1 + (shift * (cardinality - 1)).long()
    targets[:, column] = (attributes[:, column] + step) % cardinality
    return targets


def set_values(attributes: Tensor, codes: Mapping[int, int]) -> Tensor:
    """Give every image the values in `codes` (``{column: code}``) and keep the other attributes.

    Args:
        attributes: (B, K) int64 codes.
        codes: The wanted values, see `AttributeSpace.encode`.

    Returns:
        (B, K) int64 codes.
    """
    targets = attributes.clone()
    for column, code in codes.items():
        targets[:, column] = code
    return targets


def non_label_columns(space: AttributeSpace) -> list[int]:
    """Columns of all attributes except the label."""
    return [k for k in range(len(space.attributes)) if k != space.label_position]


def edited_columns(space: AttributeSpace, codes: Mapping[int, int] | None) -> Collection[int]:
    """Columns that `set_values` sets with these codes; without, all attributes but the label."""
    return non_label_columns(space) if codes is None else codes.keys()


def single_edits(attributes: Tensor, column: int, cardinality: int) -> Tensor:
    """Every value of one attribute for each row: (B, K) to (cardinality, B, K)."""
    edits = attributes.repeat(cardinality, 1, 1)
    edits[:, :, column] = torch.arange(cardinality, device=attributes.device)[:, None]
    return edits
