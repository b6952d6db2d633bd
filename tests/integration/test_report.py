"""A report on runs as commands leave them, read back from its HTML."""

import csv
import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cfaug.cli.main import main
from cfaug.plotting.charts import Estimate, save_accuracies
from tests.browser import barriers, opened
from tests.integration.test_cli import DATA

HOSTILE = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Collects tables, tags, and what the page would load from elsewhere."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self.loaded: list[str] = []
        self.unnamed = 0
        self.in_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        told = dict(attrs)
        if tag in {"img", "script", "link"}:
            self.loaded.append(told.get("src") or told.get("href") or "")
            self.unnamed += tag == "img" and not told.get("alt")
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self.in_cell = self.in_cell and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self.in_cell:
            self.rows[-1][-1] += data


def leave(folder: Path, command: str, figures: dict[str, float]) -> Path:
    folder.mkdir(parents=True)
    record = {"command": command, "commit": "abc", "machine": "m", "versions": {"torch": "2"}}
    record["seconds"] = 90
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "metrics.json").write_text(json.dumps(figures))
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """An audit, a judged generator and two classifiers, with names that are no friends."""
    folder = tmp_path / "mine & <b>yours"
    pair = {"first": HOSTILE, "second": "color", "cnf": 1.5, "cnf_low": 1.4, "cnf_high": 1.6}
    pair |= {"cramers_v": 0.9, "holm_p_value": 0.003, "rarest": "3, $red$", "smallest_cell": 0}
    audit = {
        "images": 1300,
        "combinations": 20,
        "empty": [f"empty {n}" for n in range(20)],
        "rare": {"7, red": 3},
        "pairs": [pair],
    }
    counts = {"audit/empty_groups": 1200, "audit/rare_groups": 1}
    place = leave(folder / "audit", "cfaug audit", counts)
    (place / "audit.json").write_text(json.dumps(audit))
    save_accuracies({"ERM": Estimate(50.0)}, place / "audit.png", "unconfounded")
    judged = {"judge/a": 99.0, "effectiveness/do-a/a": 97.5, "leakage/a": 14.0}
    judged |= {"leakage_chance/a": 10.0, "reversibility/a": 4.0, "composition/1": 0.0}
    judged |= {"transfer/real": 98.0, "transfer/gap": 0.5}
    judged |= {"confounding_before/a": 2.25, "confounding_after/a": 0.125}
    leave(folder / "evaluate", "cfaug evaluate", {f"test/{k}": v for k, v in judged.items()})
    for name, accuracy in {"erm": 61.5, "counterfactual": 98.5}.items():
        figures = {"test/unconfounded_accuracy": accuracy, "test/confounded_accuracy": 99.0}
        figures |= {"test/unconfounded_accuracy_low": accuracy - 3.1}
        figures |= {"test/unconfounded_accuracy_high": accuracy + 1.2}
        worst = "test/unconfounded_worst_group"
        figures |= {f"{worst}_accuracy": 25.0, f"{worst}_size": 20.0}
        figures |= {f"{worst}_accuracy_low": 11.2, f"{worst}_accuracy_high": 46.9}
        figures |= {"test/flip_rate/color": 7.0, "test/flip_rate_low/color": 5.0}
        figures |= {"test/flip_rate_high/color": 9.0}
        place = leave(folder / f"classifier-{name}", "cfaug classifier fit", figures)
        (place / "config-fit.yaml").write_text(f"seed_everything: {HOSTILE}")
        (place / "metrics.csv").write_text("step,val/accuracy\n1,\n2,90.0\n4,95.0\n")
        with (place / "groups.csv").open("w", newline="") as file:
            table = csv.writer(file)
            columns = ["images", "read", "correct", "accuracy", "low", "high"]
            table.writerow(["test_set", "digit", *columns])
            table.writerow(["unconfounded", HOSTILE, 20, 40, 10, 25.0, 11.2, 46.9])
            table.writerow(["unconfounded", "8", 5, 40, 0, 0.0, 0.0, 43.4])
            table.writerow(["unconfounded", "7", 40, 40, 38, 95.0, 83.5, 98.6])
            table.writerow(["confounded", "8", 30, 30, 27, 90.0, 74.4, 96.5])
    return folder


