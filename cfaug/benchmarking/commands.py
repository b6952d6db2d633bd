"""The commands behind the cells of a benchmark."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cfaug.benchmarking.parts import Part
from cfaug.benchmarking.plan import Plan, Selection
from cfaug.benchmarking.recipes import Recipe
from cfaug.tracking import keys

MONITORED: dict[Selection, str] = {
    "val_mean": keys.VAL_BALANCED_ACCURACY,
    "val_worst": keys.VAL_WORST_GROUP_ACCURACY,
}
"""What is highest at the check whose weights are tested."""


@dataclass(frozen=True)
class Setting:
    """What cells share that are compared with each other.

    Args:
        plan: The benchmark.
        data: YAML of the data.
        strength: Strength of the confounding; None for that of the YAML.
        seed: Seed of everything.
        test_on: The images that the test sets are made of; None for those of the YAML.
    """

    plan: Plan
    data: Path
    strength: float | None
    seed: int
    test_on: str | None = None

    @property
    def place(self) -> Path:
        """Folder of the cells of all seeds, relative to that of the benchmark, and of results."""
        return self.plan.place_of(self.data) / strength_folder(self.strength)

    @property
    def told(self) -> str:
        """Data, strength and seed, in words."""
        strength = "" if self.strength is None else f", r = {self.strength:g}"
        return f"{self.data.stem}{strength}, seed {self.seed}"

    def data_words(self) -> list[str]:
        """Options that every command gets on top of the data's YAML."""
        named = {
            "strength": self.strength,
            "root": self.plan.root,
            "seed": self.seed if self.plan.redraw else None,
            "test_on": self.test_on,
        }
        return [
            word
            for name, value in named.items()
            if value is not None
            for word in (f"--data.init_args.{name}", str(value))
        ]


def strength_folder(strength: float | None) -> str:
    """Folder of the cells of a strength."""
    return "as-given" if strength is None else f"r-{strength}"


def audit_part(setting: Setting) -> Part:
    """Audit the training data of a setting."""
    folder = setting.plan.folder / setting.place / "audit"
    words = ["audit", "-c", str(setting.data), *setting.data_words(), "--folder", str(folder)]
    return Part("audit", folder, words)


def generator_part(setting: Setting, folder: Path, config: Path) -> Part:
    """Train a generator, in a folder of its cell."""
    epochs = setting.plan.generator_epochs
    trainer = {} if epochs is None else {"max_epochs": epochs}
    yamls = [setting.plan.base, setting.data, config]
    words, files = _fit(setting, folder / "generator", yamls, {"trainer": trainer})
    return Part("generator", folder / "generator", ["generator", "fit", *words], files)


def judging_part(setting: Setting, folder: Path) -> Part:
    """Judge the generator of a cell."""
    words = ["evaluate", "-c", str(setting.data), *setting.data_words()]
    words += ["--folder", str(folder / "evaluate")]
    words += ["--generator", str(checkpoint_of(folder / "generator"))]
    words += ["--steps", str(setting.plan.judge_steps), "--seed", str(setting.seed)]
    return Part("judging the generator", folder / "evaluate", words)


def classifier_part(
    setting: Setting, folder: Path, recipe: Recipe, backbone: str, generator: Path | None
) -> Part:
    """Train and test the classifier of a method, in a folder of its cell.

    Args:
        setting: Data, strength, seed.
        folder: Folder of the cell.
        recipe: The method with all its options.
        backbone: Name of the network, where the method does not say its own.
        generator: Checkpoint of the generator, if it is trained with counterfactuals.
    """
    plan = setting.plan
    batch = recipe.batch_size(plan.images_per_update)
    sizes = {"batch_size": batch, "epoch_size": batch * (plan.updates // plan.checks)}
    overlay: dict[str, Any] = {"trainer": {"max_epochs": plan.checks}, "data": {"init_args": sizes}}
    if plan.selection != "last":
        monitored = {"monitor": MONITORED[plan.selection], "mode": "max", "filename": "best"}
        overlay["checkpoint"] = {**monitored, "save_last": True}
    words, files = _fit(setting, folder / "classifier", recipe.yamls, overlay)
    if "model.backbone" not in recipe.method.fixed:
        words += ["--model.backbone", backbone]
    words += [
        word for name, value in (recipe.chosen or {}).items() for word in (f"--{name}", str(value))
    ]
    if generator is not None:
        words += ["--model.generator", str(generator)]
    return Part("classifier", folder / "classifier", ["classifier", "fit", *words], files)


def checkpoint_of(run: Path) -> Path:
    """The checkpoint of a run."""
    return run / "checkpoints" / "last.ckpt"


def _fit(
    setting: Setting, folder: Path, yamls: list[Path], overlay: Mapping[str, Any]
) -> tuple[list[str], dict[Path, str]]:
    """Words of ``fit`` that put a run into a folder of its own, and what its own YAML says."""
    plan, cell = setting.plan, folder.parent
    name = f"{folder.name} {cell.relative_to(plan.folder).as_posix()}"
    place = {"save_dir": str(cell), "name": "", "version": folder.name}
    loggers = [
        {"class_path": "CSVLogger", "init_args": place},
        {
            "class_path": "WandbLogger",
            "init_args": {"save_dir": str(plan.folder), "project": "cfaug", "name": name},
        },
    ]
    trainer = {**overlay.get("trainer", {}), "logger": loggers}
    file = cell / f"{folder.name}.yaml"
    words = [w for path in (*yamls, file) for w in ("-c", str(path))]
    words += [*setting.data_words(), "--seed_everything", str(setting.seed)]
    return words, {file: yaml.safe_dump({**overlay, "trainer": trainer})}
