"""The files that one run leaves for another, as W&B's artifacts."""

import re
from pathlib import Path

import wandb

from cfaug.tracking.run_names import read_record


def artifact(path: Path, kind: str, data: str) -> wandb.Artifact:
    """A checkpoint, or a folder of counterfactuals, for W&B.

    A checkpoint goes up with the run. The shards of a folder stay where they are: W&B gets their
    places and checksums.

    Args:
        path: The checkpoint or the folder.
        kind: ``generator``, ``classifier`` or ``counterfactuals``.
        data: Name of the data, see `Identity`.
    """
    name = re.sub(r"[^\w.-]", "-", f"{kind}-{data}")[:128]
    folder = path.is_dir()
    made = wandb.Artifact(name, "dataset" if folder else "model", metadata={"path": str(path)})
    if folder:
        for shard in sorted(path.glob("*.parquet")):
            made.add_reference(shard.resolve().as_uri(), shard.name)
    else:
        # Neither W&B's cache nor its staging folder gets a copy of every checkpoint.
        made.add_file(str(path), policy="immutable", skip_cache=True)
    return made


def leave(run: wandb.Run, path: Path, kind: str, data: str) -> None:
    """Log a checkpoint or a folder as what the run made."""
    run.log_artifact(artifact(path, kind, data))


def use(run: wandb.Run, path: Path, kind: str, data: str) -> None:
    """Log a checkpoint or a folder as what the run uses; W&B knows it again by its checksums.

    Args:
        run: The run that uses it.
        path: The checkpoint or the folder.
        kind: See `artifact`.
        data: Name of the run's data, in case the run that made it left no record.
    """
    found = artifact(path, kind, read_record(path).get("dataset", data))
    if run.offline:
        # use_artifact wants a server; this is what it does once it has one.
        run._log_artifact(found, use_after_commit=True)
    else:
        run.use_artifact(found)
