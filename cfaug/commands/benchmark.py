"""``cfaug benchmark``: the whole loop, from the audit to the table, resumable."""

import hashlib
import json
import logging
import math
import shlex
import statistics
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

import wandb
import yaml
from jsonargparse import ArgumentParser
from rich import box
from rich.console import Console
from rich.table import Table

from cfaug.callbacks.records import git_commit
from cfaug.cli import run_command
from cfaug.files import write_json
from cfaug.pictures import save_accuracies

METHODS: dict[str, list[str]] = {
    "erm": [],
    "balanced": ["--data.init_args.sampling", "balanced"],
    "counterfactual": ["--model.generator", "{generator}"],
    "oracle": ["--data.init_args.oracle", "true"],
}
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
        seeds: Seeds of the classifiers.
        generator_epochs: Epochs of the generator.
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
    generator_epochs: int = 8
    classifier_epochs: int = 2
    judge_steps: int = 1000

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


def main(args: list[str]) -> None:
    """Run the command."""
    parser = ArgumentParser(prog="cfaug benchmark", description="Run the whole loop.")
    parser.add_argument("-c", "--config", action="config", help="a YAML of these options")
    parser.add_class_arguments(Plan, None)
    run(_plan(parser, args))


def _plan(parser: ArgumentParser, args: list[str]) -> Plan:
    options = parser.parse_args(args)
    return Plan(**{name: getattr(options, name) for name in Plan.__dataclass_fields__})


