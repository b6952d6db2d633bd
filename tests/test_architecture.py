"""Rooms use what stands below them, nothing imports in a circle, files and folders stay small."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = (
    "datamodules.checks",
    "datamodules.notices",
    "datamodules.attributes",
    "datamodules.process",
    "datamodules.storage",
    "datamodules.rendering",
    "datamodules.counterfactuals",
    "datamodules.base",
    "datamodules.image_files",
    "datamodules.rendered",
    "datamodules.digits",
    "datamodules.corrupted_cifar10",
    "datamodules.folder",
    "datamodules.celeba",
    "datamodules.drawn_faces",
    "datamodules",
    "cfaug.user_errors",
    "cfaug.terminal",
    "cfaug.auditing",
    "cfaug.plotting",
    "cfaug.networks",
    "cfaug.training",
    "cfaug.tracking",
    "cfaug.generators",
    "cfaug.classifiers",
    "cfaug.evaluation",
    "cfaug.augmenting",
    "cfaug.reporting",
    "cfaug.exploring",
    "cfaug.benchmarking",
    "cfaug.cli",
    "cfaug",
)
"""The rooms, from the lowest to the highest: each uses what stands below it, and never the other
way round."""

PLAIN = (
    "cfaug.auditing",
    "cfaug.networks",
    "cfaug.generators.conditional_vae.adversary",
    "cfaug.generators.conditional_vae.affine_warp",
    "cfaug.generators.conditional_vae.value_vectors",
    "cfaug.generators.conditional_vae.encoder_decoder",
    "cfaug.generators.conditional_vae.losses",
    "cfaug.classifiers.objectives",
    "cfaug.classifiers.invariances",
    "datamodules.process",
)
"""What is tested with tensors alone and knows nothing of Lightning."""

MOST_LINES = 300
MOST_MODULES = 12


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


def room(module: str) -> int:
    """Where the room of a module stands in `ROOMS`; a package's own file stands above its rooms."""
    inside = [name for name in ROOMS if module == name or module.startswith(f"{name}.")]
    return ROOMS.index(max(inside, key=len))


def test_rooms_use_only_what_stands_below_them() -> None:
    guilty = {
        (module, name)
        for module, names in imports().items()
        for name in names
        if name.split(".")[0] in {"cfaug", "datamodules"} and room(name) > room(module)
    }
    assert not guilty


def test_every_room_is_in_the_order() -> None:
    folders = {
        f"{package}.{path.name}"
        for package in ("cfaug", "datamodules")
        for path in (ROOT / package).iterdir()
        if (path / "__init__.py").exists()
    }
    assert folders <= set(ROOMS)


def test_files_and_folders_stay_small() -> None:
    for package in ("cfaug", "datamodules", "tests"):
        for path in (ROOT / package).rglob("*.py"):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, path
            if package == "tests":
                continue
            assert len(list(path.parent.glob("[!_]*.py"))) <= MOST_MODULES, path.parent


def test_no_two_files_share_a_name() -> None:
    for package in ("cfaug", "datamodules"):
        paths = [path for path in (ROOT / package).rglob("[!_]*.py") if path.stem != "base"]
        assert len({path.name for path in paths}) == len(paths)


def test_importing_the_package_and_its_command_line_is_quick() -> None:
    code = "import sys, cfaug, cfaug.cli.main; print({'torch', 'wandb'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == "set()"


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
        if module.startswith(PLAIN) and name.startswith(("lightning", "wandb"))
    }
    assert not guilty
