"""The methods that a benchmark compares: YAMLs on top of the options of a classifier."""

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from cfaug.benchmarking.plan import Plan, load_yaml
from cfaug.classifiers import objectives
from cfaug.classifiers.objectives import CrossEntropy, Objective

ORACLE = "oracle"
"""The method whose training data are unconfounded, which only a known process can draw."""


@dataclass(frozen=True)
class Method:
    """A way to train a classifier.

    Args:
        path: Its YAML; the file's name is that of the method in tables.
    """

    path: Path

    @property
    def name(self) -> str:
        """What tables call it."""
        return self.path.stem

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What its YAML says.

        Raises:
            ValueError: If it says nothing that a classifier could be told.
        """
        said = load_yaml(self.path) or {}
        if not isinstance(said, dict) or not said.keys() <= {"model", "data", "trainer"}:
            msg = f"{self.path} is no method: it may only have options under model, data, trainer"
            raise ValueError(msg)
        return said

    @property
    def data(self) -> dict[str, Any]:
        """Its options of the data module."""
        return (self.settings.get("data") or {}).get("init_args") or {}

    @property
    def is_oracle(self) -> bool:
        """Whether it is trained on unconfounded data."""
        return bool(self.data.get("oracle"))

    @property
    def objective(self) -> type[Objective]:
        """The class of its objective.

        Raises:
            ValueError: If there is none of that name.
        """
        said = (self.settings.get("model") or {}).get("objective")
        path = said.get("class_path") if isinstance(said, dict) else said
        if path is None:
            return CrossEntropy
        module, _, name = str(path).rpartition(".")
        try:
            found: type[Objective] = getattr(import_module(module) if module else objectives, name)
        except (ImportError, AttributeError) as error:
            msg = f"{self.path} names the objective {path}, which is not there"
            raise ValueError(msg) from error
        return found

    @property
    def edits(self) -> int:
        """Counterfactuals of each image, where it is trained with any."""
        return int((self.settings.get("model") or {}).get("edits_per_image") or 1)

    def labels(self, *, composed: bool) -> str:
        """Of which images it uses attributes beside the label.

        Args:
            composed: Whether it is trained with counterfactuals, whose generator uses those of the
                training images.
        """
        if self.is_oracle:
            return "known process"
        by_group = self.data.get("sampling") in {"balanced", "deconfounded"}
        used = {self.objective.uses} - {"no"} | ({"training"} if composed or by_group else set())
        return " and ".join(sorted(used)) or "none"

    def batch_size(self, images_per_update: int, *, composed: bool) -> int:
        """Images of a batch, so that an update sees a number of images, views and edits included.

        Args:
            images_per_update: The number.
            composed: Whether it is trained with counterfactuals.

        Raises:
            ValueError: If not even one image fits.
        """
        each = self.objective.views + (self.edits if composed else 0)
        if images_per_update < each:
            msg = f"{self.name} makes {each} of each image, and an update has {images_per_update}"
            raise ValueError(f"{msg}; raise --images_per_update")
        return images_per_update // each


def refuse_methods_that_saw(plan: Plan, *, tuning: bool = False) -> None:
    """Refuse methods that learn from the images that they would be chosen by or tested on.

    Args:
        plan: The plan; where it does not say which images are tested on, the YAMLs of its data do.
        tuning: Whether options are drawn, which validation images choose.

    Raises:
        ValueError: If there is one.
    """
    on_val = [path for path in plan.data if (plan.test_on or _test_on(path)) == "val"]
    for path in sorted({*plan.methods, *plan.with_counterfactuals}):
        method = Method(path)
        if "validation" not in method.labels(composed=False):
            continue
        if tuning:
            why = "tuning chooses options by them"
        elif on_val:
            why = "--test_on val" if plan.test_on else f"test_on: val of {on_val[0]}"
            why += " tests on them"
        elif plan.selection != "last" and method.objective.finishes:
            why = f"--selection {plan.selection} chooses among checks, of which the last saw them"
        else:
            continue
        msg = f"{path.stem} learns from validation images, and {why}; leave it out"
        raise ValueError(msg)


def _test_on(data: Path) -> object:
    return (load_yaml(data)["data"].get("init_args") or {}).get("test_on")
