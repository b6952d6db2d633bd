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


def test_a_row_without_a_value_is_missing_and_in_no_category(tmp_path: Path) -> None:
    path = written(tmp_path, PEOPLE.replace(",99,", ",,"))
    with pytest.raises(ValueError, match="1 rows of .* have no value of 'age'"):
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
