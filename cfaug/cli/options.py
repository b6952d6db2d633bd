"""Options that several commands have, and what is made from them."""

from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from jsonargparse import ArgumentParser, set_parsing_settings
from lightning.pytorch import seed_everything

from cfaug.cli.results import make_folder
from cfaug.generators.base import Generator
from cfaug.generators.generator_checkpoint import LAST, find_generator, load_generator_for
from cfaug.training.precision import Precision, fastest_precision
from datamodules.base import AttributeDataModule
from datamodules.checks import require_seed

set_parsing_settings(omegaconf_absolute_to_relative_paths=True)

Options = TypeVar("Options")


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


def parse_dataclasses(command: str, description: str, args: list[str], *kinds: type) -> Any:
    """The options of a command that are the fields of dataclasses, also from YAMLs (``-c``).

    Args:
        command: Name of the command.
        description: What it does.
        args: Its words.
        kinds: The dataclasses, see `made_from`.
    """
    parser = command_parser(command, description)
    parser.add_argument("-c", "--config", action="config", help="a YAML of these options")
    for kind in kinds:
        parser.add_class_arguments(kind, None)
    return parser.parse_args(args)


def made_from(options: Any, kind: type[Options]) -> Options:
    """A dataclass whose fields are options that a parser read."""
    names = [name for name in signature(kind).parameters if name in options]
    return kind(**{name: getattr(options, name) for name in names})


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


def add_generator_argument(parser: ArgumentParser, *, required: bool = True) -> None:
    """Let the user name a generator's checkpoint, or null where none is required."""
    named = "checkpoint, or 'last' for the last run's"
    parser.add_argument(
        "--generator",
        type=Path if required else Path | None,
        default=LAST,
        help=named if required else f"{named}; null tests a classifier without one",
    )


def add_precision_argument(parser: ArgumentParser) -> None:
    """Let the user choose the precision in which judges are trained."""
    parser.add_argument(
        "--precision",
        type=Precision,
        default=fastest_precision(),
        help="that judges are trained in",
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
    data: AttributeDataModule = parser.instantiate(options).data
    data.prepare_data()
    data.setup()
    if "folder" in options:
        make_folder(options.folder)
    return data


def chosen_generator(path: Path, data: AttributeDataModule) -> tuple[Generator, Path]:
    """The generator to use, checked against the data, and its checkpoint.

    Raises:
        ValueError: If there is none or it was made for other data.
    """
    path = find_generator(path)
    return load_generator_for(path, data), path
