"""``cfaug evaluate --classifier``: a network that was trained elsewhere, on a user's own images."""

import csv
import json
from pathlib import Path

import pytest
import torch
import torchvision
import yaml

from cfaug.cli.main import main
from tests.integration.test_cli import BASE, logger
from tests.people import write_people


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images, a table, a generator of a few updates, and the weights of a ResNet-18."""
    folder = write_people(tmp_path_factory.mktemp("people"))
    options = {"images": str(folder / "images"), "table": str(folder / "table.csv")}
    options |= {"label": "hair", "size": 32, "batch_size": 32, "num_workers": 0}  # type: ignore[dict-item]
    module = {"class_path": "ImagesWithTable", "init_args": options}
    (folder / "data.yaml").write_text(yaml.safe_dump({"data": module}))
    words = [*BASE, "-c", str(folder / "data.yaml"), *logger(folder)]
    words += ["--model", "cfaug.generators.conditional_vae.ConditionalVAE"]
    words += ["--trainer.max_epochs", "1"]
    words += ["--trainer.log_every_n_steps", "1"]
    assert main(["generator", "fit", *words]) == 0
    torch.manual_seed(0)
    torch.save(torchvision.models.resnet18(num_classes=2).state_dict(), folder / "weights.pt")
    return folder


def test_a_network_of_torchvision_is_tested_on_own_images(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkpoint,) = people.rglob("last.ckpt")
    words = ["evaluate", "-c", str(people / "data.yaml"), "--folder", str(tmp_path / "evaluate")]
    words += ["--classifier", "resnet18", "--weights", str(people / "weights.pt")]
    assert main([*words, "--generator", str(checkpoint)]) == 0
    printed = capsys.readouterr().out
    figures = json.loads((tmp_path / "evaluate/metrics.json").read_text())
    with (tmp_path / "evaluate/groups.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["test_set"] == "confounded"]
    assert sum(int(row["images"]) for row in rows) == 40
    right = 100 * sum(int(row["correct"]) for row in rows) / 40
    assert figures["test/confounded_accuracy"] == pytest.approx(right)
    assert f"{figures['test/edit_flip_rate/sex']:.1f}" in printed
    assert 0 <= figures["test/reliance/sex"] <= 100
    assert (tmp_path / "evaluate/changed.png").exists()
    # Turned about, it is right where it was wrong.
    assert main([*words, "--generator", "null", "--outputs", "[dark, blond]"]) == 0
    turned = json.loads((tmp_path / "evaluate/metrics.json").read_text())
    assert turned["test/confounded_accuracy"] == pytest.approx(100 - right)
    assert "test/reliance/sex" not in turned
    assert main(["report", str(tmp_path / "evaluate"), "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    assert f"{100 - right:.1f} % of confounded ones" in page


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "--generator is null and there is no --classifier; name what to evaluate"),
        (["--weights", "w.pt"], "--weights are for a --classifier that cfaug did not train"),
        (["--classifier", "resnet18"], "--classifier resnet18 needs --weights"),
        (["--classifier", "a.ckpt", "--mean", "[0, 0, 0]"], "knows its --mean; leave them out"),
    ],
    ids=["nothing", "no classifier", "no weights", "checkpoint"],
)
def test_options_that_do_not_fit_are_refused(
    words: list[str], told: str, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["-c", str(people / "data.yaml"), "--folder", str(tmp_path / "evaluate")]
    assert main(["evaluate", *data, *words, "--generator", "null"]) == 1
    assert told in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "evaluate/metrics.json").exists()
