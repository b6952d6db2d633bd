"""Methods with all options that they are trained with, and what follows from these."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cfaug.benchmarking.methods import Method
from cfaug.benchmarking.plan import Plan, Selection, load_yaml
from cfaug.classifiers import objectives
from cfaug.classifiers.objectives import CrossEntropy, Objective

KNOWN_PROCESS = "known process"
"""What an oracle uses, whose training data are unconfounded, as only a known process draws them."""


@dataclass(frozen=True)
class Recipe:
    """A method with the options of other YAMLs and those that tuning chose.

    Args:
        method: The method.
        beneath: YAMLs whose options it has where its own says nothing; later ones count.
        chosen: Options on top of all YAMLs, by name with dots between, if there are any.
        composed: Whether it is trained with counterfactuals.
    """

    method: Method
    beneath: tuple[Path, ...] = ()
    chosen: Mapping[str, Any] | None = None
    composed: bool = False

    @property
    def yamls(self) -> list[Path]:
        """All its YAMLs, each on top of the one before."""
        return [*self.beneath, self.method.path]

    def option(self, name: str) -> Any:
        """The value of an option, by its name with dots between; None if nothing says it."""
        if self.chosen is not None and name in self.chosen:
            return self.chosen[name]
        for settings in (self.method.settings, *map(load_yaml, reversed(self.beneath))):
            value = settings
            for word in name.split("."):
                value = value.get(word) if isinstance(value, Mapping) else None
            if value is not None:
                return value
        return None

    @property
    def objective(self) -> type[Objective]:
        """The class of its objective.

        Raises:
            ValueError: If there is none of that name.
        """
        said = self.option("model.objective")
        path = said.get("class_path") if isinstance(said, Mapping) else said
        if path is None:
            return CrossEntropy
        module, _, name = str(path).rpartition(".")
        try:
            found: type[Objective] = getattr(import_module(module) if module else objectives, name)
        except (ImportError, AttributeError) as error:
            msg = f"{self.method.path} names the objective {path}, which is not there"
            raise ValueError(msg) from error
        return found

    def labels(self, selection: Selection = "last") -> str:
        """Of which images it uses attributes beside the label.

        A generator uses those of the training images, a selection of weights by groups those of
        validation images.

        Args:
            selection: Which weights are tested.
        """
        if self.option("data.init_args.oracle"):
            return KNOWN_PROCESS
        by_group = self.option("data.init_args.sampling") in {"balanced", "deconfounded"}
        used = {self.objective.uses} - {"no"}
        used |= {"training"} if self.composed or by_group else set()
        used |= set() if selection == "last" else {"validation"}
        return " and ".join(sorted(used)) or "none"

    @property
    def _shows_originals(self) -> bool:
        """Whether images are seen as they are, too; see `Classifier`."""
        weights = ("model.original_weight", "model.invariance_weight")
        return not self.composed or any(self.option(name) != 0 for name in weights)

    def batch_size(self, images_per_update: int) -> int:
        """Images of a batch, so that an update sees a number of images, views and edits included.

        Args:
            images_per_update: The number.

        Raises:
            ValueError: If not even one image fits.
        """
        edits = int(self.option("model.edits_per_image") or 1) if self.composed else 0
        each = edits + (self.objective.views if self._shows_originals else 0)
        if images_per_update < each:
            name = self.method.name
            msg = f"{name} makes {each} of each image, and an update has {images_per_update}"
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
        recipe = Recipe(Method(path))
        if "validation" not in recipe.labels():
            continue
        if tuning:
            why = "tuning chooses options by them"
        elif on_val:
            why = "--test_on val" if plan.test_on else f"test_on: val of {on_val[0]}"
            why += " tests on them"
        elif plan.selection != "last" and recipe.objective.finishes:
            why = f"--selection {plan.selection} chooses among checks, of which the last saw them"
        else:
            continue
        msg = f"{path.stem} learns from validation images, and {why}; leave it out"
        raise ValueError(msg)


def _test_on(data: Path) -> object:
    return (load_yaml(data)["data"].get("init_args") or {}).get("test_on")
