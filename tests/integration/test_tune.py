"""As many random draws of each method's options, the choice, and the benchmark that uses it."""

import csv
import json
from pathlib import Path

import pytest
import yaml

from cfaug.cli.main import main
from tests.integration.test_cli import ROOT
from tests.integration.tiny import methods, tiny_data, tiny_words

SPACE = {
    "every method": {
        "model.lr": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-1},
    },
    "counterfactuals": {"model.invariance_weight": {"values": [0.5]}},
    "group-dro": {"model.objective.init_args.eta": {"values": [0.05]}},
}


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """The words of a tuning of two draws, already run, and its folder."""
    folder = tmp_path_factory.mktemp("tuning")
    (folder / "space.yaml").write_text(yaml.safe_dump(SPACE))
    (folder / "base.yaml").write_text((Path("experiments/base.yaml")).read_text())
    words = ["tune", *tiny_words(folder, tiny_data(folder))[1:]]
    words += ["--methods", methods("erm", "group-dro", "oracle"), "--draws", "2"]
    words += ["--space", str(folder / "space.yaml")]
    assert main(words) == 0
    return words, folder / "run"


def draws(folder: Path) -> dict[str, dict[str, str]]:
    """The lines of ``draws.csv``, by method and number."""
    with (folder / "results/draws.csv").open(newline="") as file:
        return {f"{line['method']} {line['draw']}": line for line in csv.DictReader(file)}


def test_every_method_has_as_many_draws(tuning: tuple[list[str], Path]) -> None:
    _, folder = tuning
    names = ["erm", "erm+counterfactuals", "group-dro", "oracle"]
    assert list(draws(folder)) == [f"{name} {number}" for name in names for number in (0, 1)]
    lrs = {line["model.lr"] for line in draws(folder).values() if line["draw"] == "1"}
    assert len(lrs) == 1
    (lr,) = lrs
    runs = list(folder.glob("r-*/*/draw-1/seed-0/classifier"))
    assert len(runs) == len(names)
    for run in runs:
        model = yaml.safe_load((run / "config-fit.yaml").read_text())["model"]
        assert model["lr"] == pytest.approx(float(lr))
        if "group-dro" in str(run):
            assert model["objective"]["init_args"]["eta"] == 0.05
        if "+" in str(run):
            assert model["invariance_weight"] == 0.5


def test_draws_are_scored_on_confounded_validation_images(tuning: tuple[list[str], Path]) -> None:
    _, folder = tuning
    for number in (0, 1):
        run = folder / f"r-0.95/erm/draw-{number}/seed-0/classifier"
        figures = json.loads((run / "metrics.json").read_text())
        score = float(draws(folder)[f"erm {number}"]["val/balanced_accuracy"])
        assert score == pytest.approx(figures["test/confounded_balanced_accuracy"], abs=1e-3)
        config = yaml.safe_load((run / "config-fit.yaml").read_text())
        assert config["data"]["init_args"]["test_on"] == "val"
        kept = json.loads((folder / f"results/r-0.95/erm/draw-{number}/seed-0.json").read_text())
        assert not [name for name in kept["figures"] if "unconfounded" in name]


def test_the_best_draw_is_chosen_and_a_benchmark_uses_it(
    tuning: tuple[list[str], Path], tmp_path: Path
) -> None:
    words, folder = tuning
    tuned = folder / "results/tuned.yaml"
    chosen = yaml.safe_load(tuned.read_text())
    for name, options in chosen.items():
        scores = [float(draws(folder)[f"{name} {n}"]["val/balanced_accuracy"]) for n in (0, 1)]
        assert bool(options) == (scores[1] > scores[0]), name
    chosen["group-dro"] = {"model.lr": 0.03, "model.objective.init_args.eta": 0.2}
    tuned.write_text(yaml.safe_dump(chosen))
    space = words.index("--space")
    line = ["benchmark", *words[1:space], "--generators", "[]", "--tuned", str(tuned)]
    del line[line.index("--draws") : line.index("--draws") + 2]
    line += ["--folder", str(tmp_path), "--methods", methods("group-dro")]
    assert main(line) == 0
    config = (tmp_path / "r-0.95/group-dro/seed-0/classifier/config-fit.yaml").read_text()
    model = yaml.safe_load(config)["model"]
    assert (model["lr"], model["objective"]["init_args"]["eta"]) == (0.03, 0.2)
    cell = json.loads((tmp_path / "results/r-0.95/group-dro/seed-0.json").read_text())
    assert cell["chosen"] == chosen["group-dro"]


def test_finished_draws_are_kept_and_another_space_is_refused(
    tuning: tuple[list[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words, folder = tuning
    kept = folder / "results/r-0.95/erm/draw-1/seed-0.json"
    before = kept.stat().st_mtime_ns
    assert main(words) == 0
    assert "8 cells: 8 done" in capsys.readouterr().out
    assert kept.stat().st_mtime_ns == before
    assert main([*words, "--draw_seed", "1"]) == 1
    assert "draw-1/seed-0.json was computed with" in capsys.readouterr().err


def test_more_than_one_setting_is_refused(
    tuning: tuple[list[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words, _ = tuning
    assert main([*words, "--strengths", "[0.9, 0.95]"]) == 1
    assert "tuning chooses options at one setting" in capsys.readouterr().err


def test_make_tune_finds_the_kept_draws(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)  # the YAMLs name others from there
    yamls = ("experiments/benchmarks/all-methods.yaml", "experiments/tuning/mnist-16.yaml")
    assert main(["tune", *(word for path in yamls for word in ("-c", path)), "--list", "true"]) == 0
    assert "0 left: 0 minutes" in capsys.readouterr().out


def test_what_learns_from_the_images_that_choose_is_refused(
    tuning: tuple[list[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    words, _ = tuning
    assert main([*words, "--methods", methods("erm", "dfr")]) == 1
    assert "dfr learns from validation images, and tuning chooses" in capsys.readouterr().err
