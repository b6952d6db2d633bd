"""Cells that are computed side by side: by processes of this machine, or by submitit."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cfaug.benchmarking.computing.slurm import Job
from cfaug.cli.main import main
from tests.integration.tiny import folder_of, methods


@pytest.fixture
def few(benchmark: list[str], tmp_path: Path) -> list[str]:
    """A benchmark of three cells, of which one needs the generator of another, in a new folder."""
    generator = folder_of(benchmark).parent / "beta-0.1.yaml"
    words = [*benchmark, "--generators", f"[{generator}]", "--methods", methods("erm")]
    return [*words, "--folder", str(tmp_path / "run")]


def found(folder: Path) -> dict[str, dict[str, object]]:
    """Figures of the cells."""
    cells = (folder / "results/r-0.95").glob("*/seed-0.json")
    return {path.parent.name: json.loads(path.read_text())["figures"] for path in cells}


def test_cells_side_by_side_find_what_they_find_in_turn(
    few: list[str], benchmark: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*few, "--jobs", "2"]) == 0
    folder, alone = Path(few[-1]), found(folder_of(benchmark))
    side_by_side = found(folder)
    assert side_by_side.keys() == {"erm", "beta-0.1", "erm+beta-0.1"}
    assert side_by_side == {name: alone[name] for name in side_by_side}
    assert len({str(figures) for figures in side_by_side.values()}) == 3
    told = capsys.readouterr().out
    assert "1/1: generator of beta-0.1" in told  # before what needs it
    assert "3/3: " in told
    for name in side_by_side:
        assert "run: " in (folder / f"r-0.95/{name}/seed-0/log.txt").read_text()


def test_a_job_of_submitit_finds_the_same(
    few: list[str], benchmark: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would ask SLURM where that is installed, though none runs.
    monkeypatch.setattr("submitit.SlurmExecutor.affinity", classmethod(lambda _: -1))
    words = [*few, "--generators", "[]", "--launcher", "submitit", "--slurm", "{timeout_min: 10}"]
    assert main(words) == 0
    folder, alone = Path(few[-1]), found(folder_of(benchmark))
    assert found(folder) == {"erm": alone["erm"]}
    assert list((folder / "submitit").glob("*_result.pkl"))


@pytest.mark.usefixtures("as_in_a_terminal")
def test_a_killed_cell_is_told_and_the_others_go_on(
    few: list[str], benchmark: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    folder = Path(few[-1])
    command = [sys.executable, "-m", "cfaug", *few, "--generators", "[]", "--jobs", "2"]
    command += ["--methods", methods("erm", "balanced"), "--updates", "4000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    logs = [folder / f"r-0.95/{name}/seed-0/classifier/metrics.csv" for name in ("erm", "balanced")]
    for log in logs:
        wait_for(log)
    worker = pid_of("r-0.95/erm/seed-0")
    os.kill(worker, signal.SIGKILL)
    wait_for(folder / "r-0.95/erm/seed-0/failed.txt")
    process.send_signal(signal.SIGINT)  # the other goes on until then, and is stopped too
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert (
        "erm, data, r = 0.95, seed 0 failed, the others go on: it ended with the status -9" in err
    )
    assert "balanced" not in err
    assert (folder / "r-0.95/balanced/seed-0/classifier/checkpoints/last.ckpt").exists()
    with pytest.raises(StopIteration):
        pid_of("r-0.95/balanced/seed-0")


def wait_for(path: Path, seconds: int = 60) -> None:
    """Wait until there is a file."""
    for _ in range(10 * seconds):
        if path.exists() and path.stat().st_size:
            return
        time.sleep(0.1)
    pytest.fail(f"{path} does not come")


def pid_of(place: str) -> int:
    """The process that computes a cell."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if f"[{place}]".encode() in words and b"--only" in words:
            return int(entry.parent.name)
    raise StopIteration


def test_a_job_that_has_to_stop_is_queued_again(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = Job([sys.executable, "-c", f"open({str(mark)!r}, 'a').write('x')"], tmp_path / "a/log")
    job()
    again = job.checkpoint()
    again.function()
    assert mark.read_text() == "xx"


def test_options_that_submitit_does_not_take_are_told(
    few: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*few, "--launcher", "submitit", "--slurm", "{minutes: 3}"]) == 1
    assert "submitit does not take the options {'minutes': 3}" in capsys.readouterr().err


def test_without_judges_generators_are_trained_for_those_that_need_them(
    few: list[str], benchmark: list[str]
) -> None:
    folder = Path(few[-1])
    words = [*few, "--judge_steps", "0"]
    generator = folder / "r-0.95/beta-0.1/seed-0/generator"
    assert main([*words, "--only", "[r-0.95/beta-0.1/seed-0/generator]"]) == 0
    assert (generator / "checkpoints/last.ckpt").exists()
    assert not found(folder)
    before = (generator / "checkpoints/last.ckpt").stat().st_mtime_ns
    assert main(words) == 0
    alone = found(folder_of(benchmark))
    assert found(folder) == {name: alone[name] for name in ("erm", "erm+beta-0.1")}
    assert (generator / "checkpoints/last.ckpt").stat().st_mtime_ns == before
    assert not (generator.parent / "evaluate").exists()
