"""The cells of a benchmark: what each computes, and the small file that it leaves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cfaug.benchmarking.methods import TITLES
from cfaug.benchmarking.parts import Part, classifier_part, generator_parts
from cfaug.benchmarking.plan import Plan, digest, has_oracle, load_yaml
from cfaug.tracking.claims import changed_options
from cfaug.tracking.run_records import this_machine, versions
from datamodules.storage.atomic_files import write_json


@dataclass(frozen=True)
class Cell:
    """One method, or one generator, at one strength with one seed.

    Args:
        plan: The benchmark.
        name: The method, or the name of the generator.
        strength: Strength of the confounding; None for that of the data's YAML.
        seed: Seed of everything.
        generator: YAML of the generator, if there is one.
    """

    plan: Plan
    name: str
    strength: float | None
    seed: int
    generator: Path | None = None

    @property
    def place(self) -> Path:
        """Its folder, relative to that of the benchmark, and of the results."""
        return strength_folder(self.strength) / self.name / f"seed-{self.seed}"

    @property
    def folder(self) -> Path:
        """Where its runs go."""
        return self.plan.folder / self.place

    @property
    def result(self) -> Path:
        """The file with its result."""
        return self.plan.kept / self.place.with_suffix(".json")

    @property
    def title(self) -> str:
        """Method or generator, strength and seed, in a line."""
        strength = "" if self.strength is None else f", r = {self.strength:g}"
        return f"{TITLES.get(self.name, self.name)}{strength}, seed {self.seed}"

    @property
    def options(self) -> dict[str, str]:
        """Everything that its result depends on, as text, with fingerprints of the YAMLs."""
        plan = self.plan
        files = {"base": plan.base, "data": plan.data, "classifier": plan.classifier}
        found = {
            "strength": str(self.strength),
            "seeds": str((self.seed,)),
            "data_seed": str(self.seed),  # cells of earlier versions have another
            "classifier_epochs": str(plan.classifier_epochs),
        }
        if self.generator is not None:
            files["generator"] = self.generator
            found["generator_epochs"] = str(plan.generator_epochs)
            found["judge_steps"] = str(plan.judge_steps)
        return found | {name: f"{path} (sha256 {digest(path)})" for name, path in files.items()}

    def parts(self) -> Iterator[Part]:
        """The commands behind its figures."""
        place = self.plan, self.folder, self.strength, self.seed
        checkpoint = None
        if self.generator is not None:
            yield from generator_parts(*place, self.generator)
            checkpoint = self.folder / "generator" / "checkpoints" / "last.ckpt"
        method = self.name if self.generator is None else "counterfactual"
        yield classifier_part(*place, method, checkpoint)

    def is_done(self) -> bool:
        """Whether its result exists.

        Raises:
            ValueError: If it was computed with other options, or cannot be read.
        """
        if not self.result.exists():
            return False
        try:
            known = json.loads(self.result.read_text(encoding="utf-8"))["options"]
        except (ValueError, TypeError, KeyError) as error:
            msg = f"{self.result} is damaged; remove it to compute that cell anew"
            raise ValueError(msg) from error
        if changes := changed_options(known, self.options):
            msg = (
                f"{self.result} was computed with {changes}; choose other --results or, if there "
                "are none, another --folder, or remove that file to compute it anew"
            )
            raise ValueError(msg)
        return True

    def keep(self, command: str, seconds: dict[str, float]) -> None:
        """Write its result.

        Args:
            command: The command line of the benchmark.
            seconds: Seconds that each part took.
        """
        figures = _figures(self.folder / "classifier", "test/", "test/")
        figures |= _figures(self.folder / "classifier", "data/", "data/")
        record: dict[str, object] = {
            "configuration": self.name,
            "strength": self.strength,
            "seed": self.seed,
            "options": self.options,
            "benchmark": command,
            "commit": ", ".join(self._commits()),
            "commands": {part.name: part.command for part in self.parts()},
            "seconds": seconds,
            "machine": this_machine(),
            "versions": versions(),
        }
        if self.generator is not None:
            figures |= _figures(self.folder / "evaluate", "test/", "generator/")
            figures |= _figures(self.folder / "generator", "data/", "generator/data/")
            record["generator"] = load_yaml(self.generator)
        record["figures"] = {name: round(value, 3) for name, value in sorted(figures.items())}
        write_json(self.result, record)

    def _commits(self) -> list[str]:
        """The commits that its parts ran on; a cell that was stopped can have several."""
        records = (self.folder / part.name / "run.json" for part in self.parts())
        told = (json.loads(path.read_text(encoding="utf-8"))["commit"] for path in records)
        return list(dict.fromkeys(str(commit) for commit in told))


def strength_folder(strength: float | None) -> Path:
    """Folder of the cells of a strength."""
    return Path("as-given" if strength is None else f"r-{strength}")


def _figures(run: Path, prefix: str, shown: str) -> dict[str, float]:
    """Figures of a run whose names begin with a prefix, under another one."""
    figures = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return {n.replace(prefix, shown, 1): v for n, v in figures.items() if n.startswith(prefix)}


def cells_of(plan: Plan) -> list[Cell]:
    """All cells, seed by seed, so that a benchmark stopped early has compared everything once.

    Raises:
        ValueError: If two generators share a name, or one has the name of a method.
    """
    generators = {path.stem: path for path in plan.generators}
    if len(generators) < len(plan.generators) or generators.keys() & TITLES.keys():
        msg = f"generators need files with names of their own, other than {', '.join(TITLES)}"
        raise ValueError(msg)
    strengths = plan.strengths or (None,)
    found = []
    for seed in plan.seeds:
        for strength in strengths:
            found += [Cell(plan, name, strength, seed) for name in ("erm", "balanced")]
            found += [Cell(plan, name, strength, seed, path) for name, path in generators.items()]
        if has_oracle(plan.data):
            # Its training data are unconfounded at any strength.
            found.append(Cell(plan, "oracle", 0.0 if plan.strengths else None, seed))
    return found
