"""The parts of the whole loop, each a command line; finished parts are not computed again."""

import hashlib
import json
import logging
import math
import os
import shlex
import statistics
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from time import monotonic
from typing import Any

import wandb
import yaml
from rich.console import Console

from cfaug.tracking.claims import claim
from datamodules.base import AttributeDataModule
from datamodules.storage.atomic_files import write_json

RunCommand = Callable[[str, list[str]], None]

METHODS: dict[str, list[str]] = {
    "erm": [],
    "balanced": ["--data.init_args.sampling", "balanced"],
    "counterfactual": ["--model.generator", "{generator}"],
    "oracle": ["--data.init_args.oracle", "true"],
}
"""What each method adds to the command that trains a classifier."""

TITLES = {
    "erm": "ERM",
    "balanced": "group-balanced",
    "counterfactual": "counterfactual",
    "oracle": "oracle",
}


@dataclass
class Plan:
    """What a benchmark runs.

    Args:
        base: YAML that generator and classifier share.
        data: YAML of the data module.
        generator: YAML of the generator.
        classifier: YAML of the classifier.
        folder: Where everything goes; finished parts found there are not computed again.
        strength: Strength of the confounding; None for that of the data's YAML.
        root: Folder that holds ``MNIST/raw``; None for that of the data's YAML.
        seeds: Seeds of the classifiers; the generator has the first.
        generator_epochs: Epochs of the generator; None for those of its YAML.
        classifier_epochs: Epochs of each classifier.
        judge_steps: Updates of each judge, probe and transfer classifier.
    """

    base: Path
    data: Path
    generator: Path
    classifier: Path
    folder: Path
    strength: float | None = None
    root: Path | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    generator_epochs: int | None = None
    classifier_epochs: int = 2
    judge_steps: int = 1000

    @property
    def methods(self) -> list[str]:
        """Keys of `METHODS`; the oracle only where the process behind the data is known."""
        known = "oracle" in signature(data_class(self.data)).parameters
        return [method for method in METHODS if known or method != "oracle"]

    @property
    def checkpoint(self) -> Path:
        """The generator's, once it is trained."""
        return self.folder / "generator" / "run" / "checkpoints" / "last.ckpt"

    @property
    def data_options(self) -> list[str]:
        """Options that every command gets on top of the data's YAML."""
        named = {"strength": self.strength, "root": self.root}
        return [
            word
            for name, value in named.items()
            if value is not None
            for word in (f"--data.init_args.{name}", str(value))
        ]


@dataclass(frozen=True)
class Part:
    """One command of the loop: its title, its folder below the plan's, and its words."""

    title: str
    name: str
    words: list[str]

    @property
    def command(self) -> str:
        """The command line."""
        return shlex.join(["cfaug", *self.words])


def load_yaml(path: Path) -> Any:
    """What a YAML says.

    Raises:
        ValueError: If it is missing or no YAML.
    """
    try:
        return yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        msg = f"cannot read the YAML {path}: {error}"
        raise ValueError(msg) from error


def data_class(path: Path) -> type[AttributeDataModule]:
    """The class of data module that a YAML names.

    Raises:
        ValueError: If it names none.
    """
    try:
        module, _, name = load_yaml(path)["data"]["class_path"].rpartition(".")
        found: type[AttributeDataModule] = getattr(import_module(module), name)
    except (TypeError, KeyError, ValueError, ImportError, AttributeError) as error:
        msg = f"{path} names no data module under data, class_path"
        raise ValueError(msg) from error
    return found


