"""The command line: ``cfaug generator fit``, ``cfaug classifier fit``, and the other commands."""

import os
import sys
from codecs import lookup
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from itertools import pairwise
from locale import getpreferredencoding
from pathlib import Path

import yaml

from cfaug.cli.errors import run_reporting_errors
from cfaug.cli.output.quiet import be_quiet
from cfaug.cli.own_modules import look_in_working_folder_last

USAGE = """usage: cfaug COMMAND [options]

  generator fit|validate|test|predict    train a generator of counterfactuals
  classifier fit|validate|test|predict   train a classifier
  audit       measure the confounding of a data set
  evaluate    judge a generator
  augment     write counterfactuals to disk
  export      counterfactuals on disk as PNGs and a table
  report      one page on one or several runs
  explore     a local page to edit images and see what classifiers say
  dashboard   a W&B workspace with a panel for all that runs log
  faces       draw a small data set in the layout of CelebA
  benchmark   the whole loop over strengths, methods and seeds: audit to table
  tune        as many random draws of each method's options, and the best of each
  sweep       try values of options at random

`cfaug COMMAND --help` shows its options. Options can stand in a YAML, -c FILE, of all
but export, report, faces and sweep.
"""
MODULES = ("generator", "classifier")
COMMANDS = (
    "audit",
    "evaluate",
    "augment",
    "export",
    "report",
    "explore",
    "dashboard",
    "faces",
    "benchmark",
    "tune",
    "sweep",
)

WANDB_MODES = ("online", "offline", "shared", "disabled", "dryrun", "run")
"""What W&B takes."""

look_in_working_folder_last()  # here, for a process that loads data and imports this file alone


def main(args: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        args: Words of the command line; None for those of the process.

    Returns:
        Exit status.
    """
    if isinstance(sys.stdout, TextIOWrapper):  # a notebook's is none
        sys.stdout.reconfigure(errors="replace")  # for names that the terminal's encoding lacks
    words = list(sys.argv[1:] if args is None else args)
    if not words or words[0] in {"-h", "--help"}:
        print(USAGE)
        return 0 if words else 2
    command, *rest = words
    if command not in MODULES + COMMANDS:
        print(f"cfaug: error: unknown command '{command}'\n\n{USAGE}", file=sys.stderr)
        return 2
    # No login is ever asked for; WANDB_MODE=online works.
    if os.environ.setdefault("WANDB_MODE", "offline") not in WANDB_MODES:
        told = f"WANDB_MODE is {os.environ['WANDB_MODE']}, expected one of {', '.join(WANDB_MODES)}"
        print(f"cfaug: error: {told}", file=sys.stderr)
        return 2
    os.environ.setdefault("WANDB_SILENT", "true")
    return run_reporting_errors(lambda: run_command(command, rest))


def run_command(name: str, args: list[str]) -> None:
    """Run a command of ``MODULES`` or ``COMMANDS``.

    Raises:
        ValueError: If a YAML cannot be read.
    """
    for option, file in pairwise(args):
        if option in {"-c", "--config"} and Path(file).is_file():
            _require_options(Path(file))
    # Imported late: `cfaug --help` should not wait for torch.
    be_quiet()
    if name in COMMANDS:
        import_module(f"cfaug.cli.commands.{name}").main(args)
        return
    from cfaug.cli.lightning_cli import run_classifier, run_generator

    (run_generator if name == "generator" else run_classifier)(args)


def _require_options(path: Path) -> None:
    """Refuse what is no YAML of options: a parser would not name the file.

    Raises:
        ValueError: If it is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
        said = yaml.safe_load(text)
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 ({error}); save it as UTF-8"
        raise ValueError(msg) from error
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", error)
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        msg = f"{path} is no YAML ({place}{problem}); indent by blanks, not by tabs"
        raise ValueError(msg) from error
    if not isinstance(said, dict):
        what = {type(None): "nothing", list: "a list"}.get(type(said), "text")
        msg = f"{path} holds {what}, expected options by name, such as `data:` or `trainer:`"
        raise ValueError(msg)
    encoding = lookup(getpreferredencoding(False)).name
    if encoding != "utf-8" and not text.isascii():  # which the parser would take for that
        msg = f"{path} is UTF-8, but Python reads YAMLs as {encoding} here; set PYTHONUTF8=1"
        raise ValueError(msg)
