"""What lies in the working folder never takes the place of a library, and is found where named."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.integration.test_cli import BASE, CLASSIFIER, DATA, ROOT, SHORT, logger

TRAP = "raise SystemExit('shadowed by ' + __file__)\n"
FILES = (
    "torch.py",
    "lightning.py",
    "yaml.py",
    "numpy.py",
    "rich.py",
    "random.py",
    "datamodules.py",
)
FOLDERS = ("pandas", "polars", "wandb", "datasets", "torchvision", "lightning_utilities")
DOT = (ROOT / "docs/tutorials/renderer.md").read_text().split("```python\n# dots.py\n")[1]


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder in which files and folders of data are called as modules are."""
    for name in FILES:
        (tmp_path / name).write_text(TRAP)
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "images.csv").write_text("file\n")
    for name in ("torchmetrics", "jsonargparse"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(TRAP)
    return tmp_path


@pytest.fixture(params=["command", "module"])
def cfaug(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The words that start cfaug: the command that an installer makes, or ``python -m``."""
    if request.param == "module":
        return [sys.executable, "-m", "cfaug"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"]["cfaug"].partition(":")
    path = tmp_path_factory.mktemp("bin") / "cfaug"
    path.write_text(
        f"import sys\nfrom {module} import {function}\n"
        f"if __name__ == '__main__':\n    sys.exit({function}())\n"
    )
    return [sys.executable, str(path)]


def run(cfaug: list[str], words: list[str], folder: Path) -> str:
    """Run a command in a folder; what it prints."""
    done = subprocess.run(
        [*cfaug, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_folder_of_traps_is_walked_past(cfaug: list[str], hostile: Path) -> None:
    words = ["audit", *DATA, "--folder", "results", "--permutations", "9"]  # W&B too
    assert "200 combinations have no image" in run(cfaug, words, hostile)
    assert (hostile / "results/metrics.json").exists()


def test_processes_of_a_run_walk_past_it_too(cfaug: list[str], hostile: Path) -> None:
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT, *logger(hostile / "results")]
    words += ["--trainer.max_epochs", "1", "--trainer.devices", "2", "--trainer.strategy", "ddp"]
    words += ["--trainer.accelerator", "cpu", "--data.init_args.num_workers", "1"]
    run(cfaug, words, hostile)
    assert (hostile / "results/run/a/metrics.json").exists()


def test_own_modules_are_found(cfaug: list[str], hostile: Path) -> None:
    for place in ("dots.py", "mine/dots.py"):  # in a folder without __init__.py too
        (hostile / place).parent.mkdir(exist_ok=True)
        (hostile / place).write_text(DOT.partition("```")[0])
        data = yaml.safe_load((ROOT / "experiments/data/digits-colored.yaml").read_text())
        name = ".".join(Path(place).with_suffix("").parts)
        data["data"]["init_args"]["renderers"].append({"class_path": f"{name}.Dot"})
        (hostile / "data.yaml").write_text(yaml.safe_dump(data))
        words = ["audit", "-c", "data.yaml", "--permutations", "9", "--folder", f"of-{name}"]
        assert "dot" in run(cfaug, words, hostile)
