from pathlib import Path

import pytest
import torch

from cfaug.files import WholeCheckpointIO, whole_file

DISK_FULL = OSError(28, "No space left on device")


def fail_half_way(path: Path, error: BaseException = DISK_FULL) -> None:
    with whole_file(path) as part:
        part.write_text("half")
        raise error


def test_a_failed_write_keeps_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "new" / "figures.json"
    with pytest.raises(ValueError, match=r"cannot write .*figures.json .No space left on device"):
        fail_half_way(path)
    assert not list(path.parent.iterdir())
    path.write_text("before")
    with pytest.raises(ValueError, match="cannot write"):
        fail_half_way(path)
    with pytest.raises(KeyboardInterrupt):
        fail_half_way(path, KeyboardInterrupt())
    assert [file.read_text() for file in path.parent.iterdir()] == ["before"]


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
