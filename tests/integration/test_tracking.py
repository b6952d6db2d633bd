"""What runs tell W&B, read back from the files of offline runs, and the dashboard on it."""

import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import wandb
import wandb_workspaces.workspaces as ws
import yaml
from tensorboardX.proto.event_pb2 import Event

from cfaug.benchmarking.plan import Plan
from cfaug.cli.commands.benchmark import identity_of
from cfaug.cli.commands.dashboard import pattern, widget
from cfaug.cli.main import main
from cfaug.evaluation.edit_gallery import COLUMNS, Edits, Gallery, table
from cfaug.tracking.dashboard_panels import UNSHOWN, Panel, sections
from datamodules.attributes import Attribute, AttributeSpace
from tests.integration.offline import OfflineRun, offline_runs
from tests.integration.test_cli import BASE, CLASSIFIER, DATA, ROOT, fit
from tests.integration.tiny import cell_of, folder_of

NAMES = ("erm", "balanced", "erm+beta-0.1", "erm+beta-1.0", "oracle")
"""Methods of the benchmark."""

SPACE = AttributeSpace(
    (
        Attribute("digit", tuple("0123456789")),
        Attribute("thickness", ("thin", "thick")),
        Attribute("color", ("red", "blue")),
    ),
    label="digit",
)
TEST_SETS = "unconfounded", "confounded"
UNCERTAIN = (
    "pictures/evaluate/misread",
    "gap_closed/",
    "difference/",
    "pictures/benchmark/strengths",
)
"""Begin names that are logged only where a judge misreads, where ERM falls short, of methods other
than the best baseline, or where there are several strengths."""


@pytest.fixture(scope="module")
def runs(benchmark: list[str]) -> dict[str, OfflineRun]:
    """The W&B runs of a benchmark, by name."""
    return {run.name: run for run in offline_runs(folder_of(benchmark))}


