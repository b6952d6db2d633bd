"""What a command leaves in its folder and in W&B."""

import os
from pathlib import Path
from typing import Any

import wandb

from cfaug.tracking import keys
from cfaug.tracking.artifacts import leave, use
from cfaug.tracking.run_names import RECORD, Identity
from cfaug.tracking.run_records import finish_record, run_record
from datamodules.storage.atomic_files import write_json


def make_folder(folder: Path) -> None:
    """Make the folder for the results.

    Raises:
        ValueError: If it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        msg = f"the folder {folder} cannot be written ({error}); choose another --folder"
        raise ValueError(msg) from error


def record(
    folder: Path,
    command: list[str],
    identity: Identity,
    figures: dict[str, float],
    pictures: list[Path],
    *,
    found: dict[str, Any] | None = None,
    generator: Path | None = None,
    counterfactuals: Path | None = None,
    edits: wandb.Table | None = None,
) -> None:
    """Leave the figures in ``metrics.json`` and, with the pictures, in a W&B run.

    Args:
        folder: The run folder.
        command: Words of the command, without ``cfaug``.
        identity: What the run is called.
        figures: The figures under the names of `cfaug.tracking.keys`.
        pictures: PNGs.
        found: What else ``run.json`` is to tell.
        generator: The checkpoint that was used.
        counterfactuals: The folder that was made.
        edits: Edits to look at.
    """
    job = command[0]
    config = {**run_record(["cfaug", *command], identity), **(found or {})}
    config["pictures"] = [os.path.relpath(path, folder) for path in pictures]
    if generator is not None:
        config["generator"] = str(generator)
    write_json(folder / "metrics.json", figures)
    write_json(folder / RECORD, config)
    finish_record(folder)
    shown: dict[str, Any] = {
        keys.PICTURE.format(job=job, name=path.stem): wandb.Image(str(path)) for path in pictures
    }
    if edits is not None:
        shown[keys.EDIT_TABLE] = edits
    named = identity.options(job)
    with wandb.init(project="cfaug", job_type=job, dir=folder, config=config, **named) as run:
        if generator is not None:
            use(run, generator, "generator", identity.data)
        run.log(figures)
        run.log(shown)
        if counterfactuals is not None:
            leave(run, counterfactuals, "counterfactuals", identity.data)
