"""Combinations with few images, by the attributes that matter."""

import torch

from cfaug.auditing.attribute_audit import audit_attributes
from cfaug.auditing.thin_combinations import Thin, thin_combinations
from datamodules.attributes import attribute_space

SPACE = attribute_space({"hat": ["a", "b"], "hair": ["c", "d"], "coat": ["e", "f"]}, "hair")


def thin(rows: list[list[int]], few: int = 2) -> Thin | None:
    attributes = torch.tensor(rows)
    audit = audit_attributes(attributes, SPACE, permutations=1, bootstraps=2)
    return thin_combinations(attributes, SPACE, audit.pairs, few)


def test_the_label_and_the_attribute_that_goes_with_it_most_are_named() -> None:
    # Coat goes with hair, but for two images; hat goes with nothing.
    rows = [[k % 2, k // 2 % 2, k // 2 % 2] for k in range(40)] + [[0, 1, 0]] * 2
    assert thin(rows) == Thin(("hair", "coat"), 4, 1, 1, {"c/f": 0, "d/e": 2})


def test_two_attributes_are_named_where_no_pair_is_thin() -> None:
    # Every two values have images; hat, hair and coat together are even in number.
    rows = [[a, b, (a + b) % 2] for a in range(2) for b in range(2)] * 10
    found = thin(rows)
    assert found is not None
    assert found.names[0] == "hair"
    assert (len(found.names), found.combinations, found.empty, found.rare) == (3, 8, 4, 0)


def test_where_all_have_images_none_is_named() -> None:
    assert thin([[a, b, c] for a in range(2) for b in range(2) for c in range(2)] * 3) is None