@pytest.fixture(scope="module")
def counterfactuals(benchmark: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Counterfactuals on disk that a judge has read."""
    folder = tmp_path_factory.mktemp("augment")
    words = ["-c", str(folder_of(benchmark).parent / "data.yaml"), "--judge_steps", "2"]
    words += [
        "--generator",
        str(cell_of(benchmark, "beta-1.0") / "generator/checkpoints/last.ckpt"),
    ]
    assert main(["augment", *words, "--folder", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def logged(runs: dict[str, OfflineRun], counterfactuals: Path) -> set[str]:
    keys = set().union(
        *(run.keys for run in [*runs.values(), *offline_runs(counterfactuals)]),
    )
    return {key for key in keys if not key.startswith("_")}


def panels() -> list[Panel]:
    return [panel for section in sections(SPACE, NAMES, TEST_SETS) for panel in section.panels]


def test_every_panel_shows_what_is_logged(logged: set[str]) -> None:
    for panel in panels():
        for key in panel.keys:
            found = any(re.match(pattern(key), name) for name in logged)
            assert found or key.startswith(UNCERTAIN), (panel.title, key)


def test_what_is_logged_has_a_panel_or_a_reason(logged: set[str]) -> None:
    shown = [pattern(key) for panel in panels() for key in panel.keys]
    reasons = [pattern(key) for key in UNSHOWN]
    for name in logged:
        assert any(re.match(key, name) for key in [*shown, *reasons]), name


@pytest.mark.parametrize(
    "name",
    [
        "test/anything/x",
        "test/unconfounded_new",
        "pictures/evaluate/new",
        "audit/new/a-b",
        "new",
        "new/erm",
    ],
)
def test_what_nobody_knows_has_neither(name: str) -> None:
    known = [*UNSHOWN, *(key for panel in panels() for key in panel.keys)]
    assert not any(re.match(pattern(key), name) for key in known)


def test_runs_of_a_generator_share_a_group_and_tell_data_and_strength(
    runs: dict[str, OfflineRun], benchmark: list[str]
) -> None:
    assert {run.group for run in runs.values()} == {folder_of(benchmark).name}
    tags = {name: run.tags for name, run in runs.items() if "oracle" not in name}
    assert all(found == {"data", "strength 0.95"} for found in tags.values()), tags
    assert runs["generator r-0.95/beta-1.0/seed-0"].job == "train-generator"
    assert runs["evaluate data"].job == "evaluate"
    places = {name: "r-0.0" if name == "oracle" else "r-0.95" for name in NAMES}
    trained = {f"classifier {place}/{name}/seed-0" for name, place in places.items()}
    assert trained <= runs.keys()


def test_the_generator_is_linked_to_what_was_made_with_it(
    runs: dict[str, OfflineRun], counterfactuals: Path
) -> None:
    left = runs["generator r-0.95/beta-1.0/seed-0"].left
    assert [name for name, _ in left] == ["generator-data"]
    (augment,) = offline_runs(counterfactuals)
    # Two generators are judged in runs of the same name.
    trained = runs["classifier r-0.95/erm+beta-1.0/seed-0"]
    erm = runs["classifier r-0.95/erm/seed-0"]
    assert augment.used == trained.used == left
    assert runs["evaluate data"].used in (left, runs["generator r-0.95/beta-0.1/seed-0"].left)
    assert not erm.used
    assert [name for name, _ in augment.left] == ["counterfactuals-data"]
    assert [name for name, _ in erm.left] == ["classifier-data"]


def test_counterfactuals_on_disk_are_linked_to_the_classifier_that_saw_them(
    benchmark: list[str], counterfactuals: Path, tmp_path: Path
) -> None:
    data = ["-c", str(folder_of(benchmark).parent / "data.yaml")]
    wandb_logger = {"class_path": "WandbLogger", "init_args": {"save_dir": str(tmp_path)}}
    words = [*BASE, *data, *CLASSIFIER, "--trainer.max_epochs", "1"]
    words += ["--data.init_args.counterfactuals", str(counterfactuals)]
    words += ["--trainer.log_every_n_steps", "1"]
    words += ["--trainer.logger", json.dumps(wandb_logger)]
    assert main(["classifier", "fit", *words]) == 0
    wandb.finish()
    (made,), (user,) = offline_runs(counterfactuals), offline_runs(tmp_path)
    assert [name for name, _ in made.left] == ["counterfactuals-data"]
    assert user.used == made.left
    assert user.group == made.group


def test_single_commands_join_the_group_of_their_generator(tmp_path: Path) -> None:
    short = ["--trainer.max_epochs", "1", "--trainer.limit_train_batches", "1"]
    assert fit("generator", tmp_path / "generator", *short) == 0
    made = tmp_path / "generator/run/a"
    checkpoint = ["--model.generator", str(made / "checkpoints/last.ckpt")]
    assert fit("classifier", tmp_path / "with", *short, *checkpoint) == 0
    assert fit("classifier", tmp_path / "without", *short) == 0
    record, user, other = (
        json.loads((folder / "run.json").read_text())
        for folder in (made, tmp_path / "with/run/a", tmp_path / "without/run/a")
    )
    assert record["group"].startswith("digits-colored-2")
    assert user["group"] == record["group"] != other["group"]
    assert (record["dataset"], record["strength"]) == ("digits-colored", 0.95)
    assert (user["method"], other["method"]) == ("counterfactual", "erm")


def test_a_record_tells_objective_sampling_and_augmentation(tmp_path: Path) -> None:
    short = ["--trainer.max_epochs", "1", "--trainer.limit_train_batches", "1"]
    for name, expected in {
        "group-dro": "GroupDRO + balanced",
        "balanced-channel-mixing": "ChannelMixing + balanced",
        "erm": "erm",
        "oracle": "oracle",
    }.items():
        method = ["-c", str(ROOT / f"experiments/methods/{name}.yaml")]
        assert fit("classifier", tmp_path / name, *method, *short) == 0
        record = json.loads((tmp_path / name / "run/a/run.json").read_text())
        assert record["method"] == expected


def test_tensorboard_gets_the_figures_and_pictures_too(tmp_path: Path) -> None:
    words = ["--trainer.logger", "TensorBoardLogger", "--trainer.max_epochs", "1"]
    assert fit("generator", tmp_path, *words) == 0
    (path,) = tmp_path.rglob("events.out.tfevents*")
    tags = {value.tag for event in _events(path) for value in event.summary.value}
    assert {"val/loss", "train/loss", "data/train_size", "edits/color"} <= tags


def _events(path: Path) -> Iterator[Event]:
    content = path.read_bytes()
    while content:  # length, checksum, event, checksum
        (size,) = struct.unpack("<Q", content[:8])
        yield Event.FromString(content[12 : 12 + size])
        content = content[16 + size :]


def test_the_dashboard_is_told_without_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboard", *DATA, "--dry-run"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [section["name"] for section in told] == [
        "Confounding",
        "Generator",
        "Classifier",
        "Compare",
    ]
    keys = [key for section in told for panel in section["panels"] for key in panel["keys"]]
    assert "test/effectiveness/do-color/thickness" in keys


def test_the_library_takes_every_panel() -> None:
    for section in sections(SPACE, NAMES, TEST_SETS):
        made = ws.Section(name=section.name, panels=[widget(panel) for panel in section.panels])
        assert len(made.panels) == len(section.panels)
    bars = widget(Panel("a", "bars", ("test/judge/a",)))
    assert [metric.name if hasattr(metric, "name") else metric for metric in bars.metrics] == [
        "test/judge/a"
    ]


def test_galleries_keep_the_first_the_misread_and_the_farthest() -> None:
    gallery = Gallery(most=2)
    source = torch.tensor([[3, 0, 0]]).repeat(6, 1)
    target = torch.tensor([[3, 0, 1]]).repeat(6, 1)
    read = target.clone()
    read[2] = torch.tensor([4, 0, 0])
    read[5, 1] = 1
    trips = torch.tensor([1.0, 9.0, 2.0, 3.0, 8.0, 0.0])
    everything = Edits(torch.arange(6), source, target, read, trips, torch.zeros(6, 3, 3, 4, 4))
    for rows in (torch.arange(3), torch.arange(3, 6)):  # two batches
        gallery.add(everything.at(rows))
    kept = {kind: edits.position.tolist() for kind, edits in gallery.kept.items()}
    assert kept == {"first": [0, 1], "misread": [2, 5], "farthest": [1, 4]}
    rows = [
        dict(zip(COLUMNS, row, strict=True)) for row in table(2, gallery.kept["misread"], SPACE)
    ]
    assert rows[0]["read_otherwise"] == "digit 4, color red"
    assert rows[1]["read_otherwise"] == "thickness thick"
    assert [rows[0][name] for name in ("from", "to", "judges_agree")] == ["red", "blue", False]


@pytest.mark.parametrize(
    ("init_args", "strength", "tags", "number"),
    [
        ({"strength": 1}, None, ["strength 1.0"], 1.0),
        ({"strength": 0.5}, 0.9, ["strength 0.9"], 0.9),
        (None, None, ["strength 0.95"], 0.95),
        ({"strength": {"color": 0.5, "thickness": 0}}, None, None, None),
        ({"conflicting_share": 0.01}, None, ["conflicting share 0.01"], None),
    ],
)
def test_a_benchmark_tells_the_strength_of_its_data(
    tmp_path: Path,
    init_args: dict[str, Any] | None,
    strength: float | None,
    tags: list[str] | None,
    number: float | None,
) -> None:
    data = {"class_path": "datamodules.digits.ConfoundedDigits", "init_args": init_args}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"data": data}))
    strengths = None if strength is None else (strength,)
    plan = Plan(path, (path,), (path,), tmp_path / "run", path, strengths=strengths)
    identity = identity_of(plan, path)
    assert identity.group == "run"
    assert identity.strength == number
    assert identity.tags[0] == "mine"
    if tags is not None:
        assert list(identity.tags[1:]) == tags
