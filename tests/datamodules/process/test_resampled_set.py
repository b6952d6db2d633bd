from dataclasses import replace

import pytest
import torch
from sklearn.metrics import mutual_info_score

from datamodules.attributes import attribute_space
from datamodules.process.resampled_set import measure_resampled
from datamodules.process.sampling import resampled_rows
from datamodules.process.split_notices import tell_lacking, tell_weak
from datamodules.storage.file_split import TableSplit

SPACE = attribute_space({"hair": ("blond", "dark"), "sex": ("f", "m")}, label="hair")


def table(*counts: int) -> torch.Tensor:
    """Rows of (blond, f), (blond, m), (dark, f), (dark, m)."""
    cells = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    return cells.repeat_interleave(torch.tensor(counts), dim=0)


def drawn(*counts: int) -> TableSplit:
    rows = table(*counts)
    return TableSplit(rows, resampled_rows(rows, SPACE, 0))


class Persons(TableSplit):
    """A split whose images are of persons with ten images each."""

    def clusters(self) -> torch.Tensor:
        return self.rows // 10


def test_an_empty_combination_is_told_with_what_it_leaves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    split = drawn(75, 75, 0, 50)
    found = measure_resampled(split, SPACE)
    assert (found.combinations, found.empty) == (4, 1)
    assert found.empty_names == ("hair=dark, sex=f",)
    (left,) = found.dependences
    assert left.attribute == "sex"
    # Drawn 62, 103, 0, 34 times: phi = 62 * 34 / sqrt(165 * 34 * 62 * 137).
    assert torch.bincount(SPACE.groups(table(75, 75, 0, 50)[split.rows])).tolist() in (
        [62, 103, 0, 35],
        [62, 104, 0, 34],
    )
    assert left.cramers_v == pytest.approx(0.30, abs=0.01)
    tell_weak(found, SPACE, "photos")
    assert capsys.readouterr().err == (
        "figures of the resampled test set of photos are weak: hair still goes with sex (V "
        "0.30), for it has no image of (hair=dark, sex=f); add test images of what is rare\n"
    )


def test_figures_agree_with_their_definitions() -> None:
    split = drawn(60, 8, 12, 40)
    found = measure_resampled(split, SPACE)
    times = torch.bincount(split.rows)
    times = times[times > 0].double()
    assert found.draws == 120 == len(split)
    assert found.images == found.persons == len(times)
    assert found.effective_size == pytest.approx(float(times.sum() ** 2 / times.square().sum()))
    assert found.largest_share == float(times.max()) / 120
    assert found.largest_name == "hair=blond, sex=m"  # 48 draws are wanted of 8 images
    information = mutual_info_score(*split.attributes.T.numpy())
    assert found.dependences[0].cnf == pytest.approx(2 * information, abs=1e-9)
    persons = measure_resampled(Persons(table(60, 8, 12, 40), split.rows), SPACE)
    assert persons.persons == 12
    each = torch.bincount(split.rows // 10).double()
    assert persons.effective_size == pytest.approx(float(120**2 / each.square().sum()))
    assert replace(persons, persons=found.persons, effective_size=found.effective_size) == found


def test_the_attribute_of_the_largest_dependence_comes_first() -> None:
    space = attribute_space({"a": "01", "y": "01", "b": "01"}, label="y")
    rows = torch.arange(400)
    codes = torch.stack([rows // 2 % 2, rows % 2, torch.where(rows % 8 < 6, rows, 0) % 2], 1)
    found = measure_resampled(TableSplit(codes, rows), space)
    assert [left.attribute for left in found.dependences] == ["b", "a"]
    assert found.dependences[1].cnf == pytest.approx(0, abs=1e-9)
    assert found.effective_size == 400


def test_an_image_that_supplies_much_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    split = drawn(500, 1, 400, 99)
    found = measure_resampled(split, SPACE)
    wanted = 501 / 1000 * 100 / 1000  # of (blond, male), all from its one image
    assert found.largest_share == pytest.approx(wanted, abs=1e-3)
    tell_weak(replace(found, largest_share=0.1, effective_size=500.0), SPACE, "photos")
    assert "are weak: one image of (hair=blond, sex=m) supplies 10 % of its draws; add" in (
        capsys.readouterr().err
    )


def test_a_good_test_set_is_told_nothing_of(capsys: pytest.CaptureFixture[str]) -> None:
    found = measure_resampled(drawn(100, 60, 50, 90), SPACE)
    tell_weak(found, SPACE, "photos")
    assert capsys.readouterr().err == ""
    tell_weak(replace(found, effective_size=40.0), SPACE, "photos")
    assert "its 300 draws are worth 40 different images" in capsys.readouterr().err
    tell_weak(replace(found, effective_size=40.0, persons=50), SPACE, "photos")
    assert "its 300 draws are worth 40 different persons" in capsys.readouterr().err


def test_combinations_that_splits_lack_are_told_in_one_notice(
    capsys: pytest.CaptureFixture[str],
) -> None:
    splits = {"train": table(9, 1, 0, 5), "val": table(2, 0, 2, 0), "test": table(3, 1, 1, 1)}
    tell_lacking(splits, SPACE, "photos")
    assert capsys.readouterr().err == (
        "of the 4 combinations of hair/sex in photos (images of each in brackets) 1 have no train "
        "image, dark/f (3); 2 have no val image, dark/m (6), blond/m (2)\n"
    )
    tell_lacking({"train": table(2, 1, 0, 5), "test": table(2, 1, 0, 5)}, SPACE, "photos")
    assert capsys.readouterr().err == ""  # what no split has is told by an audit
    space = attribute_space({"a": "01234", "b": "01"}, label="a")
    many = torch.stack([torch.arange(10) // 2, torch.arange(10) % 2], 1)
    tell_lacking({"train": many, "test": many[:1]}, space, "photos")
    told = capsys.readouterr().err
    assert "9 have no test image, 0/1 (1), 1/0 (1), 1/1 (1) ..." in told