def digest(path: Path) -> str:
    """Fingerprint of what a YAML says, whatever its layout and comments."""
    content = json.dumps(load_yaml(path), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def options_of(plan: Plan) -> dict[str, str]:
    """The options of a plan as text, with fingerprints of the YAMLs."""
    options = {name: str(value) for name, value in asdict(plan).items()}
    for name in ("base", "data", "generator", "classifier"):
        options[name] += f" (sha256 {digest(Path(options[name]))})"
    return options


def claim_folder(plan: Plan) -> None:
    """Refuse a folder whose finished parts were made with other options, see `claim`.

    Raises:
        ValueError: If they were, or the data have counterfactuals, which baselines must not see.
    """
    if (load_yaml(plan.data)["data"].get("init_args") or {}).get("counterfactuals"):
        msg = f"{plan.data} names counterfactuals, which ERM and the other baselines would be "
        raise ValueError(f"{msg}trained on; leave them out, the loop makes its own")
    claim(plan.folder / "plan.json", options_of(plan), "a benchmark")


def command_part(plan: Plan, title: str, name: str, *options: str) -> Part:
    """A command on the plan's data whose results go to the folder of its name."""
    words = [name, "-c", str(plan.data), *plan.data_options]
    return Part(title, name, [*words, "--folder", str(plan.folder / name), *options])


def generator_parts(plan: Plan) -> Iterator[Part]:
    """Train the generator, then judge it."""
    words = _fit_words(plan, "generator", "run", plan.generator_epochs, plan.generator)
    words += ["--seed_everything", str(plan.seeds[0])]
    yield Part("generator", "generator/run", ["generator", "fit", *words])
    options = ["--generator", str(plan.checkpoint), "--steps", str(plan.judge_steps)]
    options += ["--seed", str(plan.seeds[0])]
    yield command_part(plan, "judging the generator", "evaluate", *options)


def classifier_parts(plan: Plan, methods: Sequence[str]) -> Iterator[Part]:
    """Train and test the classifiers of the methods (keys of `METHODS`), one for each seed."""
    for method in methods:
        for seed in plan.seeds:
            name = f"classifier-{method}"
            words = _fit_words(plan, name, f"seed-{seed}", plan.classifier_epochs, plan.classifier)
            words += ["--seed_everything", str(seed)]
            words += [word.format(generator=plan.checkpoint) for word in METHODS[method]]
            title = f"classifier: {TITLES[method]}, seed {seed}"
            yield Part(title, f"{name}/seed-{seed}", ["classifier", "fit", *words])


def _fit_words(plan: Plan, name: str, version: str, epochs: int | None, config: Path) -> list[str]:
    """Words of ``fit`` that put a run into a folder of its own."""
    loggers = [
        {
            "class_path": "CSVLogger",
            "init_args": {"save_dir": str(plan.folder), "name": name, "version": version},
        },
        {
            "class_path": "WandbLogger",
            "init_args": {
                "save_dir": str(plan.folder),
                "project": "cfaug",
                "name": f"{name}-{version}",
            },
        },
    ]
    trainer: dict[str, object] = {"logger": loggers}
    if epochs is not None:
        trainer["max_epochs"] = epochs
    overlay = plan.folder / "overlays" / f"{name}-{version}.yaml"
    overlay.parent.mkdir(parents=True, exist_ok=True)
    overlay.write_text(yaml.safe_dump({"trainer": trainer}))
    configs = [plan.base, plan.data, config]
    words = [word for path in configs for word in ("-c", str(path))]
    return [*words, "-c", str(overlay), *plan.data_options]


def hush() -> None:
    """Leave out what Lightning says of each run; the loop has many."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")


def run_part(
    folder: Path, part: Part, group: str, console: Console, run_command: RunCommand
) -> float:
    """Run a part unless it is done, and go on with one that was stopped.

    Args:
        folder: The plan's.
        part: The part.
        group: That of the run in W&B.
        console: Where to say what is done.
        run_command: What runs a command by its name and words.

    Returns:
        Seconds it took, whenever that was.
    """
    done = folder / part.name / "seconds.json"  # written last
    if done.exists():
        console.print(f"[dim]{part.title}: done before[/dim]")
    else:
        console.rule(part.title)
        start = monotonic()
        name, *rest = part.words
        os.environ["WANDB_RUN_GROUP"] = group
        try:
            run_command(name, [*rest, *_resume(folder / part.name)])
        finally:
            wandb.finish()  # or the next part would log into this one's run
            del os.environ["WANDB_RUN_GROUP"]
        write_json(done, {"seconds": monotonic() - start})
    return float(json.loads(done.read_text())["seconds"])


def _resume(folder: Path) -> list[str]:
    """Words that let a killed ``fit`` go on; no part of the command behind a figure."""
    checkpoint = folder / "checkpoints" / "last.ckpt"
    return ["--ckpt_path", str(checkpoint)] if checkpoint.exists() else []


def classifier_figures(folder: Path, method: str, seed: int) -> dict[str, float]:
    """What the classifier of a method and seed left in ``metrics.json``."""
    path = folder / f"classifier-{method}" / f"seed-{seed}" / "metrics.json"
    figures: dict[str, float] = json.loads(path.read_text())
    return figures


def judged_figures(folder: Path) -> dict[str, float]:
    """What judging the generator left, as ``generator/…``."""
    judged = json.loads((folder / "evaluate" / "metrics.json").read_text())
    return {name.replace("test/", "generator/", 1): value for name, value in judged.items()}


def gap_closed(accuracy: float, erm: float, oracle: float) -> float | None:
    """How far an accuracy is on the way from that of ERM to the oracle's, in per cent.

    >>> gap_closed(90.0, erm=60.0, oracle=100.0)
    75.0

    Args:
        accuracy: In per cent, as the others.
        erm: Of ERM.
        oracle: Of the oracle.

    Returns:
        None where ERM is no worse than the oracle, and there is no way to go.
    """
    return 100 * (accuracy - erm) / (oracle - erm) if oracle > erm else None


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of at least two values."""
    return statistics.stdev(values) / math.sqrt(len(values))
