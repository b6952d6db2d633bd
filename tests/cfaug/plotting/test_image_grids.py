from pathlib import Path

import pytest
import torch
from PIL import Image

from cfaug.auditing.attribute_audit import audit_attributes
from cfaug.plotting.heat_maps import save_audit
from cfaug.plotting.image_grids import edit_stems
from datamodules.attributes import attribute_space


@pytest.mark.parametrize(
    "names",
    [
        ["color", "c\\d", ".."],
        ["a/b", "a-b", "0-a-b"],
        ["a", "A", "a-1", "1-A"],
        ["\U0001f600" * 300, "\U0001f600" * 301],
    ],
)
def test_every_attribute_has_a_file_of_its_own(names: list[str]) -> None:
    stems = edit_stems(names)
    assert len({stem.casefold() for stem in stems}) == len(names)
    for stem in stems:
        assert stem.startswith("do-")
        assert "/" not in stem
        assert len(f"{stem}.png".encode()) <= 255


def test_names_that_files_can_have_are_kept() -> None:
    assert edit_stems(["color", "Wearing Hat", "a/b"]) == ["do-color", "do-Wearing Hat", "do-a-b"]


def test_a_heat_map_of_many_values_has_room_for_their_names(tmp_path: Path) -> None:
    values = [f"species {n:02}" for n in range(100)]
    space = attribute_space({"species": values, "site": ["a", "b"]}, label="species")
    table = torch.stack([torch.arange(400) % 100, torch.arange(400) // 100 % 2], dim=1)
    audit = audit_attributes(table, space, permutations=20, bootstraps=20)
    save_audit(audit, table, space, tmp_path / "audit.png")
    with Image.open(tmp_path / "audit.png") as picture:
        assert picture.height >= 100 * 12  # pixels of a line of text
