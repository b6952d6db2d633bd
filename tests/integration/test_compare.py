"""``make compare``: which method to use on images of one's own, in words."""

import json
from pathlib import Path

import pytest
import yaml

from cfaug.cli.main import main
from tests.integration.test_cli import ROOT
from tests.integration.tiny import methods
from tests.people import write_people


def test_a_comparison_ends_with_a_verdict_on_validation_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_people(tmp_path)
    options = {"images": str(tmp_path / "images"), "table": str(tmp_path / "table.csv")}
    options |= {"label": "hair", "size": 8, "batch_size": 32, "num_workers": 0}  # type: ignore[dict-item]
    data = tmp_path / "mine.yaml"
    data.write_text(
        yaml.safe_dump({"data": {"class_path": "ImagesWithTable", "init_args": options}})
    )
    monkeypatch.chdir(ROOT)  # the YAML names others from there
    words = ["benchmark", "-c", "experiments/benchmarks/compare.yaml", "--data", f"[{data}]"]
    words += ["--folder", str(tmp_path / "compare"), "--methods", methods("erm", "balanced")]
    words += ["--with_counterfactuals", methods("erm"), "--generator_epochs", "1"]
    words += ["--generators", "[experiments/generator/conditional-vae.yaml]"]  # fewer updates
    assert main([*words, "--updates", "30", "--judge_steps", "2"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "of resampled validation images right" in printed
    assert "Use " in printed
    # On the 20 validation images, and no test image.
    cell = next((tmp_path / "compare/results/as-given/erm").glob("*.json"))
    assert json.loads(cell.read_text())["right"]["images"] <= 20
    page = (tmp_path / "compare/report.html").read_text()
    first, second = page.index("Which method to use"), page.index("What was confounded")
    assert 0 < first < second
