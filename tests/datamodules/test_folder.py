import os
import shutil
from pathlib import Path

import pytest
import torch

from datamodules.attributes import attribute_space
from datamodules.folder import ImagesWithTable
from datamodules.process.confounded_process import draw_attributes
from datamodules.process.measures import contingency, mutual_information
from datamodules.process.sampling import resampled_rows
from datamodules.storage.file_matching import match_files
from datamodules.storage.image_store import open_images
from tests.people import HAIR, SEX


def loaded(people: Path, **options: object) -> ImagesWithTable:
    chosen = {"images": people / "images", "table": people / "table.csv", "label": "hair"}
    data = ImagesWithTable(**{**chosen, "size": 8, "batch_size": 16, **options})  # type: ignore[arg-type]
    data.setup()
    return data


def rows_seen(image: torch.Tensor) -> list[int]:
    """The row that each image says it is of."""
    return (image[:, 2, 0, 0] * 255).round().int().tolist()


def test_images_come_with_their_attributes(people: Path) -> None:
    data = loaded(people)
    assert data.image_shape == (3, 8, 8)
    assert data.attribute_space == attribute_space({"hair": HAIR, "sex": SEX}, label="hair")
    seen = []
    for split in ("train", "val", "test_confounded"):
        for batch in data.batches(split, torch.device("cpu")):
            hair, sex = batch["attributes"].unbind(1)
            assert torch.equal((batch["image"][:, 0, 0, 0] * 255).round(), 200.0 * hair)
            assert torch.equal((batch["image"][:, 1, 7, 7] * 255).round(), 100.0 * sex)
            seen += rows_seen(batch["image"])
    assert sorted(seen) == list(range(200))  # every image once, in one split
    sizes = [len(data.splits[name]) for name in ("train", "val", "test_confounded")]
    assert sizes == [140, 20, 40]


def test_images_are_padded_on_request(people: Path) -> None:
    # They are 10 pixels wide and 12 high: black is put beside them.
    cropped, padded = loaded(people), loaded(people, square="pad")
    batch = padded.first("train", 60)
    lit = batch["attributes"][:, 0] == 1
    edge = batch["image"][lit][:, 0].flatten(1).amin(1)
    assert (edge < 0.4).all()
    assert (cropped.first("train", 60)["image"][lit][:, 0].flatten(1).amin(1) > 0.7).all()


def test_splits_hold_their_share_of_every_group(people: Path) -> None:
    data = loaded(people)
    whole = torch.bincount(data.attribute_space.groups(data.rows.attributes), minlength=4)
    for split, share in {"train": 0.7, "val": 0.1, "test_confounded": 0.2}.items():
        table = data.splits[split].attributes
        counts = torch.bincount(data.attribute_space.groups(table), minlength=4)
        assert (counts - share * whole).abs().max() < 2
    again, other = loaded(people), loaded(people, seed=1)
    assert data.splits["train"].files == again.splits["train"].files  # type: ignore[attr-defined]
    assert data.splits["train"].files != other.splits["train"].files  # type: ignore[attr-defined]


def test_splits_of_the_table_are_kept(people: Path, tmp_path: Path) -> None:
    lines = (people / "table.csv").read_text().splitlines()
    parts = ["part", *(["train", "val", "test", "train"] * 50)]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(f"{a},{b}" for a, b in zip(lines, parts, strict=True)))
    data = loaded(people, table=table, split_column="part")
    for start, split in ((1, "val"), (2, "test_confounded")):
        seen = []
        for batch in data.batches(split, torch.device("cpu")):
            seen += rows_seen(batch["image"])
        assert seen == list(range(start, 200, 4))
    table.write_text(
        "\n".join(f"{a},{b}" for a, b in zip(lines, ["part"] + ["train"] * 200, strict=True))
    )
    with pytest.raises(ValueError, match=r"none of the 200 images of .* is for val"):
        loaded(people, table=table, split_column="part")


def test_attributes_are_independent_in_the_resampled_test_set(people: Path) -> None:
    data = loaded(people)
    confounded, test = data.splits["test_confounded"], data.splits["test"]
    dependence = [
        mutual_information(contingency(*split.attributes.unbind(1), (2, 2)))
        for split in (confounded, test)
    ]
    assert dependence[0] > 0.1
    assert dependence[1] < 0.01
    assert set(test.files) <= set(confounded.files)  # type: ignore[attr-defined]
    batch = next(iter(data.batches("test", torch.device("cpu"))))
    assert torch.equal(
        (batch["image"][:, 0, 0, 0] * 255).round(), 200.0 * batch["attributes"][:, 0]
    )


