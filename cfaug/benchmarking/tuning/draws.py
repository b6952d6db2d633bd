"""The cells of a tuning: each method with the options of each draw."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from cfaug.benchmarking.cells import GeneratorCell, MethodCell, figures_of
from cfaug.benchmarking.commands import Setting
from cfaug.benchmarking.methods import Method
from cfaug.benchmarking.plan import Plan, has_oracle
from cfaug.benchmarking.tuning.space import Space
from datamodules.process.splits import CONFOUNDED

SCORE = "val/balanced_accuracy"
"""The figure that chooses a draw, the mean over groups of the accuracy on confounded validation
images, which a user has. It is measured by a test on them, after all that a method does."""


@dataclass(frozen=True)
class Tuning:
    """How options are drawn.

    Args:
        space: YAML of what is drawn, see `Space`.
        draws: Draws of each method, of which the first is what its YAML says.
        draw_seed: Seed of the draws.
    """

    space: Path
    draws: int = 8
    draw_seed: int = 0


@dataclass(frozen=True)
class DrawCell(MethodCell):
    """Trains the classifier of a method with the options of a draw, and scores it by `SCORE`.

    Args:
        number: Number of the draw.
        drawn: Its options, each with its value.
    """

    kind: ClassVar[str] = "draw"
    number: int = 0
    drawn: tuple[tuple[str, Any], ...] = ()

    @property
    def chosen(self) -> dict[str, Any]:
        """See `MethodCell`; what was chosen before (``tuned``) is not used."""
        return dict(self.drawn)

    @property
    def place(self) -> Path:
        """See `MethodCell`."""
        seed = f"seed-{self.setting.seed}"
        return self.setting.place / self.name / f"draw-{self.number}" / seed

    @property
    def title(self) -> str:
        """See `MethodCell`."""
        return f"{self.name}, draw {self.number}, {self.setting.told}"

    def record(self) -> dict[str, Any]:
        """See `MethodCell`."""
        figures = figures_of(self.folder / "classifier", f"test/{CONFOUNDED}_", "val/")
        return {"method": self.key, "draw": self.number, "drawn": self.chosen, "figures": figures}


def draw_cells(plan: Plan, tuning: Tuning) -> list[DrawCell]:
    """All cells, draw by draw.

    Raises:
        ValueError: If the plan has more than one setting.
    """
    strengths = plan.strengths or (None,)
    if len(plan.data) * len(strengths) * len(plan.backbones) > 1 or len(plan.generators) > 1:
        msg = "tuning chooses options at one setting; name one of --data, --strengths, --backbones"
        raise ValueError(f"{msg} and --generators")
    space, (data,), (backbone,) = Space(tuning.space), plan.data, plan.backbones
    found = []
    for seed in plan.seeds:
        setting = Setting(plan, data, strengths[0], seed, test_on="val")
        unconfounded = Setting(plan, data, 0.0 if plan.strengths else None, seed, test_on="val")
        generators = [GeneratorCell(setting, config) for config in plan.generators]
        for number in range(tuning.draws):
            for generator in (None, *generators):
                for method in map(Method, plan.with_counterfactuals if generator else plan.methods):
                    if method.is_oracle and not has_oracle(data, plan.strengths):
                        continue
                    composed = generator is not None
                    drawn = space.draw(method, tuning.draw_seed, number, composed=composed)
                    where = unconfounded if method.is_oracle else setting
                    what = (where, method, backbone, generator, number, tuple(drawn.items()))
                    found.append(DrawCell(*what))
    return found
