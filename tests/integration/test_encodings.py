"""Names in any script, whatever the encoding of the system."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.people import write_people
from tests.test_architecture import ROOT

OLD_SYSTEM = {
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "LC_ALL": "C",
    "PYTHONIOENCODING": "cp1252",
}


def run(words: list[str]) -> tuple[int, str, str]:
    """Run a command on a system of another age; its status and what it told."""
    words = [sys.executable, "-m", "cfaug", *words]
    environment = {**os.environ, **OLD_SYSTEM}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=False)
    return done.returncode, done.stdout.decode("cp1252"), done.stderr.decode("cp1252")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images, a table of Chinese words, and a YAML for them."""
    people = write_people(tmp_path_factory.mktemp("people"))
    text = (people / "table.csv").read_text(encoding="utf-8")
    for old, new in (("hair", "头发"), ("blond", "金色"), ("dark", "黑色")):
        text = text.replace(old, new)
    (people / "table.csv").write_text(text, encoding="utf-8")
    options = {"images": str(people / "images"), "table": str(people / "table.csv"), "size": 8}
    module = {
        "class_path": "datamodules.folder.ImagesWithTable",
        "init_args": {**options, "label": "sex", "num_workers": 0},
    }
    (people / "data.yaml").write_text(yaml.safe_dump({"data": module}), encoding="utf-8")
    return people


@pytest.mark.parametrize("of", ["images", "table"])
def test_an_audit_of_names_that_the_system_cannot_write(
    of: str, people: Path, tmp_path: Path
) -> None:
    words = ["-c", str(people / "data.yaml")]
    if of == "table":
        words = ["--table", str(people / "table.csv"), "--label", "sex"]
    status, out, err = run(["audit", "--folder", str(tmp_path), *words])
    assert status == 0, err
    assert "sex - ??" in out
    assert "Warning" not in err
    assert err.count("letters that their font lacks, \\u53d1") == 1
    written = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert written["attributes"]["头发"] == ["金色", "黑色"]
    assert (tmp_path / "audit.png").exists()


def test_a_yaml_that_would_be_read_in_another_encoding_is_told(
    people: Path, tmp_path: Path
) -> None:
    text = (people / "data.yaml").read_text(encoding="utf-8").replace("sex", "头发")
    (tmp_path / "data.yaml").write_text(text, encoding="utf-8")
    status, _, err = run(["audit", "-c", str(tmp_path / "data.yaml")])
    assert status == 1
    assert err.splitlines()[-1].endswith(
        "data.yaml is UTF-8, but Python reads YAMLs as ascii here; set PYTHONUTF8=1"
    )


@pytest.mark.parametrize("package", ["cfaug", "datamodules"])
def test_text_files_are_read_and_written_in_a_named_encoding(package: str) -> None:
    guilty = []
    for path in (ROOT / package).rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            named = call.func
            name = named.attr if isinstance(named, ast.Attribute) else getattr(named, "id", "")
            if name not in {"open", "read_text", "write_text", "fdopen"}:
                continue
            if isinstance(named, ast.Attribute) and ast.unparse(named) == "Image.open":
                continue
            modes = [ast.unparse(argument) for argument in call.args]
            is_binary = any("b" in mode and len(mode) <= 5 for mode in modes)
            if not is_binary and "encoding" not in {keyword.arg for keyword in call.keywords}:
                guilty.append(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert not guilty
