"""What a person reads at 80 columns."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from scipy.stats import binomtest

from cfaug.cli.main import main
from cfaug.cli.output.judging_table import judging_lines, judging_table
from cfaug.terminal.progress import track
from cfaug.terminal.tables import show
from datamodules.storage.grey_digits import mnist_root
from tests.integration.test_cli import BASE, CLASSIFIER, DATA, GENERATOR, ROOT, SHORT, fit
from tests.integration.tiny import tiny_data

CHATTER = (
    *("Seed set", "GPU available", "TPU available", "Tip:", "stopped", "Mixed Precision"),
    *("Trainable params", "Test metric", "Warning", "deprecated", "anonymous", "test/", "val/"),
)
"""What Lightning and W&B say of every run, and names that are for files."""

ENDS = "", "_low", "_high"
"""Of the names of a figure and of the ends of its interval."""

CELEBA = ROOT / mnist_root(Path("data")) / "photos/celeba/list_attr_celeba.txt"


@pytest.fixture(autouse=True)
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns, and an empty current folder, so that no path is long."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


def told(words: list[str]) -> list[str]:
    """The lines that a command prints in a process of its own, as nothing was imported before."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "cfaug", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=settings, check=False)
    assert done.returncode == 0, done.stderr
    return [line.rstrip() for line in (done.stderr + done.stdout).splitlines()]


def read(capsys: pytest.CaptureFixture[str]) -> list[str]:
    printed = capsys.readouterr()
    return [line.rstrip() for line in (printed.err + printed.out).splitlines()]


def require_short(lines: list[str], most: int) -> None:
    text = "\n".join(lines)
    assert len(lines) <= most, text
    assert all(len(line) <= 80 for line in lines), text
    assert len(set(lines)) == len(lines), text
    assert not [chatter for chatter in CHATTER if chatter in text], text


