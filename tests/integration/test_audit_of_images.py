"""What an audit says of the resampled test set of a user's own images."""

import json
from pathlib import Path

import pytest
import torch
import yaml

from cfaug.cli.main import main
from datamodules.folder import ImagesWithTable
from tests.people import write_people


def write_data(options: dict[str, object]) -> None:
    """Write a YAML of images with a table."""
    data = {"class_path": "ImagesWithTable", "init_args": options}
    Path("data.yaml").write_text(yaml.safe_dump({"data": data}))


def test_an_audit_tells_what_the_test_set_is_worth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    write_people(tmp_path)
    header, *lines = Path("table.csv").read_text().splitlines()
    rows = [f"{line},p{number // 2}" for number, line in enumerate(lines)]
    Path("table.csv").write_text("\n".join([f"{header},person", *rows]))
    options = {"images": "images", "table": "table.csv", "label": "hair", "size": 8}
    options["group_column"] = "person"
    write_data(options)
    assert main(["audit", "-c", "data.yaml", "--permutations", "20"]) == 0
    printed = capsys.readouterr().out
    data = ImagesWithTable(**{**options, "images": Path("images"), "table": Path("table.csv")})  # type: ignore[arg-type]
    data.setup()
    draws = torch.bincount(data.splits["test"].clusters()).double()
    found = json.loads(Path("runs/audit/audit.json").read_text())["test_set"]
    assert found["effective_size"] == pytest.approx(float(draws.sum() ** 2 / draws.square().sum()))
    assert found["persons"] == int((draws > 0).sum())
    assert [left["attribute"] for left in found["dependences"]] == ["sex"]
    assert (found["combinations"], found["empty"], found["empty_names"]) == (4, 0, [])
    told = " ".join(printed.split())
    assert (
        f"resampled test set: {found['draws']} draws of {found['images']} images, worth "
        f"{found['effective_size']:.0f} of {found['persons']} persons, at most "
        f"{100 * found['largest_share']:.1f} % of them of one image; 0 of 4 combinations have "
        f"none; V with hair: sex {found['dependences'][0]['cramers_v']:.2f}" in told
    )
    figures = json.loads(Path("runs/audit/metrics.json").read_text())
    assert figures["audit/test_set_effective_size"] == pytest.approx(found["effective_size"])
    assert figures["audit/test_set_largest_share"] == pytest.approx(100 * found["largest_share"])
    assert figures["audit/test_set_cnf/sex"] == pytest.approx(found["dependences"][0]["cnf"])


def test_an_audit_tells_what_a_strength_leaves_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    write_people(tmp_path)
    options = {"images": "images", "table": "table.csv", "label": "hair", "size": 8}
    write_data({**options, "strength": 0.5})
    assert main(["audit", "-c", "data.yaml", "--permutations", "20"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    found = json.loads(Path("runs/audit/audit.json").read_text())
    # Of 140 training images 7 + 7 conflict, 63 + 63 do not. An oracle has 28; with r = 0.5 a
    # quarter of them conflict.
    assert found["images"] == 28
    assert sorted(found["left_over"]["train"].values()) == [3, 4, 52, 53]
    assert "(hair=blond, sex=f) 5" in told
    assert found["test_set"] is None
    assert "images.png" in {path.name for path in Path("runs/audit").iterdir()}
