"""Generators read back from their checkpoints."""

from pathlib import Path

import pytest
import torch

from cfaug.generators.generator_checkpoint import load_generator


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no generator checkpoint at"),
        (b"not a checkpoint", "not a readable generator checkpoint"),
    ],
)
def test_missing_and_damaged_checkpoints_are_named(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "last.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_generator(path)


def test_a_checkpoint_cannot_name_code_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"hyper_parameters": {"_class_path": "subprocess.Popen"}, "state_dict": {}}, path)
    with pytest.raises(ValueError, match="not in cfaug.generators"):
        load_generator(path)
