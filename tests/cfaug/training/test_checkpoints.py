from pathlib import Path

import pytest
import torch

from cfaug.training.checkpoints import WholeCheckpointIO

DISK_FULL = OSError(28, "No space left on device")


def test_a_checkpoint_is_replaced_only_by_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.ckpt"
    io = WholeCheckpointIO()
    io.save_checkpoint({"epoch": 1}, path)

    def full(checkpoint: object, part: Path) -> None:
        part.write_bytes(b"half")
        raise DISK_FULL

    monkeypatch.setattr("lightning.fabric.plugins.io.torch_io._atomic_save", full)
    with pytest.raises(ValueError, match=r"cannot write .*last.ckpt"):
        io.save_checkpoint({"epoch": 2}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]
