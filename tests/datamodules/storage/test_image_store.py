"""Folders and zips as clinics, cameras and shared disks leave them."""

import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from datamodules.folder import rows_of_folders
from datamodules.storage.file_matching import match_files
from datamodules.storage.image_store import ImageStore, open_images


def folder_of(folder: Path, *names: str) -> ImageStore:
    for name in names:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_bytes(name.encode())
    return open_images(folder)


def zip_of(path: Path, names: Sequence[str]) -> ImageStore:
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, name)
    return open_images(path)


def zip_in(encoding: str, path: Path, names: Sequence[str]) -> ImageStore:
    """A zip whose names are in an encoding, and which does not tell it."""

    class Member(zipfile.ZipInfo):  # Python itself would write UTF-8 and say so
        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
            return self.filename.encode(encoding), 0

    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(Member(name), name)
    return open_images(path)


def test_what_disks_leave_beside_images_is_none(tmp_path: Path) -> None:
    names = ("cats/1.JPG", "dogs/2.png", "cats/Thumbs.db", "cats/desktop.ini", "dogs/._2.png")
    hidden = (".DS_Store", "@eaDir/1.jpg", "#recycle/3.png", "$RECYCLE.BIN/4.png", ".Trashes/5.png")
    others = ("System Volume Information/6.png", "lost+found/", "__MACOSX/cats/1.JPG")
    store = folder_of(tmp_path / "photos", *names, *hidden, *others)
    assert store.names() == ["cats/1.JPG", "dogs/2.png"]
    assert rows_of_folders(store, "pet").space.attributes[0].values == ("cats", "dogs")
    zipped = zip_of(tmp_path / "photos.zip", (*names, *hidden, *others))
    assert zipped.listing() == store.listing()
    assert zipped.folders() == store.folders() == ["cats", "dogs"]


@pytest.mark.parametrize("what", ["birds/", "birds/notes.txt", "birds/1.heic", "birds/1/"])
@pytest.mark.parametrize("is_zip", [False, True])
def test_a_class_without_an_image_is_named(what: str, is_zip: bool, tmp_path: Path) -> None:
    names = ("cats/1.png", "dogs/2.png", what)
    if is_zip:
        store = zip_of(tmp_path / "a.zip", [f"pets/{name}" for name in names])
    else:
        store = folder_of(tmp_path / "pets", *names)
    with pytest.raises(
        ValueError, match=r"1 folder\(s\) of .* have no image that is read: birds; .*'pet': put"
    ):
        rows_of_folders(store, "pet")


def test_a_folder_above_those_of_the_classes_is_told(tmp_path: Path) -> None:
    store = folder_of(tmp_path / "a", "data/pets/cats/1.png", "data/pets/dogs/2.png")
    with pytest.raises(
        ValueError, match=r"all images of .* it has cats, dogs: point images to .*/a/data/pets$"
    ):
        rows_of_folders(store, "pet")
    with pytest.raises(ValueError, match=r"are in its folder cats; .* 'pet', or a table$"):
        rows_of_folders(folder_of(tmp_path / "b", "cats/1.png", "cats/2.png"), "pet")
    with pytest.raises(ValueError, match=r"b/c has no image that is read; expected one folder"):
        rows_of_folders(folder_of(tmp_path / "b/c", "notes.txt"), "pet")


@pytest.mark.parametrize(
    ("files", "there", "hint"),
    [
        (
            ["1.png", "2.png"],
            ["deep/photos/1.png", "deep/photos/2.png"],
            "; all are in its folder deep/photos: point images to .*/images/deep/photos",
        ),
        (
            ["1.png", "2.png"],
            ["p1/1.png", "p2/2.png"],
            "; there is 'p1/1.png', name files with their folders",
        ),
        (
            ["000001.jpg"],
            ["000001.png"],
            "; there is '000001.png', name files with the endings that they have",
        ),
        (["scan.1.jpg"], ["scan.1.png"], "; there is 'scan.1.png', name files with the endings .*"),
        (
            ["7"],
            ["007.png"],
            "; there is '007.png', read and save names as text, lest zeros are .*",
        ),
        (["p7/12.png"], ["p007/0012.png"], "; there is 'p007/0012.png', read and save names as .*"),
        (["100.png"], ["10.png"], ""),
        (["x.png"], ["y.png"], ""),
    ],
)
def test_names_that_are_almost_there_say_what_to_do(
    files: list[str], there: list[str], hint: str, tmp_path: Path
) -> None:
    store = folder_of(tmp_path / "images", *there)
    with pytest.raises(ValueError, match=rf"rows have no image in .*: {', '.join(files)}{hint}$"):
        match_files(files, store)


