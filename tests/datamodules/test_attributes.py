import pytest
import torch

from datamodules.attributes import Attribute, attribute_space

SPACE = attribute_space({"digit": ["0", "1", "2"], "color": ["red", "blue"]}, label="digit")


def test_groups_number_every_combination_once() -> None:
    table = torch.cartesian_prod(torch.arange(3), torch.arange(2))
    assert SPACE.groups(table).tolist() == list(range(SPACE.num_groups))
    names = [SPACE.group_name(group) for group in range(SPACE.num_groups)]
    assert names[0] == "digit=0, color=red"
    assert names[3] == "digit=1, color=blue"
    assert len(set(names)) == 6


def test_targets_are_encoded_by_name_and_number() -> None:
    assert SPACE.encode({"color": "blue", "digit": 2}) == {1: 1, 0: 2}


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"colour": "red"}, "unknown attribute 'colour'.*digit.*color"),
        ({"color": "green"}, "'color' has no value 'green'.*red.*blue"),
    ],
)
def test_unknown_targets_are_named(targets: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SPACE.encode(targets)


def test_an_attribute_needs_two_values() -> None:
    with pytest.raises(ValueError, match="'color' has 1 value"):
        Attribute("color", ("red",))


def test_other_spaces_are_refused() -> None:
    other = attribute_space({"digit": ["0", "1", "2"], "angle": ["0", "30"]}, label="digit")
    with pytest.raises(
        ValueError, match="the generator x was made for .*angle.*the data have .*color"
    ):
        SPACE.require_same(other, "the generator x")