def test_resampled_rows_have_the_share_of_their_weights() -> None:
    space = attribute_space({"y": ["0", "1", "2"], "a": ["0", "1"], "b": ["0", "1"]}, label="y")
    table = draw_attributes(torch.arange(3000) % 3, space, {"a": 0.9, "b": 0.6}, 0, "train")
    rows = resampled_rows(table, space, 0)
    assert len(rows) == len(table)
    counts = torch.bincount(space.groups(table[rows]), minlength=12).double()
    shares = [
        torch.bincount(c, minlength=n).double() for c, n in zip(table.T, (3, 2, 2), strict=True)
    ]
    expected = torch.einsum("i,j,k->ijk", *shares).flatten() / 3000**2
    assert (counts - expected).abs().max() <= 1.5
    for group in range(12):  # every image of a group equally often, to within one
        of_group = rows[space.groups(table[rows]) == group]
        times = torch.bincount(of_group, minlength=3000)[space.groups(table) == group]
        assert int(times.max() - times.min()) <= 1


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_change_nothing(workers: int, people: Path) -> None:
    data = loaded(people, num_workers=workers, sampling="deconfounded")
    images = torch.cat(
        [data.finish(rows, augment=True)["image"] for rows in data.train_dataloader()]
    )
    torch.manual_seed(1)  # no global state decides
    plain = loaded(people, num_workers=0, sampling="deconfounded")
    again = torch.cat([plain.finish(r, augment=True)["image"] for r in plain.train_dataloader()])
    assert torch.equal(images, again)


def test_mirrored_images_are_half_of_the_draws(people: Path) -> None:
    data = loaded(people, flip=True, rotation=0.0, shift=0.0, scale=0.0)
    ramp = torch.arange(8.0).expand(300, 3, 8, 8) / 8
    drawn = data.augment(ramp, torch.arange(300))
    mirrored = torch.isclose(drawn, ramp.flip(3), atol=1e-4).flatten(1).all(1)
    kept = torch.isclose(drawn, ramp, atol=1e-4).flatten(1).all(1)
    assert int((mirrored ^ kept).sum()) == 300
    assert 110 < int(mirrored.sum()) < 190


def test_folders_name_classes(people: Path, tmp_path: Path) -> None:
    for row in range(60):
        target = tmp_path / ("cats" if row % 3 else "dogs") / "deep"
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(people / "images" / f"{row}.png", target)
    data = ImagesWithTable(tmp_path, label="animal", size=8)
    data.setup()
    assert data.attribute_space == attribute_space({"animal": ("cats", "dogs")}, label="animal")
    for batch in data.batches("train", torch.device("cpu")):
        rows = torch.tensor(rows_seen(batch["image"]))
        assert torch.equal(batch["attributes"][:, 0], (rows % 3 == 0).long())
    shutil.copy(people / "images" / "0.png", tmp_path)
    with pytest.raises(ValueError, match=r"image 0.png of .* lies in no folder"):
        ImagesWithTable(tmp_path, label="animal")


def test_folders_of_splits_are_no_classes(people: Path, tmp_path: Path) -> None:
    for row, name in enumerate(("train/cats", "train/dogs", "Test/cats", "Test/dogs")):
        (tmp_path / name).mkdir(parents=True)
        shutil.copy(people / "images" / f"{row}.png", tmp_path / name)
    with pytest.raises(ValueError, match=r"folders of .*, Test, train, are named as splits.*'pet'"):
        ImagesWithTable(tmp_path, label="pet")
    assert ImagesWithTable(tmp_path / "train", label="pet").attribute_space.cardinalities == (2,)
    for old, new in (("train", "0"), ("Test", "1")):  # digits are classes
        (tmp_path / old).rename(tmp_path / new)
    assert ImagesWithTable(tmp_path, label="digit").attribute_space.cardinalities == (2,)


def test_the_fingerprint_follows_the_content_of_files(people: Path, tmp_path: Path) -> None:
    images = shutil.copytree(people / "images", tmp_path / "images")
    before = loaded(people, images=images).splits["train"].fingerprint()
    assert before == loaded(people).splits["train"].fingerprint()
    data = loaded(people, images=images)
    (images / data.splits["train"].files[-1]).write_bytes(b"another photograph")  # type: ignore[attr-defined]
    assert data.splits["train"].fingerprint() != before


