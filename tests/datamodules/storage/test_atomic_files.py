import os
import signal
import time
from pathlib import Path

import pytest

from datamodules.storage.atomic_files import whole_file, whole_folder

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


def folder_fails(path: Path, error: BaseException) -> None:
    with whole_folder(path) as part:
        (part / "half").write_text("half")
        raise error


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    for error, raised in ((DISK_FULL, ValueError), (KeyboardInterrupt(), KeyboardInterrupt)):
        with pytest.raises(raised):
            folder_fails(path, error)
        assert not list(path.parent.iterdir())
    with whole_folder(path) as part:
        (part / "file").write_text("whole")
    assert (path / "file").read_text() == "whole"
    assert path.stat().st_mode & 0o777 == (tmp_path / "new").stat().st_mode & 0o777
    with pytest.raises(ValueError, match="folder exists; choose another"):
        folder_fails(path, DISK_FULL)


def is_ended_in(path: Path) -> None:
    with whole_folder(path) as part:
        (part / "half").write_text("half")
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)


def test_a_folder_does_not_stay_half_where_the_program_is_ended(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit, match="143"):
        is_ended_in(tmp_path / "folder")
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGTERM) is before