def test_a_page_tells_what_the_runs_left(runs: Path) -> None:
    assert main(["report", str(runs)]) == 0
    html = (runs / "report.html").read_text()
    page = Page(html)
    for row in (
        [f"{HOSTILE} - color", "1.500", "1.400 to 1.600", "0.900", "0.003", "3, $red$: 0"],
        ["do(a)", "97.5"],
        ["a", "14.0", "", "10.0", "4.0"],
        ["a", "2.250", "0.125"],
        ["run", "unconfounded", "its worst group", "confounded", "flips by color"],
        [
            "classifier-counterfactual",
            "98.5 [95.4, 99.7]",
            "25.0 [11.2, 46.9] of 20",
            "99.0",
            "7.0 [5.0, 9.0]",
        ],
        ["empty 11", "0"],
        ["7, red", "3"],
        ["8", "30", "90.0 [74.4, 96.5]"],
        ["classifier-erm", "cfaug classifier fit", "abc", "1.5"],
        ["m", "torch 2", "all"],
    ):
        assert row in page.rows, row
    groups = [row for row in page.rows if row[-1] in {"25.0 [11.2, 46.9]", "95.0 [83.5, 98.6]"}]
    assert [row[0] for row in groups[:2]] == [HOSTILE, "7"]  # 5 images are too few to be the worst
    assert not any("43.4" in cell for row in page.rows for cell in row)
    assert ["empty 12", "0"] not in page.rows
    assert "The first 12 of 1,200 of them." in html
    assert "of which 1,200 have no image and 1 have few" in html
    told = "classifier-counterfactual 98.5 [95.4, 99.7], classifier-erm 61.5 [58.4, 62.7]"
    assert f"accuracy, %: {told}" in html
    assert "seed_everything: &lt;script&gt;" in html


def test_pictures_of_an_earlier_run_in_the_folder_are_not_shown(tmp_path: Path) -> None:
    words = ["audit", "--folder", str(tmp_path / "audit"), "--permutations", "20"]
    assert main([*words, *DATA]) == 0
    assert (tmp_path / "audit/images.png").exists()
    (tmp_path / "table.csv").write_text("file,hair,hat\na,x,v\nb,y,w\nc,x,w\n")
    assert main([*words, "--table", str(tmp_path / "table.csv"), "--label", "hat"]) == 0
    assert main(["report", str(tmp_path), "--out", str(tmp_path / "a.html")]) == 0
    html = (tmp_path / "a.html").read_text()
    assert 'alt="Heat maps: audit"' in html
    assert "Images: audit" not in html


def test_a_page_is_safe_and_needs_nothing_else(runs: Path) -> None:
    assert main(["report", str(runs), "--out", str(runs / "a.html")]) == 0
    html = (runs / "a.html").read_text()
    page = Page(html)
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert page.loaded
    assert all(place.startswith("data:image/webp;base64,") for place in page.loaded)
    assert not page.unnamed
    assert "url(http" not in html


def test_a_page_with_many_pictures_stays_small(runs: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), dtype=np.uint8)
    for number in range(200):  # of which each has 180 kB
        Image.fromarray(noise).save(runs / f"audit/picture-{number}.png")
    assert main(["report", str(runs), "--out", str(runs / "a.html")]) == 0
    html = (runs / "a.html").read_text()
    assert html.count('width="300" height="200"') == 200
    assert 500_000 < len(html) < 5_000_000


def test_a_page_fits_on_paper(runs: Path) -> None:
    assert main(["report", str(runs), "--out", str(runs / "a.html")]) == 0
    with opened((runs / "a.html").as_uri(), width=718) as (page, _):  # A4 between its margins
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= 718
        wide = "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth)"
        assert page.evaluate(f"{wide}.map(e => e.ariaLabel)") == []
        assert page.locator("details pre").first.is_visible()


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_a_page_is_for_all_in_any_light_and_on_a_phone(
    runs: Path, *, width: int, dark: bool
) -> None:
    assert main(["report", str(runs), "--out", str(runs / "a.html")]) == 0
    with opened((runs / "a.html").as_uri(), width=width, dark=dark) as (page, complaints):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert not barriers(page)
        assert not complaints


