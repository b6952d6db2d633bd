from pathlib import Path

import torch
from PIL import Image

from cfaug.auditing import audit_attributes
from cfaug.pictures import edit_stems, save_audit
from datamodules.attributes import attribute_space


def test_every_attribute_has_a_file_of_its_own() -> None:
    names = ["color", "a/b", "a-b", "Hat", "hat", "ü" * 300, "ü" * 301, "..", "c\\d"]
    stems = edit_stems(names)
    assert stems[0] == "do-color"
    assert stems[8] == "do-c-d"
    assert len({stem.casefold() for stem in stems}) == len(names)
    for stem in stems:
        assert "/" not in stem
        assert len(f"{stem}.png".encode()) <= 255


def test_a_heat_map_of_many_values_has_room_for_their_names(tmp_path: Path) -> None:
    values = [f"species {n:02}" for n in range(100)]
    space = attribute_space({"species": values, "site": ["a", "b"]}, label="species")
    table = torch.stack([torch.arange(400) % 100, torch.arange(400) // 100 % 2], dim=1)
    audit = audit_attributes(table, space, permutations=20, bootstraps=20)
    save_audit(audit, table, space, tmp_path / "audit.png")
    assert Image.open(tmp_path / "audit.png").height >= 100 * 12  # pixels of a line of text
