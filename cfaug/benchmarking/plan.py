"""The plan of a benchmark, and the contents of the YAMLs that it names."""

import hashlib
import json
from dataclasses import dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import yaml

import datamodules
from datamodules.base import AttributeDataModule


@dataclass
class Plan:
    """The plan of a benchmark: one cell for each seed, strength and method.

    The cell of a generator trains and judges it, and trains a classifier on images and
    counterfactuals. It is compared with ERM, group-balanced sampling and, if the process behind the
    data is known, the oracle.

    Args:
        base: YAML that generators and classifiers share.
        data: YAML of the data module.
        generators: YAMLs of generators; a file's name is that of the generator in tables.
        classifier: YAML of the classifier.
        folder: Folder of the runs; a stopped cell resumes there.
        results: Folder of a small file for each finished cell, the table and the pictures. Finished
            cells found there are not computed again. None for a folder below ``folder``.
        strengths: Strengths of the confounding; None for that of the data's YAML.
        root: Folder that holds ``MNIST/raw``; None for that of the data's YAML.
        seeds: Seeds of the data's draw, generator, judges and classifier alike. Choices of cfaug
            were made on the draw of seed 0, so that its figures may flatter them.
        generator_epochs: Epochs of each generator; None for those of its YAML.
        classifier_epochs: Epochs of each classifier.
        judge_steps: Updates of each judge, probe and transfer classifier.
    """

    base: Path
    data: Path
    generators: list[Path]
    classifier: Path
    folder: Path
    results: Path | None = None
    strengths: tuple[float, ...] | None = None
    root: Path | None = None
    seeds: tuple[int, ...] = (1, 2, 3)
    generator_epochs: int | None = None
    classifier_epochs: int = 2
    judge_steps: int = 1000

    @property
    def kept(self) -> Path:
        """Where finished cells are kept."""
        return self.results or self.folder / "results"


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


def has_oracle(path: Path) -> bool:
    """Whether the process behind the data of a YAML is known, so that there is an oracle."""
    return "oracle" in signature(data_class(path)).parameters


def digest(path: Path) -> str:
    """Fingerprint of the content of a YAML, without its layout and comments."""
    content = json.dumps(load_yaml(path), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def refuse_counterfactuals(path: Path) -> None:
    """Refuse data with counterfactuals, which the baselines must not see.

    Raises:
        ValueError: If the YAML names some.
    """
    if (load_yaml(path)["data"].get("init_args") or {}).get("counterfactuals"):
        msg = f"{path} names counterfactuals, which ERM and the other baselines would be "
        raise ValueError(f"{msg}trained on; leave them out, the benchmark makes its own")
