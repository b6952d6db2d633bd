"""The plan of a benchmark, and the contents of the YAMLs that it names."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any, Literal

import yaml

import datamodules
from datamodules.base import AttributeDataModule
from datamodules.image_files import ImageFiles
from datamodules.process.splits import TestOn

Selection = Literal["last", "val_mean", "val_worst"]
"""Which weights of a classifier are tested, the last or those of the check at which the mean over
groups, or the worst group, of the confounded validation images was best."""

FINGERPRINT = " (sha256 "
"""What stands in options between the path of a YAML and the fingerprint of its content."""

DIAL = ("strength", "conflicting_share")
"""Options by which images in files are taken."""

WITH_COUNTERFACTUALS = "+counterfactuals"
"""What follows the name of a method in the choices of tuning, whatever the generator."""


@dataclass(frozen=True)
class Plan:
    """The plan of a benchmark: one cell for each seed, strength, data set and method.

    The cell of a generator trains and judges it. The cell of a method trains and tests a
    classifier, on images alone or also on the counterfactuals of a generator. All classifiers get
    the same number of updates and see the same number of images in each: counterfactuals and
    augmented views count as images.

    Args:
        base: YAML that generators and classifiers share.
        data: YAMLs of data modules.
        methods: YAMLs of methods: what each adds to the options of a classifier. A file's name is
            that of the method in tables. A method with ``oracle: true`` is trained once for all
            strengths, where the process behind the data is known.
        folder: Folder of the runs; a stopped cell resumes there. With several data sets each has a
            folder in it, called as its YAML.
        generators: YAMLs of generators; a file's name is that of the generator in tables.
        with_counterfactuals: YAMLs of the methods that are also trained with counterfactuals of
            each generator.
        counterfactual: YAML of what counterfactuals add to a method.
        backbones: Networks of the classifiers, see `make_backbone`.
        results: Folder of a small file for each finished cell, the tables and the pictures.
            Finished cells found there are not computed again. None for a folder below ``folder``.
        strengths: Strengths of the confounding; None for that of the data's YAML.
        root: Folder that holds ``MNIST/raw``; None for that of the data's YAML.
        seeds: Seeds of the data's draw, generator, judges and classifier alike. Choices of cfaug
            were made on the draw of seed 0, so that its figures may flatter them.
        redraw: Whether the data are drawn anew with each seed; else with the seed of their YAML.
        generator_epochs: Epochs of each generator; None for those of its YAML.
        judge_steps: Updates of each judge, probe and transfer classifier; with 0 generators are
            trained and used, and not judged.
        updates: Updates of each classifier.
        images_per_update: Images of each update of a classifier.
        checks: How often a classifier is validated.
        test_on: The images that both test sets are made of; ``val`` leaves test images untouched.
            None for those of the data's YAML.
        selection: Which weights are tested, see `Selection`; never chosen on test images.
        tuned: YAML with options of each method, on top of its own; ``cfaug tune`` writes it, and
            does not read what is named here. See `tuned_options`.
    """

    base: Path
    data: tuple[Path, ...]
    methods: tuple[Path, ...]
    folder: Path
    counterfactual: Path
    generators: tuple[Path, ...] = ()
    with_counterfactuals: tuple[Path, ...] = ()
    backbones: tuple[str, ...] = ("convnet",)
    results: Path | None = None
    strengths: tuple[float, ...] | None = None
    root: Path | None = None
    seeds: tuple[int, ...] = (1, 2, 3)
    redraw: bool = True
    generator_epochs: int | None = None
    judge_steps: int = 1000
    updates: int = 860
    images_per_update: int = 128
    checks: int = 2
    test_on: TestOn | None = None
    selection: Selection = "last"
    tuned: Path | None = None

    def __post_init__(self) -> None:
        """Check what must go together.

        Raises:
            ValueError: If it does not.
        """
        for name in ("data", "strengths", "seeds", "backbones"):
            if getattr(self, name) == ():
                or_else = "; null stands for that of the data's YAML" if name == "strengths" else ""
                msg = f"--{name} is empty, so that there is nothing to compute; name at least one"
                raise ValueError(msg + or_else)
        if self.checks < 1 or self.updates % self.checks:
            msg = f"updates is {self.updates}, which {self.checks} checks do not divide evenly"
            raise ValueError(f"{msg}; choose other --updates or --checks")
        if self.test_on == "val" and self.selection != "last":
            msg = f"--selection {self.selection} chooses by validation images, and --test_on val "
            raise ValueError(f"{msg}tests on them; leave one of them out")
        for names, paths in {
            "--data": self.data,
            "--with_counterfactuals": self.with_counterfactuals,
            "--methods and --generators": (*self.methods, *self.generators),
        }.items():
            stems = [path.stem for path in paths]
            if twice := sorted({stem for stem in stems if stems.count(stem) > 1}):
                msg = f"{names} have two files called {twice[0]}, which would share a folder"
                raise ValueError(f"{msg}; give each a name of its own")

    @property
    def told_of_data(self) -> dict[str, str]:
        """Options of all cells that say of which images the test sets are, where it is told."""
        redraw = {} if self.redraw else {"redraw": "false"}
        return redraw if self.test_on is None else {"test_on": self.test_on, **redraw}

    @property
    def kept(self) -> Path:
        """Where finished cells are kept."""
        return self.results or self.folder / "results"

    def tuned_options(self, method: str, fixed: Collection[str] = ()) -> dict[str, Any]:
        """The options that tuning chose for a method.

        A method that is trained with counterfactuals and was not tuned so has its options without
        them, and on top those of ERM with counterfactuals, but none that its YAML says itself. One
        that was not tuned at all has those of its YAML.

        Args:
            method: Its name, with `WITH_COUNTERFACTUALS` where it is trained with some.
            fixed: Names of the options that its YAML says, see `Method.fixed`.

        Raises:
            ValueError: If the file is not one of tuning.
        """
        said = self._tuned
        alone = method.removesuffix(WITH_COUNTERFACTUALS)
        if method in said or alone == method:
            return dict(said.get(method, {}))
        shared = said.get(f"erm{WITH_COUNTERFACTUALS}", {})
        return said.get(alone, {}) | {n: value for n, value in shared.items() if n not in fixed}

    @cached_property
    def _tuned(self) -> dict[str, dict[str, Any]]:
        return load_choices(self.tuned) if self.tuned else {}

    def place_of(self, data: Path) -> Path:
        """Folder of what is on a data set, relative to those of the benchmark and of results."""
        return Path(data.stem if len(self.data) > 1 else "")


def load_yaml(path: Path) -> Any:
    """What a YAML says.

    Raises:
        ValueError: If it is missing or no YAML.
    """
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        msg = f"cannot read the YAML {path}: {error}"
        raise ValueError(msg) from error


def load_choices(path: Path) -> dict[str, dict[str, Any]]:
    """The options of each method that ``cfaug tune`` wrote into a file.

    Raises:
        ValueError: If it is another file.
    """
    said = load_yaml(path)
    if not isinstance(said, dict) or not all(isinstance(o, dict) for o in said.values()):
        msg = f"{path} is no file of `cfaug tune`: it does not name options of methods; name or "
        raise ValueError(f"{msg}move another file")
    return said


def data_class(path: Path) -> type[AttributeDataModule]:
    """The class of data module that a YAML names, by its short name or with its module.

    Raises:
        ValueError: If it names none.
    """
    try:
        module, _, name = load_yaml(path)["data"]["class_path"].rpartition(".")
        place = import_module(module) if module else datamodules
        found: type[AttributeDataModule] = getattr(place, name)
    except (TypeError, KeyError, ValueError, ImportError, AttributeError) as error:
        msg = f"{path} names no data module under data, class_path"
        raise ValueError(msg) from error
    return found


def settings_of(path: Path) -> dict[str, Any]:
    """The options of the data module that a YAML names, with the defaults of those left out."""
    parameters = signature(data_class(path)).parameters
    settings = {name: parameter.default for name, parameter in parameters.items()}
    return settings | (load_yaml(path)["data"].get("init_args") or {})


def has_oracle(path: Path, strengths: tuple[float, ...] | None) -> bool:
    """Whether there is an oracle for the data of a YAML.

    There is one where the process behind them is known, and where images in files are taken by a
    strength.

    Args:
        path: The YAML.
        strengths: Those of the benchmark.
    """
    if not issubclass(data_class(path), ImageFiles):
        return "oracle" in settings_of(path)
    return "oracle" in settings_of(path) or strengths is not None or _has_dial(path)


def _has_dial(path: Path) -> bool:
    said = load_yaml(path)["data"].get("init_args") or {}
    return any(said.get(name) is not None for name in DIAL)


def digest(path: Path) -> str:
    """Fingerprint of the content of a YAML, without its layout and comments."""
    content = json.dumps(load_yaml(path), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def fingerprint(path: Path) -> str:
    """A YAML as the options of a cell name it: its path and the `digest` of its content."""
    return f"{path}{FINGERPRINT}{digest(path)})"


def file_of(option: str) -> Path:
    """The YAML that an option of a cell names, see `fingerprint`."""
    return Path(option.rpartition(FINGERPRINT)[0])


def require_fair(plan: Plan) -> None:
    """Refuse data of which some cells would see more than others.

    Raises:
        ValueError: If a YAML names counterfactuals, which baselines must not see, or takes other
            numbers of images at each strength.
    """
    for path in plan.data:
        said = load_yaml(path)["data"].get("init_args") or {}
        if said.get("counterfactuals"):
            msg = f"{path} names counterfactuals, which ERM and the other baselines would be "
            raise ValueError(f"{msg}trained on; leave them out, the benchmark makes its own")
        by_dial = issubclass(data_class(path), ImageFiles) and "oracle" not in settings_of(path)
        if plan.strengths is not None and said.get("conflicting_share") is not None:
            msg = f"{path} has a conflicting_share, which takes the place of --strengths; "
            raise ValueError(f"{msg}leave one of them out")
        if by_dial and plan.strengths is not None and said.get("train_size") is None:
            msg = f"each strength would take another number of training images of {path}; "
            raise ValueError(f"{msg}set train_size there")
