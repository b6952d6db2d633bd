"""How the bytes of an image become a square of pixels: JPEG and other formats, EXIF, 16 bits."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms.v2 import functional as transforms

from datamodules.storage.image_error import ImageError

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
"""What is decoded, whatever names say. Pillow knows more, and has other programs read some."""

MOST_TEXT = 64 * 2**20
"""Most bytes of a text or a colour profile in a PNG; Pillow's own limit is a 64th of it."""

_KINDS = {
    rb"$": "is empty",
    rb".{4}ftyp(hei|hev|mif|msf|avi)": "is a HEIC or AVIF; convert it",
    rb".{128}DICM": "is a DICOM; convert it",
    rb"version https://git-lfs": "is a pointer of Git LFS, fetch it with git lfs pull",
    rb"\s*<(!doctype )?html": "is a web page; was its download refused?",
}
"""What files that are named as images often are instead, by how they begin."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LIMIT = Lock()
_WHOLE = re.DOTALL | re.IGNORECASE


Square = Literal["crop", "pad"]
"""An image becomes a square, as its largest central one is cut out or black is put beside it."""


def decode(
    content: bytes,
    name: str,
    size: int,
    max_pixels: int,
    advice: str = "scale it down",
    square: Square = "crop",
) -> Tensor:
    """Decode an image, make it a square and scale that.

    Args:
        content: The file, see `read_pixels`.
        name: Its name, for messages.
        size: Wanted side in pixels.
        max_pixels: Most pixels that are decoded.
        advice: What to do with an image that has more, for messages.
        square: How it becomes a square.

    Returns:
        (3, size, size) uint8.

    Raises:
        ImageError: If it is no image, larger, or damaged; the message names it.
    """
    pixels = read_pixels(content, name, max_pixels, advice)
    sides = pixels.shape[1:]
    if square == "crop":
        middle = transforms.center_crop(pixels, [min(sides)])
        scaled: Tensor = transforms.resize(middle, [size, size], antialias=True)
        return scaled
    # Scaled before it is padded, lest the square of a long image fill the memory.
    fitting = [max(1, round(size * side / max(sides))) for side in sides]
    padded: Tensor = transforms.center_crop(
        transforms.resize(pixels, fitting, antialias=True), [size]
    )
    return padded


def read_pixels(
    content: bytes, name: str, max_pixels: int, advice: str = "scale it down"
) -> Tensor:
    """Decode an image.

    Grey, palette and CMYK images become RGB, what is transparent white, 16 bits 8, and images that
    a camera marked as turned are turned back.

    Args:
        content: The file, in one of `FORMATS`.
        name: Its name, for messages.
        max_pixels: Most pixels that are decoded.
        advice: What to do with an image that has more, for messages.

    Returns:
        (3, H, W) uint8.

    Raises:
        ImageError: If it is no image, larger, or damaged; the message names it.
    """
    try:
        count, components = _jpeg_frame(content)
        if components in {1, 3} and count <= max_pixels:  # Pillow takes twice the time
            buffer = torch.frombuffer(bytearray(content), dtype=torch.uint8)
            mode = ImageReadMode.RGB
            pixels: Tensor = decode_jpeg(buffer, mode=mode, apply_exif_orientation=True)
            return pixels
        with _at_most(max_pixels):
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            if image.mode not in {"I", "F"}:
                return _pixels(image)
        why = "it has 32 bits for each pixel; convert it to 8 or 16"
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        why = f"it has more than {max_pixels:,} pixels; {advice}"
    except UnidentifiedImageError as error:
        found = (told for begin, told in _KINDS.items() if re.match(begin, content, _WHOLE))
        kind = next((f": it {told}" for told in found), "")
        msg = f"the file {name} is no image that can be read, whatever its name says{kind}"
        raise ImageError(msg) from error
    except Exception as error:  # decoders raise whatever the damage provokes
        damage = re.sub(r"^.*\.cpp:\d+, ", "", str(error))  # torchvision tells its line of C++
        msg = f"the image {name} is damaged or cut short: {damage}"
        raise ImageError(msg) from error
    msg = f"the image {name} is refused: {why}"
    raise ImageError(msg)


def largest_of_16_bits(content: bytes, max_pixels: int) -> int | None:
    """The largest value of a grey image of 16 bits; None for any other, or where it is damaged."""
    try:
        with _at_most(max_pixels):
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            return int(np.asarray(image).max()) if image.mode.startswith("I;16") else None
    except Exception:  # whoever fetches it will say what is wrong
        return None


def encode_png(image: Tensor) -> bytes:
    """The PNG of an image (3, H, W) uint8."""
    buffer = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def _at_most(pixels: int) -> Iterator[None]:
    """Let Pillow raise above so many pixels, and not by its own limits, which are global."""
    category = Image.DecompressionBombWarning
    with _LIMIT, warnings.catch_warnings(action="error", category=category):
        before, text = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = pixels, MOST_TEXT
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = before, text


def _jpeg_frame(content: bytes) -> tuple[int, int]:
    """Pixels and components that the header of a JPEG tells; zeros if it is not found.

    Source: ITU-T T.81, annex B: segments of a marker and a length up to the frame header.
    """
    place = 2 if content.startswith(b"\xff\xd8") else len(content)
    while place + 10 <= len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4])
        if marker in _FRAMES:
            height, width = (int.from_bytes(content[place + k : place + k + 2]) for k in (5, 7))
            return height * width, content[place + 9]
        place += 2 + length
    return 0, 0


def _pixels(image: Image.Image) -> Tensor:
    """(3, H, W) uint8."""
    image.load()
    with suppress(Exception):  # what is wrong in its EXIF, where the picture is whole
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        values = np.asarray(image, dtype=np.float64) / 257
        image = Image.fromarray(values.round().astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
