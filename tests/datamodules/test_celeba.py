import re
import shutil
import zipfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from cfaug.cli.options import data_parser
from datamodules import celeba
from datamodules.celeba import CelebA, read_celeba
from datamodules.rendering.drawn_face import NAMES

COUNT = 60
ATTRIBUTES, PARTITION, IMAGES = "list_attr_celeba", "list_eval_partition", "img_align_celeba"


def everything(data: CelebA) -> dict[str, list[tuple[str, list[int]]]]:
    """Files and attributes of each split."""
    data.setup()
    return {
        name: list(zip(split.files, split.attributes.tolist(), strict=True))  # type: ignore[attr-defined]
        for name, split in data.splits.items()
    }


def read(root: Path, **options: object) -> CelebA:
    return CelebA(root, **{"label": "Smiling", "attributes": ("Beard",), "size": 16, **options})  # type: ignore[arg-type]


def csv(text: str) -> str:
    """A table of CelebA as it circulates on the web."""
    rows = [line.split() for line in text.splitlines()]
    if len(rows[0]) == 1:
        rows = rows[1:]
    if not rows[0][0].endswith(".jpg"):
        rows[0] = ["image_id", *rows[0]]
    else:
        rows = [["image_id", "partition"], *rows]
    return "\n".join(",".join(row) for row in rows)


def quoted(text: str) -> str:
    return "\n".join('"' + line.replace(",", '","') + '"' for line in csv(text).splitlines())


