"""The parts of a cell: what each takes when it is stopped, and what it leaves."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from cfaug.benchmarking import parts
from cfaug.benchmarking.parts import Part, run_part


class Clock:
    """A clock that moves when a command is run."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(parts, "monotonic", found)
    return found


class Command:
    """A command that takes a while, and may be stopped.

    Args:
        part: What runs it.
        clock: Tells the time.
    """

    def __init__(self, part: Part, clock: Clock) -> None:
        self.part, self.clock = part, clock
        self.words: list[str] = []

    def run(self, seconds: float, *, stopped: bool = False, leaves_weights: bool = True) -> float:
        def command(name: str, words: list[str]) -> None:
            self.words = [name, *words]
            self.clock.now += seconds
            if leaves_weights:
                self.part.checkpoint.parent.mkdir(parents=True, exist_ok=True)
                self.part.checkpoint.touch()
            if stopped:
                raise KeyboardInterrupt

        return run_part(self.part, "group", Console(file=StringIO()), command)


def test_a_part_that_was_stopped_took_the_seconds_of_all_stretches(
    tmp_path: Path, clock: Clock
) -> None:
    part = Part("classifier", tmp_path / "classifier", ["classifier", "fit"])
    command = Command(part, clock)
    for seconds in (100.0, 20.0):
        with pytest.raises(KeyboardInterrupt):
            command.run(seconds, stopped=True)
    assert part.seconds() is None
    assert command.run(3.0) == 123
    assert command.words[2:] == ["--ckpt_path", str(part.checkpoint)]
    assert part.seconds() == 123
    assert command.run(9.0) == 123  # it is not run again


def test_a_stretch_that_left_no_weights_does_not_count(tmp_path: Path, clock: Clock) -> None:
    part = Part("classifier", tmp_path / "classifier", ["classifier", "fit"])
    command = Command(part, clock)
    with pytest.raises(KeyboardInterrupt):
        command.run(100.0, stopped=True, leaves_weights=False)
    assert command.run(3.0) == 3
    assert command.words == ["classifier", "fit"]


def test_the_yamls_of_a_part_are_written_when_it_is_run(tmp_path: Path, clock: Clock) -> None:
    said = {tmp_path / "new/classifier.yaml": json.dumps({"data": {}})}
    part = Part("classifier", tmp_path / "new/classifier", ["classifier", "fit"], said)
    assert not list(tmp_path.iterdir())
    Command(part, clock).run(3.0)
    assert (tmp_path / "new/classifier.yaml").read_text() == '{"data": {}}'
