"""What the commands beside LightningCLI share."""

from inspect import signature
from pathlib import Path
from typing import Any, Literal, TypeVar

import wandb
from jsonargparse import ArgumentParser, set_parsing_settings
from lightning.pytorch import seed_everything

from cfaug import keys
from cfaug.callbacks.records import finish_record, run_record
from cfaug.generators.base import Generator
from cfaug.generators.checkpoints import LAST, find_generator, load_generator_for
from cfaug.tracking import RECORD, Identity, leave, use
from datamodules.base import AttributeDataModule
from datamodules.noise import require_seed
from datamodules.writing import write_json

set_parsing_settings(omegaconf_absolute_to_relative_paths=True)

Options = TypeVar("Options")

Precision = Literal["bf16-mixed", "16-mixed", "32-true"]
"""Lightning's names of the precisions that networks are trained in."""


def command_parser(command: str, description: str, **options: Any) -> ArgumentParser:
    """A parser that raises what is wrong with the words, for `run_reporting_errors` to tell.

    Args:
        command: Name of the command.
        description: What it does.
        options: See jsonargparse's ``ArgumentParser``.
    """
    return ArgumentParser(
        prog=f"cfaug {command}", description=description, exit_on_error=False, **options
    )


def parse_dataclass(
    kind: type[Options], command: str, description: str, args: list[str]
) -> Options:
    """The options of a command that are the fields of a dataclass, also from YAMLs (``-c``)."""
    parser = command_parser(command, description)
    parser.add_argument("-c", "--config", action="config", help="a YAML of these options")
    parser.add_class_arguments(kind, None)
    options = parser.parse_args(args)
    return kind(**{name: getattr(options, name) for name in signature(kind).parameters})


def data_parser(command: str, description: str, *, required: bool = True) -> ArgumentParser:
    """A parser with the options of a data module and a seed."""
    parser = command_parser(command, description, parser_mode="omegaconf+")
    parser.add_argument("-c", "--config", action="config", help="a YAML of these options")
    parser.add_subclass_arguments(AttributeDataModule, "data", required=required)
    parser.add_argument(
        "--seed",
        type=int,
        default=0,
        help="seed of the run; --data.init_args.seed is that of the images",
    )
    return parser


def add_folder_argument(parser: ArgumentParser, command: str) -> None:
    """Let the user name a folder for the results."""
    parser.add_argument(
        "--folder", type=Path, default=Path("runs", command), help="where the results go"
    )


def add_generator_argument(parser: ArgumentParser) -> None:
    """Let the user name a generator's checkpoint."""
    parser.add_argument(
        "--generator", type=Path, default=LAST, help="checkpoint, or 'last' for the last run's"
    )


def add_precision_argument(parser: ArgumentParser) -> None:
    """Let the user choose the precision in which judges are trained."""
    parser.add_argument(
        "--precision", type=Precision, default="bf16-mixed", help="that judges are trained in"
    )


def seed_run(seed: int) -> None:
    """Seed all that is random.

    Raises:
        ValueError: If the generators of random numbers do not take the seed.
    """
    require_seed("--seed", seed)
    seed_everything(seed, verbose=False)


def prepare(options: Any, parser: ArgumentParser) -> AttributeDataModule:
    """Seed, build the data module, load the data, make the folder where there is to be one.

    Raises:
        ValueError: If the folder cannot be written.
    """
    seed_run(options.seed)
    data: AttributeDataModule = parser.instantiate_classes(options).data
    data.prepare_data()
    data.setup()
    if "folder" in options:
        make_folder(options.folder)
    return data


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


def chosen_generator(path: Path, data: AttributeDataModule) -> tuple[Generator, Path]:
    """The generator to use, checked against the data, and its checkpoint.

    Raises:
        ValueError: If there is none or it was made for other data.
    """
    path = find_generator(path)
    return load_generator_for(path, data.attribute_space, data.image_shape), path


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
        figures: The figures under the names of `cfaug.keys`.
        pictures: PNGs in the folder.
        found: What else ``run.json`` is to tell.
        generator: The checkpoint that was used.
        counterfactuals: The folder that was made.
        edits: Edits to look at.
    """
    job = command[0]
    config = {**run_record(["cfaug", *command], identity), **(found or {})}
    config["pictures"] = [path.name for path in pictures]
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