def test_runs_of_two_folders_stand_side_by_side(runs: Path, tmp_path: Path) -> None:
    leave(tmp_path / "other", "cfaug classifier fit", {"test/unconfounded_accuracy": 70.0})
    out = tmp_path / "both.html"
    assert (
        main(["report", str(runs / "classifier-erm"), str(tmp_path / "other"), "--out", str(out)])
        == 0
    )
    rows = Page(out.read_text()).rows
    cells = ["61.5 [58.4, 62.7]", "25.0 [11.2, 46.9] of 20", "99.0", "7.0 [5.0, 9.0]"]
    assert ["classifier-erm", *cells] in rows
    assert ["other", "70.0", "", "", ""] in rows


def test_runs_on_files_have_a_column_of_their_own_and_draws_are_told(
    runs: Path, tmp_path: Path
) -> None:
    figures = {"test/resampled_accuracy": 70.0, "test/confounded_accuracy": 88.0}
    figures |= {"test/resampled_worst_group_accuracy": 40.0, "test/resampled_worst_group_size": 12}
    figures |= {"data/train_size": 55_000.0, "data/effective_train_size": 391.4}
    figures |= {"data/cnf/color": 4.461, "data/remaining_cnf/color": 0.014}
    leave(tmp_path / "files", "cfaug classifier fit", figures)
    out = tmp_path / "both.html"
    words = ["report", str(runs / "classifier-erm"), str(tmp_path / "files"), "--out", str(out)]
    assert main(words) == 0
    page = out.read_text()
    rows = Page(page).rows
    names = ["unconfounded", "its worst group", "resampled", "its worst group", "confounded"]
    assert ["run", *names, "flips by color"] in rows
    assert ["files", "", "", "70.0", "40.0 of 12", "88.0", ""] in rows
    assert "Unconfounded accuracy" in page
    assert "Resampled accuracy" in page
    assert ["files", "color", "4.46", "0.01", "55,000", "391"] in rows
    assert not [row for row in rows if row[:2] == ["classifier-erm", "color"]]


def test_folders_of_the_same_name_are_told_apart(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"a": 61.5, "b": 98.5}
    for name, accuracy in figures.items():
        told = {"test/unconfounded_accuracy": accuracy}
        place = leave(tmp_path / name / "de$\\mo$", "cfaug classifier fit", told)
        record = json.loads((place / "run.json").read_text())
        (place / "run.json").write_text(json.dumps({**record, "versions": {"torch": name}}))
        (place / "metrics.csv").write_text(f"step,val/accuracy\n1,{accuracy}\n2,{accuracy}\n")
    places = [str(tmp_path / name / "de$\\mo$") for name in figures]
    out = tmp_path / "both.html"
    assert main(["report", *places, "--out", str(out)]) == 0
    page = Page(out.read_text())
    names = [f"{name}/de$\\mo$" for name in figures]
    for name, accuracy in zip(names, figures.values(), strict=True):
        assert [name, str(accuracy)] in page.rows
    assert f"accuracy, %: {names[0]} 61.5, {names[1]} 98.5" in out.read_text()
    assert f"at the end: {names[0]} 61.50, {names[1]} 98.50" in out.read_text()
    assert ["m", "torch b", names[1]] in page.rows
    assert main(["report", places[0], places[0], "--out", str(out)]) == 1
    assert "a folder is named twice" in capsys.readouterr().err
    monkeypatch.chdir(places[0])
    assert main(["report", "."]) == 0
    assert "<title>Report: de$\\mo$</title>" in Path("report.html").read_text()


def test_what_is_no_run_is_named(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["report", str(tmp_path / "empty")]) == 1
    assert "there is no run in" in capsys.readouterr().err
    (runs / "audit/metrics.json").write_text("{")
    assert main(["report", str(runs)]) == 1
    assert "audit/metrics.json cannot be read" in capsys.readouterr().err
    assert not (runs / "report.html").exists()
