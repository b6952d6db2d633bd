"""``cfaug study``: generators compared by what a classifier learns from them."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from cfaug.benchmarking.loop import (
    TITLES,
    Part,
    Plan,
    RunCommand,
    claim_folder,
    classifier_figures,
    classifier_parts,
    generator_parts,
    hush,
    judged_figures,
    load_yaml,
    options_of,
    run_part,
)
from cfaug.benchmarking.study_tables import summarize, write_tables
from cfaug.tracking.claims import changed_options
from cfaug.tracking.run_records import git_commit, this_machine
from datamodules.storage.atomic_files import write_json


@dataclass
class Study:
    """What a study runs: for each seed, strength and configuration one cell.

    A cell trains the generator, judges it, and trains a classifier on originals and
    counterfactuals. Beside them stand ERM, group-balanced sampling and the oracle.

    Args:
        base: YAML that generator and classifier share.
        data: YAML of the data module.
        classifier: YAML of the classifier.
        configurations: YAMLs of generators; a file's name is that of the configuration.
        folder: Where the runs go, to go on after a stop.
        results: Where a small file for each finished cell, the table and the figures go.
        strengths: Strengths of the confounding.
        root: Folder that holds ``MNIST/raw``; None for that of the data's YAML.
        seeds: Seeds of generator, judges and classifier alike.
        classifier_epochs: Epochs of each classifier.
        judge_steps: Updates of each judge, probe and transfer classifier.
    """

    base: Path
    data: Path
    classifier: Path
    configurations: list[Path]
    folder: Path
    results: Path
    strengths: tuple[float, ...]
    root: Path | None = None
    seeds: tuple[int, ...] = (0, 1, 2)
    classifier_epochs: int = 2
    judge_steps: int = 1000


@dataclass(frozen=True)
class Cell:
    """One method, or one configuration of the generator, at one strength with one seed."""

    name: str
    strength: float
    seed: int
    method: str
    plan: Plan
    result: Path

    def parts(self) -> Iterator[Part]:
        """The commands behind its figures."""
        if self.method == "counterfactual":
            yield from generator_parts(self.plan)
        yield from classifier_parts(self.plan, [self.method])


def run(study: Study, words: list[str], run_command: RunCommand) -> None:
    """Run the cells that are not done, then write the table and the figures."""
    hush()
    console, command = Console(), shlex.join(words)
    cells = list(_cells(study))
    todo = [cell for cell in cells if not _is_done(cell)]
    console.print(f"{len(cells)} cells, {len(cells) - len(todo)} done before")
    for number, cell in enumerate(todo, start=1):
        console.rule(f"{number}/{len(todo)}: {cell.name}, r = {cell.strength}, seed {cell.seed}")
        _compute(cell, command, console, run_command)
    for path in write_tables(summarize(study.results), study.results):
        console.print(f"written: {path}")


def _cells(study: Study) -> Iterator[Cell]:
    """Seeds first, so that a study that is stopped early compares everything once."""
    generators = {path.stem: path for path in study.configurations}
    if len(generators) < len(study.configurations) or set(generators) & set(TITLES):
        msg = f"configurations need names of their own, other than {', '.join(TITLES)}"
        raise ValueError(msg)
    for seed in study.seeds:
        # The oracle's training data are unconfounded at any strength.
        yield _cell(study, "oracle", "oracle", 0.0, seed)
        for strength in study.strengths:
            for method in ("erm", "balanced"):
                yield _cell(study, method, method, strength, seed)
            for name in generators:
                yield _cell(study, name, "counterfactual", strength, seed)


def _cell(study: Study, name: str, method: str, strength: float, seed: int) -> Cell:
    generators = {path.stem: path for path in study.configurations}
    place = Path(f"r-{strength}", name, f"seed-{seed}")
    plan = Plan(
        base=study.base,
        data=study.data,
        generator=generators.get(name, study.configurations[0]),
        classifier=study.classifier,
        folder=study.folder / place,
        strength=strength,
        root=study.root,
        seeds=(seed,),
        classifier_epochs=study.classifier_epochs,
        judge_steps=study.judge_steps,
    )
    return Cell(name, strength, seed, method, plan, study.results / place.with_suffix(".json"))


def _options(cell: Cell) -> dict[str, str]:
    """What a finished cell must have been computed with: all but where things lie."""
    unused = {"folder", "root"}
    if cell.method != "counterfactual":
        unused |= {"generator", "generator_epochs", "judge_steps"}
    return {name: value for name, value in options_of(cell.plan).items() if name not in unused}


def _is_done(cell: Cell) -> bool:
    """Whether the result of a cell is there.

    Raises:
        ValueError: If it was computed with other options.
    """
    if not cell.result.exists():
        return False
    changes = changed_options(json.loads(cell.result.read_text())["options"], _options(cell))
    if changes:
        msg = (
            f"{cell.result} was computed with {changes}; give the configuration another name, "
            "choose other --results, or remove that file to compute it anew"
        )
        raise ValueError(msg)
    return True


def _compute(cell: Cell, command: str, console: Console, run_command: RunCommand) -> None:
    """Run the parts of a cell that are not done and write its result."""
    claim_folder(cell.plan)
    folder, parts = cell.plan.folder, list(cell.parts())
    group = f"{cell.plan.data.stem}-r-{cell.strength}-{cell.name}-seed-{cell.seed}"
    seconds = {
        part.name.split("/")[0]: run_part(folder, part, group, console, run_command)
        for part in parts
    }
    trained = classifier_figures(folder, cell.method, cell.seed)
    figures = {name: value for name, value in trained.items() if name.startswith("test/")}
    record: dict[str, object] = {
        "configuration": cell.name,
        "strength": cell.strength,
        "seed": cell.seed,
        "options": _options(cell),
        "study": command,
        "commit": git_commit(),
        "commands": {part.name: part.command for part in parts},
        "seconds": seconds,
        "machine": this_machine(),
    }
    if cell.method == "counterfactual":
        figures |= judged_figures(folder)
        record["generator"] = load_yaml(cell.plan.generator)
    record["figures"] = {name: round(value, 3) for name, value in sorted(figures.items())}
    write_json(cell.result, record)