def test_a_zip_made_by_windows_has_folders(tmp_path: Path) -> None:
    store = zip_of(tmp_path / "a.zip", ["pets\\", "pets\\cats\\1.png", "pets\\dogs\\2.png"])
    assert store.names() == ["cats/1.png", "dogs/2.png"]
    assert store.folders() == ["cats", "dogs"]
    assert store.read("dogs/2.png") == b"pets\\dogs\\2.png"


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("utf-8", ["写真/猫.png", "写真/犬 2.png"]),
        ("cp437", ["Müller/é.png", "Müller/ß.png"]),
        ("cp932", ["表/猫ソ.png", "写真/犬.png"]),  # the second byte of 表 and of ソ is a backslash
        ("gbk", ["照片/猫.png", "照片/狗.png"]),
        ("big5", ["照片/貓.png", "功/狗.png"]),
        ("cp1252", ["Müller/é.png", "Müller/ß.png"]),
        ("cp1251", ["фото/кошка.png", "фото/собака.png"]),
    ],
)
def test_names_in_a_zip_of_another_encoding_are_those_of_the_table(
    encoding: str, names: list[str], tmp_path: Path
) -> None:
    store = zip_in(encoding, tmp_path / "a.zip", ["set/plain.png", *(f"set/{n}" for n in names)])
    match_files([*names, "plain.png"], store)
    assert store.names() == sorted([*names, "plain.png"])
    for name in names:
        assert store.read(name).decode() == f"set/{name}"
    with pytest.raises(ValueError, match=r"1 of 2 rows have no image in .*: gone.png$"):
        match_files([names[0], "gone.png"], store)


def test_utf_8_without_a_flag_is_read_without_a_table(tmp_path: Path) -> None:
    names = ["katzen/größe.png", "hündchen/ä.png"]
    assert zip_in("utf-8", tmp_path / "a.zip", names).names() == sorted(names)


def test_a_broken_link_and_an_unknown_image_are_named(tmp_path: Path) -> None:
    store = folder_of(tmp_path, "scan.dcm", "scan.nii", "b.png")
    assert store.listing()[1] == ["scan.dcm", "scan.nii"]
    os.symlink(tmp_path / "gone.png", tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"image .*a.png cannot be read: No such file"):
        store.read("a.png")


@pytest.mark.parametrize(
    ("told", "there", "hint"),
    [
        ("./a/1.png", "a/1.png", "there is 'a/1.png'"),
        ("photos/a/1.png", "a/1.png", "there is 'a/1.png'"),
        ("a\\1.png", "a/1.png", "there is 'a/1.png'"),
        (".\\A\\1.PNG", "a/1.png", "there is 'a/1.png'"),
        ("a/1", "a/1.png", "there is 'a/1.png', name files with their endings"),
        ("a/1.mpo", "a/1.mpo", r"its format is not read, convert it to one of .*\.jpg.*"),
        ("\u00fc.png", "u\u0308.png", r"there is 'u\u0308.png', of the same .* \(NFC or NFD\)"),
        ("u\u0308.png", "\u00fc.png", r"there is '\u00fc.png', of the same .* \(NFC or NFD\)"),
    ],
)
def test_an_image_of_almost_the_name_is_told(
    told: str, there: str, hint: str, tmp_path: Path
) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_bytes(b"")
    with pytest.raises(ValueError, match=f"{hint}$"):
        match_files([told], open_images(tmp_path))


def test_names_in_a_zip_do_not_hang_on_what_is_no_image(people: Path, tmp_path: Path) -> None:
    for row, name in enumerate(("cats/1.png", "dogs/2.png")):
        (tmp_path / "zip/pets" / name).parent.mkdir(parents=True)
        shutil.copy(people / "images" / f"{row}.png", tmp_path / "zip/pets" / name)
    (tmp_path / "zip/shots.raw").mkdir()
    (tmp_path / "zip/logo.svg").write_text("<svg/>")
    (tmp_path / "zip/pets/3.heic").write_text("")
    store = open_images(Path(shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path / "zip")))
    assert store.names() == ["cats/1.png", "dogs/2.png"]
    assert store.listing()[1] == ["3.heic", "logo.svg"]
    assert store.read("dogs/2.png") == (people / "images/1.png").read_bytes()
