"""A benchmark as jobs of SLURM finds what one process finds, also where a job is queued again."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cfaug.cli.main import main
from tests.integration.test_benchmark_jobs import found, wait_for
from tests.integration.tiny import methods, tiny_benchmark

pytestmark = pytest.mark.slurm

UPDATES = ["--updates", "80", "--checks", "8"]
SLURM = ["--launcher", "submitit", "--slurm", "{timeout_min: 20, slurm_setup: ['true']}"]


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A benchmark of three cells, of which one needs the generator of another."""
    folder = tmp_path_factory.mktemp("benchmark")
    words = tiny_benchmark(folder)
    words += ["--generators", f"[{folder / 'beta-0.1.yaml'}]", "--methods", methods("erm")]
    return [*words, *UPDATES]


@pytest.fixture(scope="module")
def alone(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the benchmark, computed by one process."""
    folder = tmp_path_factory.mktemp("alone")
    assert main([*words, "--folder", str(folder)]) == 0
    return folder


def ask(config: Path, *command: str) -> str:
    """What a command of SLURM says."""
    environment = {**os.environ, "SLURM_CONF": str(config)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("requeue", ["by nobody", "by the administrator", "at the end of its time"])
def test_jobs_find_what_one_process_finds(
    requeue: str, words: list[str], alone: Path, slurm: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "cfaug", *words, "--folder", str(tmp_path), *SLURM]
    environment = {**os.environ, "SLURM_CONF": str(slurm), "OMP_NUM_THREADS": "1"}
    with (tmp_path / "out.txt").open("w") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        if requeue != "by nobody":
            place = "r-0.95/erm/seed-0"
            wait_for(tmp_path / place / "classifier/checkpoints/last.ckpt", seconds=600)
            job = job_of(slurm, tmp_path, place)
            if requeue == "by the administrator":
                ask(slurm, "scontrol", "requeue", job)
            else:  # as SLURM announces it
                ask(slurm, "scancel", "--signal=USR2", job)
            assert wait_for_restart(slurm, job) == 1
        assert process.wait(timeout=1200) == 0, (tmp_path / "out.txt").read_text()
    finally:
        process.send_signal(signal.SIGINT)  # cancels the jobs, if there are any left
        process.wait()
    assert found(tmp_path) == found(alone)
    assert len(found(alone)) == 3
    tables = [(folder / "results/table.csv").read_text() for folder in (tmp_path, alone)]
    columns = [[line.split(",")[:3] for line in table.splitlines()] for table in tables]
    assert columns[0] == columns[1]
    log = (tmp_path / "r-0.95/erm/seed-0/log.txt").read_text()
    assert ("to go on: the same command" in log) == (requeue != "by nobody")
    record = json.loads((tmp_path / "results/r-0.95/erm/seed-0.json").read_text())
    assert record["name"] == "erm"
    assert not ask(slurm, "squeue", "-h").strip()


def job_of(config: Path, folder: Path, place: str) -> str:
    """The job that computes a cell."""
    for _ in range(100):
        for line in ask(config, "squeue", "-h", "-t", "R", "-o", "%A %F_%K").splitlines():
            number, name = line.split()
            submitted = folder / "submitit" / f"{name}_submitted.pkl"
            if submitted.exists() and f"[{place}]".encode() in submitted.read_bytes():
                return number
        time.sleep(0.1)
    pytest.fail(f"no job computes {place}: {ask(config, 'squeue')}")


def wait_for_restart(config: Path, job: str) -> int:
    """Wait until a job was started again; how often it was."""
    for _ in range(3000):
        said = ask(config, "scontrol", "show", "job", job)
        if "JobState=RUNNING" in said and "Restarts=0" not in said:
            return int(said.split("Restarts=")[1].split()[0])
        time.sleep(0.1)
    pytest.fail(f"the job {job} does not start again: {said}")