FORMS = {
    "no count": lambda text: text.split("\n", 1)[1],
    "csv": csv,
    "quoted csv": quoted,
    "decimals csv": lambda text: re.sub(r",(-?[01])(?=[,\n])", r",\1.0", csv(text) + "\n"),
    "zeros": lambda text: text.replace("-1", " 0"),
    "CRLF and BOM": lambda text: "\ufeff" + text.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_forms_it_circulates_in_are_read_alike(form: str, faces: Path, tmp_path: Path) -> None:
    (tmp_path / IMAGES).mkdir()
    shutil.copytree(faces / IMAGES, tmp_path / IMAGES / IMAGES)  # nested as archives unpack
    ending = "csv" if "csv" in form else "txt"
    text = (faces / f"{ATTRIBUTES}.txt").read_text()
    (tmp_path / "Anno").mkdir()
    (tmp_path / "Anno" / f"{ATTRIBUTES}.{ending}").write_bytes(FORMS[form](text).encode())
    text = (faces / f"{PARTITION}.txt").read_text()
    changed = FORMS[form](text) if ending == "csv" else text
    (tmp_path / f"{PARTITION}.{ending}").write_text(changed)
    assert everything(read(tmp_path)) == everything(read(faces))


@pytest.mark.parametrize("stray", [None, "sample.jpg", "celeba/sample.jpg"])
def test_images_may_lie_in_a_zip(stray: str | None, faces: Path, tmp_path: Path) -> None:
    for name in (ATTRIBUTES, PARTITION):
        shutil.copy(faces / f"{name}.txt", tmp_path)
    with zipfile.ZipFile(tmp_path / f"{IMAGES}.zip", "w") as archive:
        for path in (faces / IMAGES).iterdir():
            archive.write(path, f"{'celeba/' if stray else ''}{IMAGES}/{path.name}")
        if stray:
            archive.writestr(stray, b"")
    images = []
    for root in (faces, tmp_path):
        data = read(root, num_workers=1)
        data.setup()
        images.append(torch.cat([b["image"] for b in data.batches("val", torch.device("cpu"))]))
    assert torch.equal(*images)


def test_files_say_what_was_drawn(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = read(faces, label="Blond_Hair", attributes=("Pale_Skin",))
    splits = everything(data)
    assert [len(splits[name]) for name in ("train", "val", "test_confounded")] == [48, 6, 6]
    assert splits["train"][0][0] == "000001.jpg"
    with Image.open(faces / IMAGES / "000001.jpg") as image:
        assert image.size == (178, 218)
    lines = (faces / f"{ATTRIBUTES}.txt").read_text().splitlines()
    assert lines[0] == str(COUNT)
    assert lines[1].split() == list(NAMES)
    for line, (name, codes) in zip(lines[2:], splits["train"], strict=False):
        cells = line.split()
        assert cells[0] == name
        assert [2 * code - 1 for code in codes] == [int(cells[1]), int(cells[5])]
    assert "train: Blond_Hair=no, Pale_Skin=no:" in " ".join(capsys.readouterr().err.split())


HOLDS_NOTHING = "line {} of .*{}.txt has no cells, but ',,,'; remove it"
DAMAGES = {
    "commas above": (ATTRIBUTES, r"^", ",,,\n", HOLDS_NOTHING.format(1, ATTRIBUTES)),
    "commas below": (PARTITION, r"(?=000003)", ",,,\n", HOLDS_NOTHING.format(3, PARTITION)),
    "no number": (ATTRIBUTES, r"^60", "²", "first line of .*attr.* is '²', expected the number of"),
    "cut short": (ATTRIBUTES, r"^60\n", "70\n", "has 60 rows, expected 70, as its first line says"),
    "empty": (ATTRIBUTES, r"(?s).*", "", "has 0 rows, expected some"),
    "cut in a row": (
        ATTRIBUTES,
        r".{6}$",
        "",
        r"row 60 of .*'000060.jpg'\) has \d cells, expected 8",
    ),
    "twice": (ATTRIBUTES, r"000002.jpg", "000001.jpg", "row 2 of .* is of '000001.jpg', as an"),
    "a name too many": (
        ATTRIBUTES,
        r"Beard",
        "Beard Hat Cap",
        "names 9 columns, but its first row",
    ),
    "no code": (ATTRIBUTES, r"(2.jpg) +-?1", r"\1 7", "'000002.jpg' of .* has Blond_Hair '7'"),
    "no part": (PARTITION, r"3.jpg 0", "3.jpg 5", "'000003.jpg' of .* is in part '5', expected"),
    "rows without a part": (
        PARTITION,
        r"000059.jpg 2\n000060.jpg 2\n",
        "",
        "2 images of .*attr.* are not in .*partition.txt: 000059.jpg, 000060.jpg;",
    ),
    "parts without a row": (
        PARTITION,
        r"^",
        "000061.jpg 0\n",
        "1 images of .*partition.* are not in .*attr.*: 000061.jpg",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_tables_are_named(damage: str, faces: Path, tmp_path: Path) -> None:
    name, pattern, replacement, message = DAMAGES[damage]
    for other in (ATTRIBUTES, PARTITION):
        shutil.copy(faces / f"{other}.txt", tmp_path)
    (tmp_path / IMAGES).symlink_to(faces / IMAGES)
    path = tmp_path / f"{name}.txt"
    path.write_text(re.sub(pattern, replacement, path.read_text(), count=1))
    with pytest.raises(ValueError, match=message):
        read(tmp_path, label="Blond_Hair")


@pytest.mark.parametrize(("part", "split"), [(0, "train"), (1, "val"), (2, "test")])
def test_a_part_without_images_is_named(part: int, split: str, faces: Path, tmp_path: Path) -> None:
    path = tmp_path / f"{PARTITION}.txt"
    text = (faces / f"{PARTITION}.txt").read_text()
    path.write_text(text.replace(f".jpg {part}", f".jpg {(part + 1) % 3}"))
    with pytest.raises(
        ValueError, match=rf"no image of .*{PARTITION}.txt is in part {part} \({split}"
    ):
        read_celeba(faces / f"{ATTRIBUTES}.txt", path, ("Smiling",))


def test_attributes_are_named_once_and_have_two_values_in_training(
    faces: Path, tmp_path: Path
) -> None:
    for name in (PARTITION, ATTRIBUTES):
        shutil.copy(faces / f"{name}.txt", tmp_path)
    (tmp_path / IMAGES).symlink_to(faces / IMAGES)
    path = tmp_path / f"{ATTRIBUTES}.txt"
    header, *rows = (line.split() for line in path.read_text().splitlines()[1:])
    for row in rows[:48]:  # of training
        row[1 + header.index("Beard")] = "-1"
    rows[-1][1 + header.index("Beard")] = "1"
    path.write_text("\n".join(" ".join(row) for row in [header, *rows]))
    with pytest.raises(ValueError, match="all 48 training images .* attribute 'Beard', 'no'; it"):
        read(tmp_path).setup()
    with pytest.raises(ValueError, match=r"two attributes share a name: \['Smiling', 'Beard', 'Be"):
        read(tmp_path, attributes=("Beard", "Beard"))
    with pytest.raises(ValueError, match="attributes is null, expected names beside the label"):
        read(tmp_path, attributes=None)


def test_groups_of_the_whole_of_celeba_have_the_published_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / IMAGES).mkdir()
    monkeypatch.setattr(
        "datamodules.image_files.match_files", lambda *_: None
    )  # there are no images
    sizes = (
        *((71_629, 66_874, 22_880, 1_387), (8_535, 8_276, 2_874, 182)),
        (9_767, 7_535, 2_480, 180),
    )
    kinds = [
        (cells, part)
        for part, counts in enumerate(sizes)
        for cells, count in zip(("-1 -1", "-1 1", "1 -1", "1 1"), counts, strict=True)
        for _ in range(count)
    ]
    assert len(kinds) == 202_599
    rows = [f"{row:06}.jpg {cells}" for row, (cells, _) in enumerate(kinds)]
    parts = [f"{row:06}.jpg {part}" for row, (_, part) in enumerate(kinds)]
    for name, lines in ((ATTRIBUTES, ["Blond_Hair Male", *rows]), (PARTITION, parts)):
        (tmp_path / f"{name}.txt").write_text("\n".join(lines))
    CelebA(tmp_path).setup()
    assert "test: Blond_Hair=no, Male=no: 9,767; " in " ".join(capsys.readouterr().err.split())
    parts[-1] = parts[-1][:-1] + "1"  # a fair man of the test set
    (tmp_path / f"{PARTITION}.txt").write_text("\n".join(parts))
    with pytest.raises(
        ValueError, match=r"groups of val have \[8535, 8276, 2874, 183\] images, the official"
    ):
        CelebA(tmp_path).setup()


def test_missing_parts_say_what_to_put_where(faces: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no img_align_celeba .*--data.init_args.root"):
        read(tmp_path)
    (tmp_path / IMAGES).mkdir()
    with pytest.raises(ValueError, match=r"no list_attr_celeba.txt or .csv below"):
        read(tmp_path)
    with pytest.raises(ValueError, match=r"no attribute 'Hat'; it has \['Blond_Hair'"):
        read(faces, attributes=("Hat",))
    for name in (ATTRIBUTES, PARTITION):
        shutil.copy(faces / f"{name}.txt", tmp_path)
    with pytest.raises(ValueError, match=r"60 of 60 rows have no image in .*000001.jpg, 000002"):
        read(tmp_path).setup()


def test_yamls_of_faces_and_celeba_are_read(faces: Path, tmp_path: Path) -> None:
    parser = data_parser("test", "")
    words = ["-c", "experiments/data/faces.yaml", "--data.init_args.root", str(faces)]
    data = parser.instantiate(parser.parse_args(words)).data
    assert data.attribute_space.names == ("Smiling", "Blond_Hair", "Eyeglasses", "Beard")
    assert data.image_shape == (3, 64, 64)
    root = tmp_path / "celeba"
    shutil.copytree(faces, root)
    path = root / f"{ATTRIBUTES}.txt"
    path.write_text(path.read_text().replace("Beard", "Male"))
    words = ["-c", "experiments/data/celeba.yaml", "--data.init_args.root", str(root)]
    data = parser.instantiate(parser.parse_args(words)).data
    assert data.attribute_space.names == ("Blond_Hair", "Male")


def test_a_split_that_is_not_the_official_one_is_told_at_every_setup(
    faces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(celeba, "WHOLE", COUNT)
    known = {part: [0, 0, 0, 0] for part in ("train", "val", "test")}
    monkeypatch.setitem(celeba.GROUPS, ("Smiling", "Beard"), known)
    data = read(faces)
    for _ in range(2):
        with pytest.raises(ValueError, match="the official split .* is of another version"):
            data.setup()
