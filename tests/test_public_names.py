"""What packages name as public is there, and is what options name."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from cfaug.generators import ConditionalVAE
from cfaug.generators.conditional_vae import conditional_vae
from datamodules import ImagesWithTable, folder

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "datamodules",
    "cfaug.auditing",
    "cfaug.generators",
    "cfaug.classifiers",
    "cfaug.evaluation",
)


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_there(package: str) -> None:
    module = import_module(package)
    assert module.__all__ == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


def test_packages_hand_on_the_classes_of_their_modules() -> None:
    assert ConditionalVAE is conditional_vae.ConditionalVAE
    assert ImagesWithTable is folder.ImagesWithTable


def test_short_names_work_on_the_command_line() -> None:
    words = ["--data", "ConfoundedDigits", "--data.init_args.renderers", "[{class_path: Color}]"]
    words += ["--model", "ConditionalVAE", "--print_config"]
    # In a process of its own: other tests leave classes behind, whose modules are gone.
    command = [sys.executable, "-m", "cfaug", "generator", "fit", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("datamodules.ConfoundedDigits", "datamodules.Color"):
        assert f"class_path: {name}" in done.stdout
    assert "class_path: cfaug.generators.ConditionalVAE" in done.stdout
