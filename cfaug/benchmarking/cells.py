"""The cells of a benchmark: what each computes, and the small file that it leaves."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from cfaug.benchmarking.commands import (
    Setting,
    checkpoint_of,
    classifier_part,
    generator_part,
    judging_part,
)
from cfaug.benchmarking.methods import Method
from cfaug.benchmarking.parts import Part
from cfaug.benchmarking.plan import WITH_COUNTERFACTUALS, fingerprint, load_yaml
from cfaug.benchmarking.recipes import Recipe
from cfaug.tracking.claims import changed_options
from cfaug.tracking.run_records import this_machine, versions
from datamodules.storage.atomic_files import write_json


@dataclass(frozen=True)
class Cell(ABC):
    """What is computed at one setting.

    Args:
        setting: Data, strength, seed.

    Attributes:
        kind: What it is the cell of, ``method`` or ``generator``.
    """

    kind: ClassVar[str]
    setting: Setting

    @property
    @abstractmethod
    def name(self) -> str:
        """What tables, and its folder, are called."""

    @property
    @abstractmethod
    def options(self) -> dict[str, str]:
        """Everything that its result depends on, as text, with fingerprints of the YAMLs."""

    @abstractmethod
    def parts(self) -> list[Part]:
        """The commands behind its figures."""

    @abstractmethod
    def record(self) -> dict[str, Any]:
        """What its result says beside what all results say, with its ``figures``."""

    def needs(self) -> "GeneratorCell | None":
        """The cell whose generator it uses, if any."""
        return None

    @property
    def place(self) -> Path:
        """Its folder, relative to that of the benchmark, and of the results."""
        return self.setting.place / self.name / f"seed-{self.setting.seed}"

    @property
    def folder(self) -> Path:
        """Where its runs go."""
        return self.setting.plan.folder / self.place

    @property
    def result(self) -> Path:
        """The file with its result."""
        return self.setting.plan.kept / self.place.with_suffix(".json")

    @property
    def title(self) -> str:
        """What it is, in a line."""
        return f"{self.name}, {self.setting.told}"

    def _shared_options(self, **files: Path) -> dict[str, str]:
        setting = self.setting
        told = {"strength": str(setting.strength), "seed": str(setting.seed)}
        told |= setting.plan.told_of_data
        paths = {"base": setting.plan.base, "data": setting.data, **files}
        return told | {name: fingerprint(path) for name, path in paths.items()}

    def is_done(self) -> bool:
        """Whether its result exists.

        Raises:
            ValueError: If it, or another seed that would share its row, was computed with other
                options, or cannot be read.
        """
        for path in sorted(self.result.parent.glob("seed-*.json")):
            try:
                known = json.loads(path.read_text(encoding="utf-8"))["options"]
                seed = {"seed": path.stem.removeprefix("seed-")}
                changes = changed_options(known, self.options | seed)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                msg = f"{path} is damaged; remove it to compute that cell anew"
                raise ValueError(msg) from error
            if changes:
                msg = (
                    f"{path} was computed with {changes}; choose other --results or, if there are "
                    "none, another --folder, or remove that file to compute it anew"
                )
                raise ValueError(msg)
        return self.result.exists()

    def keep(self, command: str, seconds: dict[str, float]) -> None:
        """Write its result.

        Args:
            command: The command line of the benchmark.
            seconds: Seconds that each part took, and the training of the generator that it uses.
        """
        record: dict[str, Any] = {
            "kind": self.kind,
            "name": self.name,
            "data": self.setting.data.stem,
            "strength": self.setting.strength,
            "seed": self.setting.seed,
            "options": self.options,
            "benchmark": command,
            "commit": ", ".join(self._commits()),
            "commands": {part.name: part.command for part in self.parts()},
            "seconds": seconds,
            "machine": this_machine(),
            "versions": versions(),
            **self.record(),
        }
        figures = sorted(record["figures"].items())
        record["figures"] = {name: round(value, 3) for name, value in figures}
        write_json(self.result, record)

    def _commits(self) -> list[str]:
        """The commits that its parts ran on; a cell that was stopped can have several."""
        records = (part.folder / "run.json" for part in self.parts())
        told = (json.loads(path.read_text(encoding="utf-8"))["commit"] for path in records)
        return list(dict.fromkeys(str(commit) for commit in told))


@dataclass(frozen=True)
class GeneratorCell(Cell):
    """Trains a generator and judges it.

    Args:
        config: YAML of the generator.
    """

    kind: ClassVar[str] = "generator"
    config: Path

    @property
    def name(self) -> str:
        """See `Cell`."""
        return self.config.stem

    @property
    def options(self) -> dict[str, str]:
        """See `Cell`."""
        plan = self.setting.plan
        told = {"epochs": str(plan.generator_epochs), "judge_steps": str(plan.judge_steps)}
        return self._shared_options(generator=self.config) | told

    def fit(self) -> Part:
        """The part that trains the generator."""
        return generator_part(self.setting, self.folder, self.config)

    def is_fit(self) -> bool:
        """Whether the generator is trained, on this machine."""
        return self.fit().seconds() is not None

    def parts(self) -> list[Part]:
        """See `Cell`."""
        return [self.fit(), judging_part(self.setting, self.folder)]

    def record(self) -> dict[str, Any]:
        """See `Cell`."""
        figures = figures_of(self.folder / "evaluate", "test/", "generator/")
        figures |= figures_of(self.folder / "generator", "data/", "generator/data/")
        return {"generator": load_yaml(self.config), "figures": figures}


@dataclass(frozen=True)
class MethodCell(Cell):
    """Trains and tests the classifier of a method.

    Args:
        method: The method.
        backbone: The network that it is compared with, and its own if its YAML names no other.
        generator: The cell of the generator whose counterfactuals it is also trained on, if any.
    """

    kind: ClassVar[str] = "method"
    method: Method
    backbone: str
    generator: GeneratorCell | None = None

    @property
    def name(self) -> str:
        """See `Cell`."""
        generator = "" if self.generator is None else f"+{self.generator.config.stem}"
        several = len(self.setting.plan.backbones) > 1
        return f"{self.method.name}{generator}{f'@{self.backbone}' if several else ''}"

    @property
    def key(self) -> str:
        """What tuning calls it, whatever the generator and the network."""
        return self.method.name + ("" if self.generator is None else WITH_COUNTERFACTUALS)

    @property
    def chosen(self) -> dict[str, Any]:
        """Options on top of those of its YAMLs."""
        return self.setting.plan.tuned_options(self.key, self.method.fixed)

    @property
    def recipe(self) -> Recipe:
        """The method with all its options."""
        plan, composed = self.setting.plan, self.generator is not None
        beneath = (plan.base, self.setting.data, *([plan.counterfactual] if composed else []))
        return Recipe(self.method, beneath, self.chosen, composed)

    @property
    def options(self) -> dict[str, str]:
        """See `Cell`."""
        plan = self.setting.plan
        told = {
            name: str(getattr(plan, name))
            for name in ("updates", "images_per_update", "checks", "selection")
        }
        files = {"method": self.method.path}
        if self.generator is not None:
            files |= {"counterfactual": plan.counterfactual, "generator": self.generator.config}
            told["generator_epochs"] = str(plan.generator_epochs)
        told |= {"backbone": self.backbone, "chosen": json.dumps(self.chosen, sort_keys=True)}
        return self._shared_options(**files) | told

    def needs(self) -> GeneratorCell | None:
        """See `Cell`."""
        return self.generator

    def parts(self) -> list[Part]:
        """See `Cell`."""
        checkpoint = None
        if self.generator is not None:
            checkpoint = checkpoint_of(self.generator.fit().folder)
        told = (self.recipe, self.backbone, checkpoint)
        return [classifier_part(self.setting, self.folder, *told)]

    def record(self) -> dict[str, Any]:
        """See `Cell`."""
        run = self.folder / "classifier"
        figures = figures_of(run, "test/", "test/") | figures_of(run, "data/", "data/")
        return {
            "method": self.method.settings,
            "chosen": self.chosen,
            "labels": self.recipe.labels(self.setting.plan.selection),
            "right": json.loads((run / "right.json").read_text(encoding="utf-8")),
            "figures": figures,
        }


def figures_of(run: Path, prefix: str, shown: str) -> dict[str, float]:
    """Figures of a run whose names begin with a prefix, under another one."""
    figures = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return {n.replace(prefix, shown, 1): v for n, v in figures.items() if n.startswith(prefix)}
