"""All cells of a benchmark."""

from pathlib import Path

from cfaug.benchmarking.cells import Cell, GeneratorCell, MethodCell
from cfaug.benchmarking.commands import Setting
from cfaug.benchmarking.methods import Method
from cfaug.benchmarking.plan import Plan, has_oracle


def cells_of(plan: Plan) -> list[Cell]:
    """All cells, seed by seed, so that a benchmark stopped early has compared everything once."""
    found: list[Cell] = []
    for seed in plan.seeds:
        for data in plan.data:
            for strength in plan.strengths or (None,):
                found += _cells_at(Setting(plan, data, strength, seed, plan.test_on))
            if has_oracle(data, plan.strengths):
                # Its training data are unconfounded at any strength.
                r = 0.0 if plan.strengths else None
                setting = Setting(plan, data, r, seed, plan.test_on)
                found += _method_cells(setting, plan.methods, None, oracle=True)
    return found


def _cells_at(setting: Setting) -> list[Cell]:
    plan = setting.plan
    found: list[Cell] = [*_method_cells(setting, plan.methods, None)]
    for config in plan.generators:
        generator = GeneratorCell(setting, config)
        found += [generator] if plan.judge_steps else []
        found += _method_cells(setting, plan.with_counterfactuals, generator)
    return found


def _method_cells(
    setting: Setting,
    paths: tuple[Path, ...],
    generator: GeneratorCell | None,
    *,
    oracle: bool = False,
) -> list[MethodCell]:
    return [
        MethodCell(setting, method, backbone, generator)
        for method in map(Method, paths)
        if method.is_oracle == oracle
        for backbone in setting.plan.backbones
    ]