def test_a_fit_of_a_classifier_prints_its_figures_once() -> None:
    logger = ["--trainer.logger.init_args.name", "run", "--trainer.logger.init_args.version", "a"]
    logger = ["--trainer.logger", "CSVLogger", "--trainer.logger.save_dir", "runs", *logger]
    lines = told(["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT, *logger])
    require_short(lines, 6)  # the name of a worst group may take two
    figures = json.loads(Path("runs/run/a/metrics.json").read_text())
    text = "\n".join(lines)
    for name in ("unconfounded", "confounded"):
        (row,) = (line.split() for line in lines if line.startswith(name))
        right, *ends = (f"{figures[f'test/{name}_accuracy{end}']:.1f}" for end in ENDS)
        assert row[1:4] == [right, f"[{ends[0]},", f"{ends[1]}]"]
        for kind in ("accuracy", "balanced_accuracy"):
            value, low, high = (figures[f"test/{name}_{kind}{end}"] for end in ENDS)
            assert low < value < high
        assert figures[f"test/{name}_images"] == 400
    # 400 test images over 200 groups leave none with 10.
    assert "none has 10 images" in text
    prefix = "test/confounded_worst_group"
    worst, low, high = (figures[f"{prefix}_accuracy{end}"] for end in ENDS)
    interval = rf"\[{low:.1f}, {high:.1f}\]"
    size = figures[f"{prefix}_size"]
    group = r"digit=\d,\s+thickness=\w+,\s+color=\w+"
    assert re.search(rf"{worst:.1f} {interval} +{size:.0f} +{group}", text)
    assert "test/unconfounded_worst_group_accuracy_low" not in figures
    for name in ("thickness", "color"):
        rate, low, high = (figures[f"test/flip_rate{end}/{name}"] for end in ENDS)
        # Each of 400 images is flipped once (Wilson, JASA 1927).
        flipped = binomtest(round(4 * rate), 400).proportion_ci(method="wilson")
        assert (low, high) == pytest.approx((100 * flipped.low, 100 * flipped.high), abs=1e-3)
        assert text.count(f"{name} {rate:.1f} [{low:.1f}, {high:.1f}]") == 1
    assert lines[-1] == f"run: runs/run/a, validation {figures['val/accuracy']:.1f} %"


def test_a_fit_of_a_generator_is_two_lines_with_wandb_too_and_a_summary_can_be_had() -> None:
    words = ["generator", "fit", *BASE, *DATA, *GENERATOR, *SHORT, "--trainer.max_epochs", "1"]
    lines = told(words)
    require_short(lines, 3)  # the first is longer than 80 columns
    assert re.fullmatch(r"run: runs/generator/version_0, validation loss \d+\.\d\d", lines[-1])
    figures = json.loads(Path("runs/generator/version_0/metrics.json").read_text())
    left, whole = (figures[f"data/{key}/color"] for key in ("remaining_cnf", "cnf"))
    assert 0.2 < left < whole
    assert " ".join(lines[:-1]) == (
        "drawn partly deconfounded, after the first 64,000 images: "
        f"{left:.2f} of {whole:.2f} nats of confounding between digit "
        f"and color left, as if {figures['data/effective_train_size']:.0f} of 1,300 images"
    )
    assert "Trainable params" in "\n".join(told([*words, "--trainer.enable_model_summary", "true"]))


def test_a_test_of_a_generator_is_one_table_unless_lightnings_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fit("generator", Path("made"), "--trainer.max_epochs", "1") == 0
    read(capsys)
    words = [*BASE, *DATA, *GENERATOR, "--trainer.logger", "false"]
    words += ["--ckpt_path", "made/run/a/checkpoints/last.ckpt"]
    assert main(["generator", "test", *words]) == 0
    lines = read(capsys)
    require_short(lines, 9)
    assert lines[0].split() == ["on", "test", "images", "unconfounded", "confounded"]
    figures = json.loads(Path("metrics.json").read_text())
    names = [name.removeprefix("test/confounded_") for name in figures if "test/conf" in name]
    found = {line.split()[0]: [float(value) for value in line.split()[1:]] for line in lines[1:-1]}
    for name in names:
        values = [figures[f"test/{split}_{name}"] for split in ("unconfounded", "confounded")]
        assert found[name] == pytest.approx(values, abs=0.0051)
    assert lines[-1] == "all figures: metrics.json"
    assert main(["generator", "test", *words, "--verbose", "true"]) == 0
    assert "Test metric" in "\n".join(read(capsys))
    assert main(["generator", "validate", *words]) == 0
    line = "\n".join(read(capsys))
    assert re.fullmatch(r"validation: loss [-\d.]+, .*", line, re.DOTALL)


def test_an_audit_of_the_demo_is_twelve_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", *DATA, "--permutations", "20"]) == 0
    lines = read(capsys)
    require_short(lines, 11)
    text = "\n".join(lines)
    audit = json.loads(Path("runs/audit/audit.json").read_text())
    for pair in audit["pairs"]:
        assert len(re.findall(rf"^{pair['first']} - {pair['second']} ", text, re.MULTILINE)) == 1
    for pair in audit["remaining"]:
        assert f" {pair['cnf']:.3f} " in text
    assert audit["thin"]["names"] == ["digit", "color"]
    assert f"of digit and color {audit['thin']['empty']} of 100 have none" in text
    assert lines[-1].endswith("runs/audit")


@pytest.mark.parametrize("strangers", [False, True])
def test_an_audit_of_forty_attributes_is_one_screen(
    capsys: pytest.CaptureFixture[str], *, strangers: bool
) -> None:
    draws = random.Random(0)
    long = "Wearing_Something_On_" if strangers else "An_Attribute_"
    header = ["file", *(f"{long}{k}" for k in range(40))]
    rows = []
    for n in range(300):
        label = draws.random() < 0.2
        others = [draws.random() < (0.1 + 0.02 * k * label) for k in range(39)]
        rows.append([f"{n}.png", *("yes" if value else "no" for value in (label, *others))])
    Path("table.csv").write_text("\n".join(",".join(row) for row in [header, *rows]))
    words = ["audit", "--table", "table.csv", "--label", header[1], "--permutations", "1"]
    assert main(words) == 0
    lines = read(capsys)
    require_short(lines, 40)
    text = "\n".join(lines)
    assert "768 more pairs" in text
    assert len(json.loads(Path("runs/audit/audit.json").read_text())["pairs"]) == 780
    assert text.count("=") == 0  # no combination of 40 names


def judged(names: list[str]) -> dict[str, float]:
    figures = {"test/composition/1": 1.0, "test/composition/10": 2.5}
    figures |= {"test/transfer/real": 90.0, "test/transfer/edited": 95.0}
    figures["test/judged_images"] = 400.0
    for i, name in enumerate(names):
        measures = {"judge": 99.0, "leakage": 30.0, "leakage_chance": 10.0, "reversibility": 4.0}
        measures |= {"leakage_chance_high": 13.3, **({"joint_leakage": 20.0} if i else {})}
        figures |= {f"test/{measure}/{name}": value for measure, value in measures.items()}
        for k, other in enumerate(names):
            figures[f"test/effectiveness/do-{name}/{other}"] = 90.0 - i if i == k else 99.0 - k
            figures[f"test/judge_difference/do-{name}/{other}"] = -3.0 if i == k == 1 else 2.0
    return figures


def test_a_judged_generator_is_a_row_for_each_attribute(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["digit", "thickness", "color"]
    figures = judged(names)
    show(judging_table(figures, names), *judging_lines(figures, names))
    lines = read(capsys)
    require_short(lines, 11)
    rows = [line.split() for line in lines[2:5]]
    assert rows[0] == ["digit", "90.0", "97.0", "99.0", "30.0", "10.0", "color"]
    assert rows[2] == ["color", "88.0", "98.0", "99.0", "30.0", "20.0", "10.0", "thickness"]
    assert lines[-4].endswith("on 400 images guessing varies by 3.3 points")
    assert lines[-3].endswith("by 1.0 of 255 grey levels, ten by 2.5")
    assert lines[-2].endswith("90.0 % of real, 95.0 % of edited images right")
    assert lines[-1].endswith("read up to 3.0 points more")


def test_of_forty_judged_attributes_the_worst_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"Wearing_Something_{k}" for k in range(40)]
    figures = judged(names)
    show(judging_table(figures, names), *judging_lines(figures, names))
    lines = read(capsys)
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40
    assert lines[2].startswith("Wearing_Something_39")
    assert "28 more in metrics.json" in "\n".join(lines)


def screen(printed: str) -> list[str]:
    """What stands on a terminal in the end."""
    lines, row = [""], 0
    for piece in re.findall(r"\x1b\[[?\d;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", printed):
        if piece == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif piece.endswith("A") and piece.startswith("\x1b"):
            row -= int(piece[2:-1] or 1)
        elif piece == "\x1b[2K":
            lines[row] = ""
        elif piece != "\r" and not piece.startswith("\x1b"):
            lines[row] += piece
    return [line for line in lines if line.strip()]


def test_bars_go_when_a_part_is_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["classifier", "fit", *BASE, *DATA, *CLASSIFIER, *SHORT, "--trainer.logger", "false"]
    assert main(words) == 0
    plain = capsys.readouterr().out
    assert "━" not in plain  # no terminal
    shutil.rmtree("checkpoints")
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, to rich
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "training, epoch 2 of 2" in printed
    assert "testing" in printed
    assert [line.rstrip() for line in screen(printed)] == [
        line.rstrip() for line in plain.splitlines()
    ]
    assert list(track(iter("abc"), "spelling", 3)) == ["a", "b", "c"]
    printed = capsys.readouterr().out
    assert "spelling" in printed
    assert not screen(printed)


def test_the_counterfactuals_and_faces_are_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faces", "faces", "--count", "12"]) == 0
    assert read(capsys) == ["12 faces: faces"]


def test_the_demo_fits_two_screens() -> None:
    Path("experiments").symlink_to(ROOT / "experiments")
    words = ["benchmark", "-c", "experiments/benchmarks/demo.yaml", "--data", "[data.yaml]"]
    assert tiny_data(Path()) == Path("data.yaml")
    base = Path("experiments/base.yaml").read_text(encoding="utf-8")
    base = base.replace("log_every_n_steps: 20", "log_every_n_steps: 1")  # an epoch is one batch
    Path("base.yaml").write_text(base, encoding="utf-8")
    words += ["--base", "base.yaml"]
    words += ["--generator_epochs", "1", "--updates", "30", "--judge_steps", "2"]
    lines = told(words)
    text = "\n".join(lines)
    assert len(lines) <= 100, text  # eight of them say how images were drawn
    longest = [re.sub(r"(?<=validation )[\d.]+ %", "100.0 %", line) for line in lines]
    assert all(len(line) <= 80 for line in longest), text
    assert not [chatter for chatter in CHATTER if chatter in text], text
    for what in ("confounding of 1,300 images", "a probe reads", "runs/demo/report.html"):
        assert text.count(what) == 1
    for method in ("erm", "balanced", "channel-mixing", r"erm\+conditional-vae", "oracle"):
        # Its accuracies, in the table at the end.
        assert re.search(rf"^{method} +\d+\.\d ", text, re.MULTILINE), text
    below = r"^ +\d+\.\d-\d+\.\d( +\d+\.\d-\d+\.\d)?( +-?\d+\.\d(-| to )-?\d+\.\d)?$"
    assert len(re.findall(below, text, re.MULTILINE)) == 5, text


def test_an_audit_of_celeba_is_one_screen(capsys: pytest.CaptureFixture[str]) -> None:
    if not CELEBA.exists():
        pytest.skip(f"no table of CelebA, {CELEBA}")
    _, header, *rows = CELEBA.read_text().splitlines()
    table = [",".join(["file", *header.split()]), *(",".join(row.split()) for row in rows)]
    Path("table.csv").write_text("\n".join(table))
    words = ["audit", "--table", "table.csv", "--label", "Blond_Hair", "--permutations", "1"]
    assert main(words) == 0
    lines = read(capsys)
    require_short(lines, 40)
    assert lines[2].startswith("Blond_Hair - Male")
