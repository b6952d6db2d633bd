"""The notebook, run from start to end on smaller settings."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.integration.test_cli import ROOT

PATH = ROOT / "docs/tutorials/digits.ipynb"
SMALLER = {"epoch_size": 2560, "generator_epochs": 2, "classifier_epochs": 3}


def test_the_notebook_is_kept_without_outputs() -> None:
    for cell in nbformat.read(PATH, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_the_notebook_finds_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = nbformat.read(PATH, as_version=4)
    (settings,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    for name, value in SMALLER.items():
        settings.source, count = re.subn(
            rf"(?m)^{name} = .*$", f"{name} = {value}", settings.source
        )
        assert count == 1, name
    telling = nbformat.v4.new_code_cell("import json\nprint(json.dumps(figures))")
    notebook.cells.append(telling)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    figures = json.loads(telling.outputs[0].text)
    # Of r = 0.95 and ten values alike often it is 4.04 nats.
    assert figures["cnf"] == pytest.approx(4.04, abs=0.2)
    assert figures["l1/unedited"] > 20
    # After these few updates edits are no good yet, but a classifier goes by the colour already.
    assert figures["confounded/erm"] > 80
    assert figures["unconfounded/erm"] < 60
