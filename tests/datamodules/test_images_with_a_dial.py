"""Images in files, taken so that the label depends on an attribute as wanted."""

from pathlib import Path

import pytest
from torch import Tensor

from datamodules.drawn_faces import Faces
from datamodules.folder import ImagesWithTable
from tests.datamodules.test_folder import loaded
from tests.datamodules.test_persons import FIVE_EACH, rows_of, with_persons


def agreeing(table: Tensor) -> float:
    """The share of images in which blond goes with f, and dark with m."""
    return float((table[:, 0] == table[:, 1]).double().mean())


def test_training_images_have_the_dependence_and_test_images_have_none(people: Path) -> None:
    data = loaded(people, strength=0.5, test_share=0.3)
    assert data.test_sets == ("unconfounded", "confounded")
    # Of the people a tenth conflict, evenly; so q is even, and a half of the rest is aligned.
    for split in ("train", "val", "test_confounded"):
        table = data.splits[split].attributes
        assert table[:, 0].bincount().diff().abs() <= 1
        assert agreeing(table) == pytest.approx(0.75, abs=2 / len(table))
    table = data.splits["test"].attributes
    assert data.attribute_space.groups(table).bincount(minlength=4).unique().numel() == 1
    rows = [row for split in ("train", "val", "test") for row in rows_of(data, split)]
    assert len(rows) == len(set(rows))


def test_an_oracle_has_as_many_images(people: Path) -> None:
    data, oracle = loaded(people, strength=0.8), loaded(people, strength=0.8, oracle=True)
    assert len(oracle.splits["train"]) == len(data.splits["train"])
    assert agreeing(oracle.splits["train"].attributes) == pytest.approx(0.5, abs=0.05)
    assert agreeing(oracle.splits["test_confounded"].attributes) > 0.8
    assert rows_of(oracle, "test") == rows_of(data, "test")
    redrawn = data.unconfounded()
    assert redrawn is not None
    assert rows_of(redrawn, "train") == rows_of(oracle, "train")
    assert loaded(people).unconfounded() is None


def test_alignment_says_which_values_go_together(people: Path) -> None:
    data = loaded(people, strength=0.5, alignment={"sex": ["m", "f"]})
    assert agreeing(data.splits["train"].attributes) == pytest.approx(0.25, abs=0.05)


def test_a_fixed_size_is_the_same_at_every_strength(people: Path) -> None:
    sizes = {
        len(loaded(people, strength=r, train_size=24).splits["train"]) for r in (0.0, 0.5, 0.9)
    }
    assert sizes == {24}
    share = loaded(people, conflicting_share=0.25, train_size=24).splits["train"].attributes
    assert agreeing(share) == 0.75


def test_no_person_is_in_two_splits(people: Path, tmp_path: Path) -> None:
    table = with_persons(people, tmp_path, FIVE_EACH)
    data = loaded(people, table=table, group_column="person", strength=0.5)
    persons = [{row // 5 for row in rows_of(data, s)} for s in ("train", "val", "test_confounded")]
    assert all(persons)
    assert sum(map(len, persons)) == len(set.union(*persons))
    assert not {row // 5 for row in rows_of(data, "test")} & (persons[0] | persons[1])


def test_what_is_left_over_is_counted_and_told(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = loaded(people, strength=0.5)
    taken = len(data.splits["train"])
    assert f"{taken:,} of 140 for train" in capsys.readouterr().err
    left = data.left_over["train"]
    assert int(left.sum()) == 140 - taken
    groups = data.attribute_space.groups(data.splits["train"].attributes).bincount(minlength=4)
    assert (left + groups).tolist() == [63, 7, 7, 63]
    assert loaded(people).left_over == {}


def test_too_many_images_are_refused_by_name(people: Path) -> None:
    with pytest.raises(ValueError, match=r"of the train images of .*images 500 images are wanted"):
        loaded(people, strength=0.5, train_size=500)
    with pytest.raises(ValueError, match="train_size are for images taken by a strength"):
        loaded(people, train_size=10)


def test_a_strength_and_a_share_are_not_set_together(people: Path) -> None:
    with pytest.raises(ValueError, match="strength is 0.5 and conflicting_share 0.1; set one"):
        loaded(people, strength=0.5, conflicting_share=0.1)


def test_judges_have_what_there_is_without_the_dependence(people: Path) -> None:
    data = loaded(people, strength=0.95, train_size=100)
    with pytest.raises(ValueError, match="100 images are wanted, at most 28"):
        loaded(people, strength=0.95, train_size=100, oracle=True)
    redrawn = data.unconfounded()
    assert redrawn is not None
    assert len(redrawn.splits["train"]) == 28
    assert int(data.left_over["train"].sum()) == 40


def test_a_weak_test_set_and_a_value_that_is_left_out_are_told(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loaded(people, strength=0.5)
    assert "the unconfounded test set of" in (told := capsys.readouterr().err)
    assert "its figures are weak" in told
    rows = (people / "table.csv").read_text().splitlines()
    third = [f"{row.rpartition(',')[0]},x" if row.endswith("blond,f") else row for row in rows[:60]]
    (tmp_path / "table.csv").write_text("\n".join([*third, *rows[60:]]))
    third_sex = ImagesWithTable(
        people / "images", label="hair", table=tmp_path / "table.csv", size=8, strength=0.5
    )
    for _ in range(2):  # a data module that could not be set up is not taken for one that is
        with pytest.raises(ValueError, match=r"takes no training image .* 'x' of attribute 'sex'"):
            third_sex.setup()
    assert not third_sex.splits


def test_drawn_faces_have_the_strength_that_they_were_drawn_with(faces: Path) -> None:
    with pytest.raises(ValueError, match=r"`cfaug faces --strength`, and leave out \['strength'\]"):
        Faces(faces, strength=0.5)
