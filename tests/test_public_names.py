"""What packages name as public is there, and is what options name."""

from importlib import import_module

import pytest

from cfaug.cli.main import main
from cfaug.generators import ConditionalVAE
from cfaug.generators.conditional_vae import conditional_vae
from datamodules import ImagesWithTable, folder

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


def test_short_names_work_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", "ConfoundedDigits", "--data.init_args.renderers", "[{class_path: Color}]"]
    words += ["--model", "ConditionalVAE", "--print_config"]
    with pytest.raises(SystemExit) as stop:
        main(["generator", "fit", *words])
    assert stop.value.code == 0
    told = capsys.readouterr().out
    for name in ("datamodules.ConfoundedDigits", "datamodules.Color"):
        assert f"class_path: {name}" in told
    assert "class_path: cfaug.generators.ConditionalVAE" in told
