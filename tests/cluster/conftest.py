"""A SLURM cluster of this machine alone, started for the tests and stopped after them."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CONFIG = """\
ClusterName=cfaug
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MailProg=/bin/true
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=30
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=2000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def free_port() -> int:
    """A port that nothing listens to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running cluster; the file of its configuration."""
    if shutil.which("slurmctld") is None or os.geteuid() != 0:
        pytest.fail("this needs root, and SLURM: apt-get install slurm-wlm munge")
    folder, host = tmp_path_factory.mktemp("slurm"), socket.gethostname().partition(".")[0]
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # munged refuses folders that others may write to
    (folder / "key").write_bytes(os.urandom(128))
    (folder / "key").chmod(0o400)
    config = folder / "slurm.conf"
    ports = {"port": free_port(), "node_port": free_port(), "cpus": os.cpu_count()}
    config.write_text(CONFIG.format(host=host, folder=folder, **ports))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    files = {"key-file": "key", "socket": "munge.socket", "pid-file": "m.pid", "seed-file": "seed"}
    munged = ["munged", "-F", "--force", f"--log-file={folder / 'munged.log'}"]
    munged += [f"--{option}={folder / name}" for option, name in files.items()]
    daemons = []
    try:
        for command in (
            munged,
            ["slurmctld", "-D", "-f", str(config)],
            ["slurmd", "-D", "-f", str(config), "-N", host],
        ):
            with (folder / f"{command[0]}.out").open("w") as out:
                daemons.append(subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT))
            time.sleep(1)
        wait_until_idle(config, folder)
        yield config
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait()


def wait_until_idle(config: Path, folder: Path) -> None:
    """Wait until the node takes jobs."""
    said = ""
    for _ in range(60):
        said = subprocess.run(
            ["sinfo", "-h", "-o", "%T"],
            env={**os.environ, "SLURM_CONF": str(config)},
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        if said == "idle":
            return
        time.sleep(0.5)
    logs = "\n".join(path.read_text() for path in folder.glob("*.out"))
    pytest.fail(f"the cluster does not start, sinfo says {said!r}\n{logs}")
