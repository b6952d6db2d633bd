import warnings
from pathlib import Path

import pytest
import torch
from matplotlib.figure import Figure

from cfaug.plotting import letters
from cfaug.plotting.image_grids import save_edits
from cfaug.plotting.letters import save_figure
from cfaug.reporting.blocks import bars
from datamodules.attributes import Attribute


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "_told", set())


def test_letters_that_no_font_has_are_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for values in (("金色", "dark"), ("金色", "金黑")):
        save_edits(torch.zeros(1, 3, 3, 8, 8), Attribute("头发", values), tmp_path / "a.png")
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert told[0].startswith(
        "pictures have boxes for letters that their font lacks, 发头色金; a fo"
    )
    assert "lacks, 黑; a font that has them can be named as font.family" in told[1]


def test_other_warnings_are_passed_on(tmp_path: Path) -> None:
    class Loud(Figure):
        def savefig(self, *_: object, **__: object) -> None:
            warnings.warn("another thing", UserWarning, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        with pytest.warns(UserWarning, match="another thing"):
            save_figure(Loud(), tmp_path / "a.png")


def test_a_page_has_letters_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert "金色" in bars("hair", "%", {"金色": (10.0, None)}).svg
    assert capsys.readouterr().err == ""
