from pathlib import Path

import pytest

from tests.datamodules.storage.tables.test_attribute_tables import encoded, written

PEOPLE = "file,hair,age,from\n" + "".join(
    f"{number}.jpg,{hair},{age},{place}\n"
    for number, (hair, age, place) in enumerate(
        [
            ("dark", 3, "north"),
            ("blond", 10, "south"),
            ("dark", 15, "east"),
            ("blond", 20, "west"),
            ("dark", 99, "north"),
            ("red", 40, "south"),
        ]
    )
)
AGE = {"grown": ["20 to 100"], "child": ["0 to 10"]}


def test_ranges_and_values_become_categories(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = {"north": ["north"], "else": ["south", "east", "west"]}
    rows = encoded(written(tmp_path, PEOPLE), categories={"age": AGE, "from": place})
    assert rows.space.names == ("hair", "age", "from")
    # In the order in which the categories are written.
    assert [a.values for a in rows.space.attributes[1:]] == [("grown", "child"), ("north", "else")]
    assert rows.files == ["0.jpg", "1.jpg", "3.jpg", "4.jpg", "5.jpg"]
    assert rows.attributes[:, 1:].tolist() == [[1, 0], [1, 1], [0, 1], [0, 0], [0, 1]]
    assert [*rows.dropped] == ["2.jpg"]
    assert "1 rows of" in (told := capsys.readouterr().err)
    assert "their 'age' is in no category, '15'" in told


def test_whole_numbers_and_values_that_look_like_ranges_are_values(tmp_path: Path) -> None:
    bands = "file,hair,band,n\na.jpg,dark,0 to 10,0\nb.jpg,red,11 to 20,1\nc.jpg,red,21 to 30,2\n"
    band = {"young": ["0 to 10"], "old": ["11 to 20", "21 to 30"]}
    # A number of a YAML is a float for a parser that also takes floats.
    path = written(tmp_path, bands)
    rows = encoded(path, categories={"band": band, "n": {"low": [0.0, 1], "high": [2]}})
    assert rows.attributes[:, 1:].tolist() == [[0, 0], [1, 0], [1, 1]]
    with pytest.raises(ValueError, match="a category of 'n' is called True, which is no text; put"):
        encoded(path, categories={"n": {True: [0], "no": [1, 2]}})


def test_a_row_without_a_value_is_missing_and_in_no_category(tmp_path: Path) -> None:
    path = written(tmp_path, PEOPLE.replace(",99,", ",,"))
    # Rows are counted as the file does, before any is left out.
    with pytest.raises(ValueError, match="1 rows of .* have no value of 'age', the first is row 5"):
        encoded(path, categories={"age": AGE})
    rows = encoded(path, categories={"age": AGE}, missing="unknown")
    assert rows.space.attributes[1].values == ("grown", "child", "unknown")


@pytest.mark.parametrize(
    ("categories", "told"),
    [
        ({"height": {"a": ["1"], "b": ["2"]}}, "categories are for 'height'"),
        ({"age": {"all": ["0 to 100"]}}, r"categories of 'age' are \['all'\], expected at least 2"),
        ({"hair": {"a": ["dark"], "b": ["blonde"]}}, "no value 'blonde', which category 'b' names"),
        ({"hair": {"a": ["dark"], "b": ["red", "dark"]}}, "'dark' .* two categories, 'a' and 'b'"),
        ({"hair": {"a": ["0 to 3"], "b": ["dark"]}}, "has 'dark', expected numbers for the range"),
    ],
    ids=["column", "one", "typo", "twice", "no numbers"],
)
def test_wrong_categories_are_named(
    categories: dict[str, dict[str, list[str]]], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=told):
        encoded(written(tmp_path, PEOPLE), categories=categories)
