"""Image files: where they lie, and how one becomes a square of pixels."""

import io
import os
import zipfile
from abc import ABC, abstractmethod
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torchvision.io import ImageReadMode, decode_jpeg
from torchvision.transforms.v2 import functional as transforms

from datamodules.errors import ImageError

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"})
"""What names of images end in, in lower case."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class ImageStore(ABC):
    """Images by name.

    Args:
        path: Where they lie.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def names(self) -> list[str]:
        """Names of all images, with ``/`` between folders, in order."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            ImageError: If it cannot be read.
        """


class ImageFolder(ImageStore):
    """A folder of images and of folders of images; links to folders are not followed."""

    def names(self) -> list[str]:
        """See `ImageStore.names`."""
        found = []
        for folder, _, files in os.walk(self.path):
            below = Path(folder).relative_to(self.path).as_posix()
            prefix = "" if below == "." else f"{below}/"
            found += [f"{prefix}{file}" for file in files if _is_image(file)]
        return sorted(found)

    def read(self, name: str) -> bytes:
        """See `ImageStore.read`."""
        path = f"{self.path}/{name}"  # pathlib would take a tenth of the time of an image
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            msg = f"the image {path} cannot be read: {error.strerror}"
            raise ImageError(msg) from error


class ImageArchive(ImageStore):
    """A zip of images; a folder that holds all of them is no part of their names.

    Raises:
        ValueError: If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        files = [name for name in self._archive().namelist() if _is_image(name)]
        folder = os.path.commonpath(files) if len(files) > 1 else ""
        self._prefix = f"{folder}/" if folder else ""
        self._names = sorted(name.removeprefix(self._prefix) for name in files)

    def _archive(self) -> zipfile.ZipFile:
        # Each process reads through a handle of its own: a shared one has one position.
        if self._opened is None or self._opened[0] != os.getpid():
            try:
                self._opened = os.getpid(), zipfile.ZipFile(self.path)
            except (OSError, zipfile.BadZipFile) as error:
                msg = f"the archive {self.path} cannot be read: {error}"
                raise ValueError(msg) from error
        return self._opened[1]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_opened": None}

    def names(self) -> list[str]:
        """See `ImageStore.names`."""
        return self._names

    def read(self, name: str) -> bytes:
        """See `ImageStore.read`."""
        try:
            return self._archive().read(self._prefix + name)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            msg = f"the image {name} of {self.path} cannot be read: {error}"
            raise ImageError(msg) from error


def _is_image(name: str) -> bool:
    path = Path(name)
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".")


def open_images(path: Path) -> ImageStore:
    """A folder of images or a zip of them.

    Raises:
        ValueError: If it is neither.
    """
    if path.is_dir():
        return ImageFolder(path)
    if path.is_file() and path.suffix.lower() == ".zip":
        return ImageArchive(path)
    msg = f"there are no images at {path}; expected a folder, or a .zip"
    raise ValueError(msg)


def decode(content: bytes, name: str, size: int, max_pixels: int) -> Tensor:
    """Decode an image, cut its largest central square out and scale that.

    Grey, palette and CMYK images become RGB, what is transparent white, 16 bits 8, and images that
    a camera marked as turned are turned back.

    Args:
        content: The file, in any format that Pillow reads.
        name: Its name, for messages.
        size: Wanted side in pixels.
        max_pixels: Most pixels that are decoded.

    Returns:
        (3, size, size) uint8.

    Raises:
        ImageError: If it is no image, larger, or damaged; the message names it.
    """
    try:
        count, components = _jpeg_frame(content)
        if components in {1, 3}:  # Pillow takes twice the time
            _check_count(count, max_pixels)
            buffer = torch.frombuffer(bytearray(content), dtype=torch.uint8)
            mode = ImageReadMode.RGB
            pixels = decode_jpeg(buffer, mode=mode, apply_exif_orientation=True)
        else:
            image = Image.open(io.BytesIO(content))
            _check_count(image.width * image.height, max_pixels)
            pixels = _pixels(image)
    except Image.DecompressionBombError as error:
        msg = (
            f"the image {name} has more than {max_pixels:,} pixels; scale it down, or raise "
            "--data.init_args.max_pixels if you trust it"
        )
        raise ImageError(msg) from error
    except UnidentifiedImageError as error:
        msg = f"the file {name} is no image that can be read, whatever its name says"
        raise ImageError(msg) from error
    except (OSError, RuntimeError, SyntaxError, ValueError) as error:  # what decoders raise
        msg = f"the image {name} is damaged or cut short: {error}"
        raise ImageError(msg) from error
    square = transforms.center_crop(pixels, [min(pixels.shape[1:])])
    scaled: Tensor = transforms.resize(square, [size, size], antialias=True)
    return scaled


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise Image.DecompressionBombError


def _jpeg_frame(content: bytes) -> tuple[int, int]:
    """Pixels and components that the header of a JPEG tells; zeros if it is not found.

    Source: ITU-T T.81, annex B: segments of a marker and a length up to the frame header.
    """
    place = 2 if content.startswith(b"\xff\xd8\xff") else len(content)
    while place + 10 <= len(content):
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4])
        if marker in _FRAMES:
            height, width = (int.from_bytes(content[place + k : place + k + 2]) for k in (5, 7))
            return height * width, content[place + 9]
        place += 2 + length
    return 0, 0


def _pixels(image: Image.Image) -> Tensor:
    """(3, H, W) uint8."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float64) / 257
        image = Image.fromarray(values.round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
