"""The commands on images and a table that a user brings."""

import csv
import json
import re
from pathlib import Path

import pytest
import yaml

from cfaug.cli.main import main
from datamodules.storage.shards import read_counterfactuals
from tests.integration.test_cli import ROOT
from tests.integration.tiny import tiny_words
from tests.people import HAIR, write_people


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_people(tmp_path_factory.mktemp("people"))
    table = folder / "table.csv"
    # With a point, which torch gives to no part of a module, and a slash, which no file has; and a
    # name of a column of groups.csv.
    table.write_text(table.read_text().replace("file,hair,sex", "file,images,a.type/sex"))
    options = {
        "images": str(folder / "images"),
        "table": str(folder / "table.csv"),
        "label": "images",
        "size": 8,
        "batch_size": 32,
        "num_workers": 1,
    }
    module = {"class_path": "datamodules.folder.ImagesWithTable", "init_args": options}
    (folder / "data.yaml").write_text(yaml.safe_dump({"data": module}))
    return folder


def test_the_loop_runs_on_own_images_without_an_oracle(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = tiny_words(people, people / "data.yaml")
    words += ["--base", str(ROOT / "experiments/base.yaml"), "--strengths", "null"]
    assert main(words) == 0
    figures = json.loads((people / "run/metrics.json").read_text())
    for method in ("erm", "balanced", "erm+conditional-vae"):
        for kind in ("resampled", "confounded"):
            assert 0 <= figures[f"{kind}_accuracy/{method}"] <= 100
    assert figures["confounded_worst_group_size/erm"] == 18  # of the 40 images, 2 with 2 groups
    with (people / "run/as-given/erm/seed-0/classifier/groups.csv").open(newline="") as file:
        groups = [row for row in csv.DictReader(file) if row["test_set"] == "resampled"]
    assert {row["images (attribute)"] for row in groups} == set(HAIR)
    assert (people / "run/as-given/conditional-vae/seed-0/evaluate/do-a.type-sex.png").exists()
    # Drawn until all groups are alike, from 18 and from 2.
    images, read = ([int(row[name]) for row in groups] for name in ("images", "read"))
    assert sum(read) == 40
    assert sorted(images)[:2] == [2, 2]
    assert max(images) > 5
    assert all(few < many for few, many in zip(images, read, strict=True) if few == 2)
    # Beside each accuracy, and what is left where images were drawn by weights.
    printed = " ".join(capsys.readouterr().out.split())
    worth = sum(read) ** 2 / sum(n * (m / n) ** 2 for n, m in zip(images, read, strict=True))
    assert f"resampled: 40 draws of {sum(images)} images, worth {worth:.0f}; V with" in printed
    for how in ("group-balanced", "partly deconfounded, after the first 64,000 images"):
        line = (
            rf"drawn {how}: \d\.\d\d of \d\.\d\d nats of confounding between images and a.type/sex"
        )
        assert re.search(rf"{line} left, as if \d+ of 140 images", printed), how
    named = " ".join(figures)
    for unknown in ("oracle", "gap_closed", "flip_rate", "exact_l1"):
        assert unknown not in named
    assert (people / "run/results/accuracy.png").exists()


def test_a_label_alone_is_edited_too(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["-c", str(people / "data.yaml"), "--data.init_args.attributes", "[]"]
    fit = ["generator", "fit", *words]
    fit += ["-c", str(ROOT / "experiments/generator/conditional-vae.yaml")]
    fit += [
        "--trainer.max_epochs",
        "1",
        "--trainer.accelerator",
        "cpu",
        "--trainer.logger",
        "false",
    ]
    fit += ["--trainer.default_root_dir", str(tmp_path)]
    assert main(fit) == 0
    (checkpoint,) = tmp_path.rglob("*.ckpt")
    augment = ["augment", *words, "--generator", str(checkpoint), "--judge_steps", "0"]
    augment += ["--folder", str(tmp_path / "made")]
    assert main(augment) == 1
    assert "no attribute beside the label, 'images', and" in capsys.readouterr().err
    train = ["classifier", "fit", *words, "--model.generator", str(checkpoint)]
    train += ["-c", str(ROOT / "experiments/classifier/counterfactual.yaml")]
    train += ["--trainer.logger", "false", "--trainer.default_root_dir", str(tmp_path / "trained")]
    assert main(train) == 1
    assert "counterfactuals keep the label; leave --model.generator" in capsys.readouterr().err
    audit = ["audit", *words, "--label", "hat", "--folder", str(tmp_path / "audit")]
    assert main(audit) == 1
    assert "this data set has --data.init_args.label" in capsys.readouterr().err
    assert main([*augment, "--targets", "{images: dark}"]) == 0
    made = read_counterfactuals(tmp_path / "made")
    assert set(made.target[:, 0].tolist()) == {1}
    assert made.source[:, 0].unique().tolist() == [0, 1]


def test_counterfactuals_tell_the_file_of_their_original(people: Path, tmp_path: Path) -> None:
    checkpoint = people / "run/as-given/conditional-vae/seed-0/generator/checkpoints/last.ckpt"
    words = ["augment", "-c", str(people / "data.yaml"), "--generator", str(checkpoint)]
    assert main([*words, "--folder", str(tmp_path / "made"), "--copies", "2"]) == 0
    assert main(["export", str(tmp_path / "made"), str(tmp_path / "plain")]) == 0
    with (people / "table.csv").open(newline="") as file:
        table = {row["file"]: row for row in csv.DictReader(file)}
    with (tmp_path / "plain/table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 280
    for row in rows:
        original = table[row["source_file"]]
        assert all(row[f"source_{name}"] == original[name] for name in ("images", "a.type/sex"))
        assert row["index"] == row["source_file"].removesuffix(".png")


def test_a_file_that_is_no_image_is_named_in_one_line(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for row in range(200):
        (people / "images" / f"{row}.png").write_text("no image")
    words = ["classifier", "fit", "-c", str(ROOT / "experiments/base.yaml")]
    words += ["-c", str(people / "data.yaml")]
    words += ["-c", str(ROOT / "experiments/classifier/counterfactual.yaml")]
    words += ["--trainer.logger", "false", "--trainer.default_root_dir", str(people)]
    assert main(words) == 1
    (line,) = (x for x in capsys.readouterr().err.splitlines() if x.startswith("cfaug: error"))
    assert "images" in line
    assert line.endswith("is no image that can be read, whatever its name says")
