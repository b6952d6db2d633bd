"""The commands in the README and the guides: their targets, options and files are there."""

import inspect
import re
import shlex
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from lightning.pytorch import Trainer

from cfaug.classifiers.classifier import Classifier
from cfaug.cli.main import COMMANDS, MODULES, main
from cfaug.generators.conditional_vae.conditional_vae import ConditionalVAE
from datamodules.celeba import CelebA
from datamodules.digits import ConfoundedDigits
from datamodules.drawn_faces import Faces
from datamodules.folder import ImagesWithTable
from tests.integration.test_cli import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]
CODE = re.compile(r"^```(?:console|text)\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\w+=\S+ )*(?:(?:\.venv/bin/)?python -m )?(make|cfaug)(?![^ ])(.*)$")
OWNERS = {
    "data": (ConfoundedDigits, ImagesWithTable, CelebA, Faces),
    "trainer": (Trainer,),
}
MODELS = {"classifier": (Classifier,), "generator": (ConditionalVAE,)}
MAKEFILE = (ROOT / "Makefile").read_text()


def commands(page: Path) -> list[tuple[str, list[str]]]:
    """The program, make or cfaug, and the words of each command in a page."""
    lines = (
        line
        for block, span in CODE.findall(page.read_text())
        for line in (block or span).replace("\\\n", " ").splitlines()
    )
    matches = filter(None, map(COMMAND.match, lines))
    return [(match[1], shlex.split(match[2], comments=True)) for match in matches]


@cache
def help_of(command: str) -> str:
    """What a command says of its options."""
    words = [command, *(["fit"] if command in MODULES else []), "--help"]
    with pytest.MonkeyPatch.context() as patch:
        said: list[str] = []
        patch.setattr("sys.stdout.write", said.append)
        with pytest.raises(SystemExit):
            main(words)
    return "".join(said)


def is_option(name: str, command: str) -> bool:
    """Whether a command has the option, or hands it to something that has."""
    first, *rest = [part for part in name.removeprefix("--").split(".") if part != "init_args"]
    if not re.search(rf"--{first}(?![\w-])", help_of(command)):
        return False
    owners = MODELS.get(command, ()) if first == "model" else OWNERS.get(first, ())
    return not (rest and owners) or any(rest[0] in parameters(owner) for owner in owners)


def parameters(kind: type) -> set[str]:
    """What a class, and those that it hands further options to, can be given."""
    return {name for one in kind.__mro__ for name in inspect.signature(one.__init__).parameters}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_pages_tell_to_run_is_there(page: Path) -> None:
    for program, words in commands(page):
        rest = words
        if program == "make":
            for word in words:
                if name := re.match(r"([A-Z]+)=", word):
                    assert re.search(rf"^{name[1]} \?=", MAKEFILE, re.MULTILINE), word
                else:
                    assert re.search(rf"^{word}: ", MAKEFILE, re.MULTILINE), word
            given = next((word for word in words if word.startswith("ARGS=")), "ARGS=")
            rest = shlex.split(given.removeprefix("ARGS="))
            recipes = (
                re.search(rf"^{w}: .*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE) for w in words
            )
            known = tuple(
                command
                for recipe in filter(None, recipes)
                for command in re.findall(r"\$\(CFAUG\) (\w+)", recipe[1])
            )
        elif words:
            assert words[0] in (*MODULES, *COMMANDS, "COMMAND"), words
            known = MODULES + COMMANDS if words[0] == "COMMAND" else (words[0],)
        for word in rest:
            name = word.partition("=")[0]
            if name.startswith("--") and name != "--help":
                assert any(is_option(name, command) for command in known), (words, name)
        for word in words:
            for place in re.findall(r"experiments/\S+\.yaml", word):
                assert "NAME" in place or (ROOT / place).exists(), place


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_yaml_of_pages_names_what_is_there(page: Path) -> None:
    for text in YAML.findall(page.read_text()):
        for section in yaml.safe_load(text).values():
            if isinstance(section, dict) and "class_path" in section:
                module, _, name = section["class_path"].rpartition(".")
                known = parameters(getattr(import_module(module or "datamodules"), name))
                assert section.get("init_args", {}).keys() <= known, text


def test_commands_are_found() -> None:
    assert YAML.search((ROOT / "README.md").read_text())
    found = commands(ROOT / "README.md")
    assert ("make", ["demo"]) in found
    assert ("make", ["audit", "DATA=mine.yaml"]) in found
    assert ("cfaug", ["export", "runs/augment", "runs/export"]) in found


@pytest.mark.parametrize(
    ("name", "command", "there"),
    [
        ("--host", "explore", True),
        ("--host", "evaluate", False),
        ("--dry-run", "sweep", True),
        ("--dry", "sweep", False),
        ("--data.init_args.strength", "audit", True),
        ("--data.init_args.strenght", "audit", False),
        ("--model.invariance", "classifier", True),
        ("--model.init_args.beta", "generator", True),
        ("--model.invariance", "evaluate", False),
        ("--model.invariance", "generator", False),
        ("--model.beta", "classifier", False),
        ("--trainer.max_epochs", "generator", True),
        ("--trainer.epochs", "generator", False),
    ],
)
def test_options_are_told_apart(name: str, command: str, *, there: bool) -> None:
    assert is_option(name, command) == there