def run(plan: Plan) -> None:
    """Run what is not done yet, then print the table and write the pictures."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")
    folder, console = plan.folder, Console()
    _claim(plan)
    commands: dict[str, str] = {}
    for title, name, words in _jobs(plan):
        commands[name] = shlex.join(["cfaug", *words])
        if (folder / name / "seconds.json").exists():  # written last
            console.print(f"[dim]{title}: done before[/dim]")
            continue
        console.rule(title)
        start = monotonic()
        try:
            run_command(words[0], [*words[1:], *_resume(folder / name)])
        finally:
            wandb.finish()  # or the next part would log into this one's run
        write_json(folder / name / "seconds.json", {"seconds": monotonic() - start})
    figures = summarize(folder, plan.seeds)
    seconds = {name: json.loads((folder / name / "seconds.json").read_text()) for name in commands}
    figures["seconds"] = sum(float(entry["seconds"]) for entry in seconds.values())
    write_json(folder / "metrics.json", figures)
    record = {"commit": git_commit(), "commands": commands}
    write_json(folder / "run.json", record)
    accuracies = {
        title: [_classifier(folder, method, s)["test/unconfounded_accuracy"] for s in plan.seeds]
        for method, title in TITLES.items()
    }
    save_accuracies(accuracies, folder / "accuracy.png")
    show(folder, plan, figures, console)


LEGEND = """\
unconf., conf.: accuracy on the unconfounded and the confounded test set
worst: worst group of the unconfounded test set; ±: standard error over seeds
flips: predictions that change when only that attribute changes
excess: points below the oracle; closed: share of the way from ERM to the oracle"""


def _claim(plan: Plan) -> None:
    """Refuse a folder whose finished parts were made with other options.

    Raises:
        ValueError: If they were, or the folder cannot be written.
    """
    path = plan.folder / "plan.json"
    options = {name: str(value) for name, value in asdict(plan).items()}
    for name in ("base", "data", "generator", "classifier"):
        digest = hashlib.sha256(Path(options[name]).read_bytes()).hexdigest()
        options[name] += f" (sha256 {digest[:12]})"
    if not path.exists():
        write_json(path, options)
    known = json.loads(path.read_text())
    changed = [name for name in options if options[name] != known.get(name)]
    if changed:
        found = ", ".join(f"{n} {known.get(n)} instead of {options[n]}" for n in changed)
        msg = (
            f"{plan.folder} holds a benchmark with {found}; "
            "choose another --folder, or remove that one to start anew"
        )
        raise ValueError(msg)


Job = tuple[str, str, list[str]]


def _jobs(plan: Plan) -> Iterator[Job]:
    """Title, folder and command line of each part, in order."""
    folder = plan.folder
    checkpoint = folder / "generator" / "run" / "checkpoints" / "last.ckpt"

    def command(name: str) -> list[str]:
        return [name, "-c", str(plan.data), *plan.data_options, "--folder", str(folder / name)]

    yield "audit", "audit", command("audit")
    words = _fit_words(plan, "generator", "run", plan.generator_epochs, plan.generator)
    yield "generator", "generator/run", ["generator", "fit", *words]
    generator = ["--generator", str(checkpoint)]
    judging = [*command("evaluate"), *generator, "--steps", str(plan.judge_steps)]
    yield "judging the generator", "evaluate", judging
    yield "writing counterfactuals", "augment", [*command("augment"), *generator]
    for method, options in METHODS.items():
        for seed in plan.seeds:
            name = f"classifier-{method}"
            words = _fit_words(plan, name, f"seed-{seed}", plan.classifier_epochs, plan.classifier)
            words += ["--seed_everything", str(seed)]
            words += [word.format(generator=checkpoint) for word in options]
            title = f"classifier: {TITLES[method]}, seed {seed}"
            yield title, f"{name}/seed-{seed}", ["classifier", "fit", *words]


def _resume(folder: Path) -> list[str]:
    """Words that let a killed ``fit`` go on; no part of the command behind a figure."""
    checkpoint = folder / "checkpoints" / "last.ckpt"
    return ["--ckpt_path", str(checkpoint)] if checkpoint.exists() else []


def _fit_words(plan: Plan, name: str, version: str, epochs: int, config: Path) -> list[str]:
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
                "group": plan.folder.name,
                "name": f"{name}-{version}",
            },
        },
    ]
    overlay = plan.folder / "overlays" / f"{name}-{version}.yaml"
    overlay.parent.mkdir(parents=True, exist_ok=True)
    overlay.write_text(yaml.safe_dump({"trainer": {"logger": loggers, "max_epochs": epochs}}))
    configs = [plan.base, plan.data, config]
    words = [word for path in configs for word in ("-c", str(path))]
    return [*words, "-c", str(overlay), *plan.data_options]


def _classifier(folder: Path, method: str, seed: int) -> dict[str, float]:
    path = folder / f"classifier-{method}" / f"seed-{seed}" / "metrics.json"
    figures: dict[str, float] = json.loads(path.read_text())
    return figures


def summarize(folder: Path, seeds: tuple[int, ...]) -> dict[str, float]:
    """Means over seeds of every test figure, ``<figure>/<method>``, and what follows from them."""
    figures: dict[str, float] = {}
    for method in METHODS:
        runs = [_classifier(folder, method, seed) for seed in seeds]
        for name in runs[0]:
            if name.startswith("test/"):
                values = [run[name] for run in runs]
                key = f"{name.removeprefix('test/')}/{method}"
                figures[key] = statistics.fmean(values)
                if name == "test/unconfounded_accuracy" and len(seeds) > 1:
                    error = statistics.stdev(values) / math.sqrt(len(values))
                    figures[f"standard_error/{method}"] = error
    accuracy = {method: figures[f"unconfounded_accuracy/{method}"] for method in METHODS}
    gap = accuracy["oracle"] - accuracy["erm"]
    for method, value in accuracy.items():
        figures[f"excess_error/{method}"] = accuracy["oracle"] - value
        if gap > 0:
            figures[f"gap_closed/{method}"] = 100 * (value - accuracy["erm"]) / gap
    judged = json.loads((folder / "evaluate" / "metrics.json").read_text())
    return figures | {name.replace("test/", "generator/", 1): v for name, v in judged.items()}


def show(folder: Path, plan: Plan, figures: dict[str, float], console: Console) -> None:
    """Print the table."""
    strength = "" if plan.strength is None else f", strength {plan.strength}"
    title = f"{plan.data.stem}{strength}, mean of {len(plan.seeds)} seed(s), %"
    # Nine columns fit 80 characters without lines between them.
    table = Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    columns = {
        "unconf.": "unconfounded_accuracy",
        "±": "standard_error",
        "conf.": "confounded_accuracy",
        "worst": "unconfounded_worst_group_accuracy",
        **{
            f"flips\n{name.split('/')[1]}": name.removesuffix("/erm")
            for name in figures
            if name.startswith("flip_rate/") and name.endswith("/erm")
        },
        "excess": "excess_error",
        "closed": "gap_closed",
    }
    table.add_column("method", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    for method, title in TITLES.items():
        values = (figures.get(f"{name}/{method}") for name in columns.values())
        table.add_row(title, *("" if value is None else f"{value:.1f}" for value in values))
    console.print(table)
    console.print(LEGEND)
    console.print(f"{figures['seconds'] / 60:.1f} minutes of computing")
    console.print(f"figures: {folder / 'metrics.json'}; command behind each: {folder / 'run.json'}")
    console.print(f"pictures: {folder / 'accuracy.png'}, {folder / 'evaluate'}, {folder / 'audit'}")