def test_a_name_that_is_not_utf_8_is_told(people: Path, tmp_path: Path) -> None:
    for row in range(30):
        target = tmp_path / ("cats" if row % 2 else "dogs")
        target.mkdir(exist_ok=True)
        name = os.fsdecode(f"ü{row}.png".encode("latin-1"))
        shutil.copy(people / "images" / f"{row}.png", target / name)
    data = ImagesWithTable(tmp_path, label="animal", size=8)
    data.setup()
    with pytest.raises(ValueError, match=r"name of the image 'cats/.udcfc.*png' in .* not UTF-8"):
        data.splits["train"].fingerprint()


def test_a_split_without_a_row_is_named(people: Path, tmp_path: Path) -> None:
    header, *lines = (people / "table.csv").read_text().splitlines()
    rows = [f"{line},{'test' if k % 5 else 'train'}" for k, line in enumerate(lines)]
    (tmp_path / "table.csv").write_text("\n".join([f"{header},part", *rows]))
    with pytest.raises(ValueError, match=r"none .* is for val; add images, or change splits$"):
        loaded(people, table=tmp_path / "table.csv", split_column="part")


def test_all_endings_of_jpegs_are_images_and_those_of_others_are_told(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for row, name in enumerate(("a.JFIF", "b.jpe", "c.png", "d.jpeg", "e.heic", "f.AVIF")):
        (tmp_path / ("cats" if row % 2 else "dogs")).mkdir(exist_ok=True)
        shutil.copy(
            people / "images" / f"{row}.png", tmp_path / ("cats" if row % 2 else "dogs") / name
        )
    data = ImagesWithTable(tmp_path, label="animal")
    assert data.rows.files == ["cats/b.jpe", "cats/d.jpeg", "dogs/a.JFIF", "dogs/c.png"]
    told = " ".join(capsys.readouterr().err.split())
    assert told.startswith("2 images in")
    assert told.endswith("left out, for their format is not read: cats/f.AVIF, dogs/e.heic")
    archive = shutil.make_archive(str(tmp_path / "pets"), "zip", tmp_path)
    assert open_images(Path(archive)).listing()[1] == ["cats/f.AVIF", "dogs/e.heic"]
    with pytest.raises(ValueError, match=r"dogs/e.heic; its format is not read, convert .*\.jpg"):
        match_files(["dogs/e.heic"], open_images(tmp_path))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"split_column": "part"}, "split_column is for a table, and none is named"),
        (
            {"attributes": ["sex"], "missing": "drop"},
            "attributes and missing are for a table, and none is named",
        ),
    ],
)
def test_what_is_for_a_table_is_refused_without_one(
    option: dict[str, object], message: str, people: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        loaded(people, table=None, **option)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_image_is_named_by_the_loader(workers: int, people: Path, tmp_path: Path) -> None:
    shutil.copytree(people / "images", tmp_path / "images")
    content = (tmp_path / "images" / "7.png").read_bytes()
    (tmp_path / "images" / "7.png").write_bytes(content[:48])
    data = loaded(people, images=tmp_path / "images", num_workers=workers)
    splits = ("train", "val", "test_confounded")
    (split,) = (name for name in splits if "7.png" in data.splits[name].files)  # type: ignore[attr-defined]
    with pytest.raises(
        ValueError, match=r"^the image .*images/7.png is damaged or cut short: [^\n]*$"
    ):
        list(data.batches(split, torch.device("cpu")))


def test_too_many_attributes_are_refused(people: Path, tmp_path: Path) -> None:
    lines = [",".join(["file", *(f"a{k}" for k in range(24))])]
    cells = ([f"{row}.png", *(str((row >> k % 8) % 2) for k in range(24))] for row in range(200))
    lines += [",".join(row) for row in cells]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=r"24 attributes have 1.7e\+07 combinations .* too many"):
        loaded(people, table=table, label="a0")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"val_share": 0.5, "test_share": 0.5}, "above 0 that leave something for training"),
        ({"val_share": 0.0}, "val_share is 0.0 and test_share 0.2, expected numbers above 0"),
        ({"size": 2}, "size is 2"),
        ({"size": None}, "size is null, expected at least 4"),
        ({"val_share": None}, "val_share is null"),
        ({"attributes": ["beard"]}, "has no column 'beard'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], message: str, people: Path) -> None:
    with pytest.raises(ValueError, match=message):
        loaded(people, **options)
