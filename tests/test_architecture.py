"""Imports run one way: cfaug reads datamodules, never the other way round; none in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLAIN = ("cfaug.networks", "cfaug.metrics", "cfaug.confounding", "cfaug.interventions")
"""What is tested with tensors alone and knows nothing of Lightning."""


def imports() -> dict[str, set[str]]:
    """The modules that each module of the packages imports, at its top or inside a function."""
    found: dict[str, set[str]] = {}
    for package in ("cfaug", "datamodules"):
        for path in (ROOT / package).rglob("*.py"):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            tree = ast.walk(ast.parse(path.read_text()))
            found[module.removesuffix(".__init__")] = {
                name
                for node in tree
                if isinstance(node, (ast.Import, ast.ImportFrom))
                for name in (
                    [node.module or ""]
                    if isinstance(node, ast.ImportFrom)
                    else [alias.name for alias in node.names]
                )
            }
    return found


def test_data_modules_know_nothing_of_models() -> None:
    guilty = {
        module: name
        for module, names in imports().items()
        for name in names
        if module.startswith("datamodules") and name.split(".")[0] in {"cfaug", "experiments"}
    }
    assert not guilty


def test_nothing_imports_in_a_circle() -> None:
    graph = imports()
    assert len(graph) > 30
    TopologicalSorter(
        {module: names & graph.keys() for module, names in graph.items()}
    ).prepare()  # raises CycleError with the circle


def test_networks_and_measures_know_nothing_of_lightning() -> None:
    guilty = {
        module: name
        for module, names in imports().items()
        for name in names
        if module.startswith(PLAIN) and name.startswith(("lightning", "cfaug.lightning", "wandb"))
    }
    assert not guilty
