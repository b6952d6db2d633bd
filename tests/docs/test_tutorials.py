"""The tutorials as a reader follows them: every block, in order, in an empty folder."""

import gc
import importlib
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb

from cfaug.cli.main import main
from tests.integration.test_cli import ROOT

TUTORIALS = ROOT / "docs" / "tutorials"
BLOCK = re.compile(r"^```(console|python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.(?:py|yaml))\n")

SMALLER: dict[str, dict[str, str]] = {
    "own-images": {
        "max_epochs: 12": "max_epochs: 1",
        "max_epochs: 3": "max_epochs: 1",
        "epoch_size: 3200": "epoch_size: 128",
        "--steps 200": "--steps 4",
    },
    "celeba": {
        "--count 1000": "--count 150",
        "max_epochs: 4": "max_epochs: 1",
        "epoch_size: 4800": "epoch_size: 64",
        "--steps 200": "--steps 2",
        "size: 32": "size: 16",
    },
    "renderer": {},
    "generator": {"max_epochs: 4": "max_epochs: 1", "--steps 400": "--steps 4"},
    "invariance": {"max_epochs: 3": "max_epochs: 1", "max_epochs 3": "max_epochs 1"},
    "own-loop": {"max_epochs: 40": "max_epochs: 2", "EPOCHS = 20": "EPOCHS = 1"},
    "report": {},
}
"""Of each tutorial, what is replaced before it is run."""

SHORT = ["--trainer.max_epochs", "1", "--data.init_args.epoch_size", "256"]
"""Added to the commands that train on the YAMLs of the repository."""

EVERY = ["--trainer.log_every_n_steps", "1"]
"""Added to all commands that train: there are few updates to log."""

IN_THE_REPOSITORY = {"generator", "invariance", "report"}
"""Those that work in the folder of the repository: they find its YAMLs."""

LEAVES = {
    "own-images": ["runs/report.html", "runs/evaluate/do-ink.png", "runs/audit/audit.json"],
    "celeba": ["runs/evaluate/do-Eyeglasses.png"],
    "renderer": ["runs/audit/images.png"],
    "generator": ["runs/evaluate/effectiveness.png"],
    "invariance": [f"runs/classifier/version_{run}/groups.csv" for run in (0, 1)],
    "own-loop": ["runs/generator/version_0/checkpoints/last.ckpt"],
    "report": ["report.html"],
}
"""What a reader has to find in the end."""


def blocks(name: str) -> list[tuple[str, str]]:
    """The kind and the text of each block of a tutorial, in order, with smaller settings."""
    text = (TUTORIALS / f"{name}.md").read_text()
    for said, run in SMALLER[name].items():
        assert said in text, f"{name}.md no longer says '{said}'"
        text = text.replace(said, run)
    return BLOCK.findall(text)


def run_line(line: str, *, shorter: bool) -> None:
    """Run a line of a console block as its words say, but in this process, to save time."""
    program, *words = shlex.split(line)
    assert program == "python", f"a tutorial runs '{program}', which this test does not know"
    if words[:2] != ["-m", "cfaug"]:
        (script,) = words
        runpy.run_path(script, run_name="__main__")
        return
    if "fit" in words:
        words += [*EVERY, *(SHORT if shorter else [])]
        wandb.finish()  # or a run would log into that of the command before
    assert main(words[2:]) == 0, line


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder, empty, where Python looks for modules as ``python -m`` does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    # Files of a tutorial below cfaug/ are found as if they lay in the package.
    for package in (
        "cfaug.generators",
        "cfaug.classifiers.invariances",
        "cfaug.classifiers.objectives",
    ):
        module = importlib.import_module(package)
        here = str(tmp_path.joinpath(*package.split(".")))
        monkeypatch.setattr(module, "__path__", [*module.__path__, here])
    known = set(sys.modules)
    yield tmp_path
    wandb.finish()
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
            package, _, module_name = name.rpartition(".")
            if package in sys.modules:  # which holds the module too
                vars(sys.modules[package]).pop(module_name, None)
    gc.collect()  # or their classes would still be found as objectives, without a module


def test_every_tutorial_is_run() -> None:
    pages = {page.stem for page in TUTORIALS.glob("*.md") if BLOCK.search(page.read_text())}
    assert pages == SMALLER.keys() == LEAVES.keys()


@pytest.mark.parametrize("name", SMALLER)
def test_a_tutorial_runs_as_it_stands(name: str, folder: Path) -> None:
    if name in IN_THE_REPOSITORY:
        for part in ("base.yaml", "data", "generator", "classifier", "methods"):
            place = folder / "experiments" / part
            place.parent.mkdir(exist_ok=True)
            copy = shutil.copytree if "." not in part else shutil.copy
            copy(ROOT / "experiments" / part, place)
    names: dict[str, object] = {}
    for kind, text in blocks(name):
        if kind == "console":
            for line in text.replace("\\\n", "").splitlines():
                run_line(line, shorter=name in IN_THE_REPOSITORY)
        elif file := FILE.match(text):
            path = folder / file[1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        else:
            assert kind == "python", f"a YAML of {name}.md has no name: {text}"
            exec(compile(text, f"{name}.md", "exec"), names)
    for place in LEAVES[name]:
        assert (folder / place).stat().st_size > 0, place


def test_the_arithmetic_of_the_strength_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    ((kind, text),) = BLOCK.findall((ROOT / "docs/strength-and-audit.md").read_text())
    assert kind == "python"
    exec(compile(text, "strength-and-audit.md", "exec"), {})
    assert capsys.readouterr().out == "0.90 %, 495 images, 4.46 nats\n"
