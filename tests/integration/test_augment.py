"""Counterfactuals on disk: written, read back in training, exported."""

import csv
import json
from pathlib import Path

import pytest
import torch

from cfaug.cli.commands.augment import named_values
from cfaug.cli.main import main
from datamodules.attributes import attribute_space
from datamodules.folder import ImagesWithTable
from datamodules.storage.shards import Shard, read_counterfactuals, shard_path, write_shard
from tests.integration.test_cli import CLASSIFIER, DATA, fit
from tests.integration.test_errors import checkpoint, fails


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A command that was run once."""
    folder = tmp_path_factory.mktemp("augment")
    path = checkpoint(folder / "generator")
    words = ["augment", *DATA, "--folder", str(folder / "made"), "--generator", str(path)]
    words += ["--shard_size", "600", "--judge_steps", "2", "--copies", "2"]
    assert main(words) == 0
    return words


def folder_of(words: list[str]) -> Path:
    return Path(words[words.index("--folder") + 1])


def test_what_a_run_leaves(words: list[str]) -> None:
    folder = folder_of(words)
    figures = json.loads((folder / "metrics.json").read_text())
    assert figures["augment/images"] == 2600
    assert 0 <= figures["augment/read_as_wanted/color"] <= 100
    assert (folder / "counterfactuals.png").stat().st_size > 5_000
    assert len(list(folder.glob("*.parquet"))) == 5
    recipe = read_counterfactuals(folder).recipe
    assert len(recipe["generator_sha256"]) == 64
    assert recipe["seed"] == "0"


def test_again_with_other_options_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = fails([*words, "--seed", "1"], capsys)
    assert "holds counterfactuals with seed 0 instead of 1; choose another --folder" in message


def test_a_run_that_made_nothing_leaves_its_folder_to_others(
    words: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    words = [*words, "--folder", str(tmp_path), "--copies", "1"]
    judge = "cfaug.cli.commands.augment.trained_judge"

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(judge, stopped)
        assert main(words) == 130
        assert not (tmp_path / "recipe.json").exists()
    with monkeypatch.context() as patch:
        patch.setattr("cfaug.cli.commands.augment.write_shards", stopped)
        assert main([*words, "--seed", "1"]) == 130
    assert "with seed 1 instead of 0" in fails(words, capsys)  # for the judge is there
    (tmp_path / "recipe.json").write_text("[]")
    assert f"{tmp_path / 'recipe.json'} is damaged" in fails(words, capsys)


@pytest.mark.parametrize("name", ["recipe.json", "judge.pt"])
def test_what_a_run_goes_on_with_is_damaged(
    name: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder_of(words) / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    message = fails(words, capsys)
    path.write_bytes(content)
    assert f"{path} is damaged" in message
    assert message.endswith(f"remove {path.parent} to start anew")


def test_an_unknown_precision(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "foo" in fails([*words, "--precision", "foo"], capsys)


def test_a_lost_shard_is_written_again_the_same(words: list[str]) -> None:
    shard = sorted(folder_of(words).glob("*.parquet"))[3]
    content = shard.read_bytes()
    shard.unlink()
    assert main(words) == 0
    assert shard.read_bytes() == content


def test_the_number_of_workers_matters_to_nothing(words: list[str]) -> None:
    assert main([*words, "--data.init_args.num_workers", "1"]) == 0


def test_images_that_changed_are_no_place_to_go_on(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = fails([*words, "--data.init_args.seed", "1"], capsys)
    assert "holds counterfactuals with data.seed 0 instead of 1, images_sha256" in message


def test_a_classifier_trains_on_them(words: list[str], tmp_path: Path) -> None:
    option = ["--data.init_args.counterfactuals", str(folder_of(words))]
    assert fit("classifier", tmp_path / "a", *option) == 0
    figures = json.loads((tmp_path / "a/run/a/metrics.json").read_text())
    assert figures["train/counterfactual"] > 0
    assert figures["train/distance"] > 0


def test_two_sources_of_counterfactuals_are_one_too_many(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ["--data.init_args.counterfactuals", str(folder_of(words))]
    options += ["--model.generator", words[words.index("--generator") + 1]]
    fit_words = ["classifier", "fit", *DATA, *CLASSIFIER, *options]
    fit_words += ["--trainer.logger", "false", "--trainer.default_root_dir", str(tmp_path)]
    assert "leave one of them out" in fails(fit_words, capsys)


def test_words_of_a_target_are_neither_truth_values_nor_numbers() -> None:
    given = "{Eyeglasses: yes, Hat: no, angle: 30, code: 007}"
    wanted = {"Eyeglasses": "yes", "Hat": "no", "angle": "30", "code": "007"}
    assert named_values(given) == wanted == named_values(wanted)
    with pytest.raises(
        ValueError, match="--targets has False for 'Hat', expected a word; in a YAML put"
    ):
        named_values({"Eyeglasses": "yes", "Hat": False})


def test_an_unknown_attribute_or_value_in_a_target(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = [*words, "--folder", str(tmp_path / "red"), "--copies", "1"]
    message = fails([*words, "--targets", "{hue: red}"], capsys)
    assert "unknown attribute 'hue'; this data set has ['digit', 'thickness', 'color']" in message
    message = fails([*words, "--targets", "{color: pink}"], capsys)
    assert "attribute 'color' has no value 'pink'; choose one of ['red'" in message
    assert not list((tmp_path / "red").iterdir())
    for targets in ("red", "{}", "[color]", "{color: [red]}", "{color"):
        message = fails([*words, "--targets", targets], capsys)
        assert message.startswith("cfaug: error: --targets ")
    assert main([*words, "--targets", "{color: red}"]) == 0
    made = read_counterfactuals(tmp_path / "red")
    assert set(made.target[:, 2].tolist()) == {0}
    assert torch.equal(made.target[:, :2], made.source[:, :2])


def test_an_export_needs_no_reader_of_its_own(
    words: list[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    made = read_counterfactuals(folder_of(words))
    out = tmp_path / "plain"
    assert main(["export", str(folder_of(words)), str(out)]) == 0
    with (out / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2600
    color = made.space.attributes[2]
    assert rows[77]["color"] == color.values[int(made.target[77, 2])]
    assert rows[77]["source_color"] == color.values[int(made.source[77, 2])]
    assert (rows[77]["index"], rows[77]["copy"]) == ("38", "1")
    # The export is data of one's own.
    data = ImagesWithTable(
        out / "images", "digit", out / "table.csv", ["thickness", "color"], size=16
    )
    data.setup()
    batch = data.first("train", 8)
    pictures = made.pictures(batch["index"].tolist())
    assert torch.equal((batch["image"] * 255).round().byte(), pictures)
    assert "exists; choose another" in fails(["export", str(folder_of(words)), str(out)], capsys)


@pytest.mark.parametrize("name", ["index", "copy", "source_file", "file", "source_digit"])
def test_an_export_has_no_two_columns_of_a_name(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    space = attribute_space({"digit": ["0", "1"], name: ["0", "1"]}, "digit")
    codes, number = torch.tensor([[0, 1], [1, 0]]), torch.arange(2)
    images = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
    shard = Shard(images, number, number, codes, codes, files=["a", "b"])
    write_shard(shard_path(tmp_path / "made", 0, 1), shard, space, {})
    message = fails(["export", str(tmp_path / "made"), str(tmp_path / "plain")], capsys)
    assert f"table.csv would have two columns of the name ['{name}'" in message
    assert not (tmp_path / "plain").exists()
