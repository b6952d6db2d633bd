import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, PngImagePlugin

from datamodules.storage.image_decoding import decode
from datamodules.storage.image_store import open_images

MOST = 1_000_000


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(color: object, mode: str = "RGB", size: tuple[int, int] = (20, 20)) -> Image.Image:
    return Image.new(mode, size, color)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("image", "kind", "expected"),
    [
        (plain((255, 0, 9)), "PNG", (255, 0, 9)),
        (plain((255, 0, 9)), "BMP", (255, 0, 9)),
        (plain(77, "L"), "PNG", (77, 77, 77)),
        (plain(77, "L"), "JPEG", (77, 77, 77)),
        (plain((255, 0, 0, 0), "RGBA"), "PNG", (255, 255, 255)),
        (plain((0, 0, 0, 128), "RGBA"), "PNG", (127, 127, 127)),
        (plain((0, 200), "LA"), "PNG", (55, 55, 55)),
        (plain((0, 0, 0, 255), "CMYK"), "JPEG", (0, 0, 0)),
        (plain((10, 20, 30)).quantize(2), "GIF", (10, 20, 30)),
        (Image.fromarray(np.full((20, 20), 32_768, np.uint16)), "PNG", (128, 128, 128)),
        (Image.fromarray(np.full((20, 20), 65_535, np.uint16)), "TIFF", (255, 255, 255)),
    ],
)
def test_any_image_becomes_eight_bits_of_three_colours(
    image: Image.Image, kind: str, expected: tuple[int, int, int]
) -> None:
    pixels = decode(encoded(image, kind), "x", 8, MOST)
    assert pixels.shape == (3, 8, 8)
    assert pixels.dtype == torch.uint8
    difference = pixels.int() - torch.tensor(expected)[:, None, None]
    assert difference.abs().max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_central_square_is_kept(kind: str) -> None:
    wide = plain((0, 0, 0), size=(64, 16))
    wide.paste((255, 255, 255), (24, 0, 40, 16))
    assert decode(encoded(wide, kind, quality=100), "x", 16, MOST).float().mean() > 250


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_images_that_a_camera_turned_are_turned_back(kind: str) -> None:
    image = plain((0, 0, 0), size=(32, 32))
    image.paste((255, 255, 255), (0, 0, 32, 16))  # light above
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise
    pixels = decode(encoded(image, kind, exif=exif.tobytes()), "x", 32, MOST).float()
    assert pixels[:, :, 20:].mean() > 250
    assert pixels[:, :, :12].mean() < 5


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("JPEG", "RGB"), ("JPEG", "CMYK")])
def test_an_image_is_read_whose_exif_is_damaged(kind: str, mode: str) -> None:
    image = plain((9, 50, 100)).convert(mode)
    content = encoded(image, kind, exif=b"Exif\0\0garbage", quality=100)
    assert decode(content, "x", 8, MOST)[:, 4, 4].tolist() == pytest.approx([9, 50, 100], abs=2)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("MPO", {"save_all": True}),
        ("GIF", {"save_all": True}),
        ("WEBP", {"save_all": True, "lossless": True}),
        ("PNG", {"save_all": True}),
    ],
)
def test_the_first_of_several_pictures_is_read(kind: str, options: dict[str, object]) -> None:
    others = {"append_images": [plain((0, 255, 0))]} if "save_all" in options else {}
    pixels = decode(encoded(plain((200, 50, 50)), kind, **options, **others), "x.jpg", 8, MOST)
    assert pixels[:, 4, 4].tolist() == pytest.approx([200, 50, 50], abs=2)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_what_is_no_whole_image_is_named(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ValueError, match=r"image a/b.jpg is damaged or cut short: [^/]+$"):
        decode(content[: len(content) // 2], "a/b.jpg", 8, MOST)
    with pytest.raises(ValueError, match=r"file a/b.jpg is no image that can be read"):
        decode(b"a text that is named .jpg", "a/b.jpg", 8, MOST)
    with pytest.raises(ValueError, match=r"file empty.jpg is no image"):
        decode(b"", "empty.jpg", 8, MOST)


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    bomb = encoded(plain(0, "1", (20_000, 20_000)))  # 400 million pixels in 50 kB
    assert len(bomb) < 100_000
    with pytest.raises(ValueError, match=r"image b.png is refused: it has more than .* pixels"):
        decode(bomb, "b.png", 8, MOST)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_many_pixels_are_decoded_if_allowed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow's own, in place of 89 million
    content = encoded(plain((9, 9, 9), size=(30, 20)), kind)
    assert decode(content, "x", 8, 600).shape == (3, 8, 8)
    with pytest.raises(ValueError, match="image x is refused: it has more than 250 pixels; scale"):
        decode(content, "x", 8, 250)
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_an_image_of_just_as_many_pixels_as_allowed_is_decoded(kind: str) -> None:
    content = encoded(plain((9, 9, 9), size=(30, 20)), kind, progressive=True)
    assert decode(content, "x", 8, 600).shape == (3, 8, 8)
    with pytest.raises(ValueError, match="image x is refused: it has more than 599 pixels"):
        decode(content, "x", 8, 599)


def test_a_folder_and_a_zip_hold_the_same_images(tmp_path: Path) -> None:
    contents = {"a/1.png": b"one", "b/2.JPG": b"two", "ü 3.webp": b"three"}
    folder = tmp_path / "images"
    for name, content in {**contents, "notes.txt": b"", ".hidden.png": b""}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for prefix in ("", "nested/twice/"):
        archive = tmp_path / f"{len(prefix)}.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for name, content in contents.items():
                file.writestr(prefix + name, content)
            file.writestr(f"{prefix}notes.txt", "")
        for store in (open_images(folder), open_images(archive)):
            assert store.names() == sorted(contents)
            assert {name: store.read(name) for name in store.names()} == contents


def test_names_in_a_zip_are_brought_into_order(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("./images/a.png", "/images/b.png", "images/c/d.png", "__MACOSX/images/a.png"):
            file.writestr(name, name)
    store = open_images(archive)
    assert store.names() == ["a.png", "b.png", "c/d.png"]
    assert store.read("b.png") == b"/images/b.png"


def test_hidden_folders_hold_no_images(tmp_path: Path) -> None:
    for name in ("cats/1.png", ".ipynb_checkpoints/1.png", "__MACOSX/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    assert open_images(tmp_path).names() == ["cats/1.png"]


def test_the_mark_of_an_image_in_a_zip_is_that_of_its_content(tmp_path: Path) -> None:
    marks = []
    for number, content in enumerate(("one", "two", "one")):
        with zipfile.ZipFile(tmp_path / f"{number}.zip", "w") as file:
            file.writestr("a.png", content)
        marks.append(open_images(tmp_path / f"{number}.zip").mark("a.png"))
    assert marks[0] == marks[2] != marks[1]


def test_a_folder_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("birds/1.png", "cats/1.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"")
    scandir = os.scandir

    def forbidden(path: str) -> object:
        if str(path).endswith("birds"):  # root may read whatever the mode says
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", forbidden)
    with pytest.raises(ValueError, match=r"folder .*birds cannot be read: Permission denied"):
        open_images(tmp_path).names()


def test_links_to_folders_are_followed(tmp_path: Path) -> None:
    for name in ("images/cats/1.png", "elsewhere/2.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "images/dogs").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "images/felines").symlink_to(tmp_path / "images/cats")
    store = open_images(tmp_path / "images")
    assert store.names() == ["cats/1.png", "dogs/2.png", "felines/1.png"]
    assert store.read("dogs/2.png") == b"elsewhere/2.png"


@pytest.mark.parametrize(
    ("link", "target"), [("a/up", ""), ("a/out", ".."), ("a/b", "b")], ids=["up", "out", "crossed"]
)
def test_links_in_a_circle_are_named(link: str, target: str, tmp_path: Path) -> None:
    images = tmp_path / "images"
    for name in ("a", "b"):
        (images / name).mkdir(parents=True)
    (images / link).symlink_to(images / target)
    (images / "b/a").symlink_to(images / "a")
    with pytest.raises(ValueError, match="images/.* links to .*, a folder that holds it; remove"):
        open_images(images).names()


def test_what_unpacks_to_too_much_or_is_damaged_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.png", bytes(200_000))
        file.writestr("b.png", np.random.default_rng(0).bytes(2_000))
    monkeypatch.setattr("datamodules.storage.image_store.MOST_BYTES", 100_000)
    with pytest.raises(ValueError, match="image a.png of .* is refused: it has more than 100,000"):
        open_images(archive).read("a.png")
    content = bytearray(archive.read_bytes())
    place = content.index(b"b.png") + 5
    content[place : place + 300] = bytes(300)
    archive.write_bytes(content)
    with pytest.raises(ValueError, match="image b.png of .* cannot be read"):
        open_images(archive).read("b.png")


def test_a_header_cannot_hide_how_large_an_image_is() -> None:
    content = encoded(plain(9, "L", (900, 900)), "JPEG")
    end = 4 + int.from_bytes(content[4:6])
    fake = bytes.fromhex("00c00011080010001003")  # a frame of 16 x 16, behind no marker
    with pytest.raises(ValueError, match="more than 1,000 pixels|damaged"):
        decode(content[:end] + fake + content[end:], "x", 8, 1_000)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_of_32_bits_are_refused(mode: str) -> None:
    with pytest.raises(ValueError, match="image x is refused: it has 32 bits for each pixel"):
        decode(encoded(plain(5, mode), "TIFF"), "x", 8, MOST)


def test_what_needs_another_program_is_no_image() -> None:
    with pytest.raises(ValueError, match="file x.jpg is no image that can be read"):
        decode(encoded(plain((1, 2, 3)), "EPS"), "x.jpg", 8, MOST)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "is a HEIC or AVIF; convert it"),
        (bytes(128) + b"DICM" + bytes(20), "is a DICOM; convert it"),
        (b"version https://git-lfs.github.com/spec/v1", "is a pointer of Git LFS, fetch it with"),
        (b"\n<!DOCTYPE html><html>", "is a web page; was its download refused"),
    ],
)
def test_what_is_named_as_an_image_and_is_none_is_told(content: bytes, what: str) -> None:
    with pytest.raises(
        ValueError, match=f"x.jpg is no image .*, whatever its name says: it {what}"
    ):
        decode(content, "x.jpg", 8, MOST)


def test_a_long_text_or_profile_in_a_png_does_no_harm() -> None:
    before = PngImagePlugin.MAX_TEXT_CHUNK
    for where in ("text", "compressed text", "profile"):
        info, options = PngImagePlugin.PngInfo(), {}
        if where == "profile":
            options["icc_profile"] = bytes(3_000_000)
        else:
            info.add_text("settings", "long " * 600_000, zip=where != "text")
        content = encoded(plain((9, 50, 100)), "PNG", pnginfo=info, **options)
        assert decode(content, "x", 8, MOST)[:, 0, 0].tolist() == [9, 50, 100]
    assert before == PngImagePlugin.MAX_TEXT_CHUNK


def test_missing_and_broken_stores_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no images at .*nowhere; expected a folder, or a .zip"):
        open_images(tmp_path / "nowhere")
    (tmp_path / "broken.zip").write_bytes(b"PK no")
    with pytest.raises(ValueError, match=r"broken.zip cannot be read"):
        open_images(tmp_path / "broken.zip")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with pytest.raises(ValueError, match=r"loop.png cannot be read: .*symbolic links"):
        open_images(tmp_path).read("loop.png")
