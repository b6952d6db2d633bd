"""Where image files lie: a folder or a zip, and the names of the images in it."""

import os
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from datamodules.storage.image_error import ImageError

ENDINGS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp"}
)
"""What names of images end in, in lower case."""

OTHER_ENDINGS = frozenset(
    {
        *(".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".jxl", ".jxr", ".svg", ".psd"),
        *(".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".exr", ".hdr", ".mpo", ".apng"),
        *(".dcm", ".dicom", ".ima", ".nii", ".mha", ".nrrd", ".svs", ".npy"),
        *(".dng", ".cr2", ".cr3", ".nef", ".arw", ".raw", ".raf", ".orf", ".rw2"),
    }
)
"""What names of images end in that are not read."""

HIDDEN = frozenset(
    {"__MACOSX", "@eaDir", "#recycle", "$RECYCLE.BIN", "System Volume Information", "lost+found"}
)
"""Folders that systems make, some of them with small copies of the images, beside those of ``.``"""

ENCODINGS = ("utf-8", "cp437", "cp932", "gbk", "big5", "euc_kr", "cp1252", "cp1251")
"""What names in a zip may be written in where it does not tell, the likeliest first."""

IS_UTF_8 = 0x800
"""Flag of a member of a zip whose name is UTF-8."""

MOST_BYTES = 256_000_000
"""Most bytes of an image in an archive, where a small one can unpack to any size."""


class ImageStore(ABC):
    """Images by name.

    Args:
        path: Where they lie.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def files(self) -> list[str]:
        """Names of all files, with ``/`` between folders, but those that are hidden."""

    def names(self) -> list[str]:
        """Names of all images that are read, in order."""
        return self.listing()[0]

    def listing(self) -> tuple[list[str], list[str]]:
        """Names of the images that are read, and of those whose format is not, in order."""
        files = sorted(self.files())
        images = [name for name in files if _ending(name) in ENDINGS]
        return images, [name for name in files if _ending(name) in OTHER_ENDINGS]

    @abstractmethod
    def folders(self) -> list[str]:
        """Names of the outermost folders, in order, but of those that are hidden."""

    @abstractmethod
    def spell_as(self, files: Sequence[str]) -> None:
        """Spell the names such that these are there, where that hangs on an encoding."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            ImageError: If it cannot be read.
        """

    @abstractmethod
    def mark(self, name: str) -> int:
        """A number that is another, as good as always, once the content is another.

        Raises:
            ImageError: If the file cannot be found.
        """


class ImageFolder(ImageStore):
    """A folder of images and of folders of images; links to folders are followed."""

    def files(self) -> list[str]:
        """See `ImageStore.files`.

        Raises:
            ValueError: If a folder is a link to one that holds it, or cannot be read.
        """
        found = []
        for folder, inner, files in os.walk(self.path, onerror=_refuse, followlinks=True):
            inner[:] = [name for name in inner if not _is_hidden(name)]
            for name in inner:
                _refuse_loop(Path(folder, name))
            below = Path(folder).relative_to(self.path).as_posix()
            prefix = "" if below == "." else f"{below}/"
            found += [f"{prefix}{file}" for file in files if not _is_hidden(file)]
        return found

    def folders(self) -> list[str]:
        """See `ImageStore.folders`."""
        return sorted(p.name for p in self.path.iterdir() if p.is_dir() and not _is_hidden(p.name))

    def spell_as(self, files: Sequence[str]) -> None:
        """See `ImageStore.spell_as`; the system knows its encoding."""

    def read(self, name: str) -> bytes:
        """See `ImageStore.read`."""
        path = f"{self.path}/{name}"  # pathlib would take a tenth of the time of an image
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            msg = f"the image {path} cannot be read: {error.strerror}"
            raise ImageError(msg) from error

    def mark(self, name: str) -> int:
        """See `ImageStore.mark`; the size in bytes, for copies have other times."""
        try:
            return os.stat(f"{self.path}/{name}").st_size
        except OSError as error:
            msg = f"the image {self.path}/{name} cannot be read: {error.strerror}"
            raise ImageError(msg) from error


class ImageArchive(ImageStore):
    """A zip of images; folders that hold all of them are no part of their names.

    Args:
        path: The zip.
        folder: Name of the folder in it, at any depth, that has the images, if there is one; what
            lies beside it is left out.

    Raises:
        ValueError: If it cannot be read.
    """

    def __init__(self, path: Path, folder: str = "") -> None:
        super().__init__(path)
        self._opened: tuple[int, zipfile.ZipFile] | None = None
        self._folder = folder
        self._members, self._folders = self._read_names()

    def _read_names(self, encoding: str = "") -> tuple[dict[str, str], list[str]]:
        """The member of each name, and the outermost folders."""
        parts = {}
        for info in self._archive().infolist():
            names = [n for n in _spelt(info, encoding).split("/") if n not in {"", "."}]
            if names and not any(map(_is_hidden, names)):
                parts[info.filename] = names
        files = {member for member in parts if not _is_folder(member)}
        inside = {member for member in files if self._folder in parts[member][:-1]}
        files = inside or files
        folders = [parts[m][:-1] for m in files if _ending(parts[m][-1]) in ENDINGS]
        levels = zip(*folders, strict=False)
        above = [level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels)]
        depth = len(above)
        members = {
            "/".join(parts[member][depth if parts[member][:depth] == above else 0 :]): member
            for member in parts
            if member in files
        }
        outermost = {
            names[depth]
            for member, names in parts.items()
            if names[:depth] == above and len(names) > depth + (not _is_folder(member))
        }
        return members, sorted(outermost)

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

    def files(self) -> list[str]:
        """See `ImageStore.files`."""
        return list(self._members)

    def folders(self) -> list[str]:
        """See `ImageStore.folders`."""
        return self._folders

    def spell_as(self, files: Sequence[str]) -> None:
        """See `ImageStore.spell_as`."""
        for encoding in ENCODINGS:
            members, folders = self._read_names(encoding)
            if members.keys() >= set(files):
                self._members, self._folders = members, folders
                return

    def read(self, name: str) -> bytes:
        """See `ImageStore.read`."""
        try:
            member = self._archive().getinfo(self._members[name])
            if member.file_size <= MOST_BYTES:
                return self._archive().read(member)
            why = f"it has more than {MOST_BYTES:,} bytes once it is unpacked"
        except Exception as error:  # zip files raise whatever the damage provokes
            msg = f"the image {name} of {self.path} cannot be read: {error}"
            raise ImageError(msg) from error
        msg = f"the image {name} of {self.path} is refused: {why}"
        raise ImageError(msg)

    def mark(self, name: str) -> int:
        """See `ImageStore.mark`; the checksum that the zip has of it."""
        return self._archive().getinfo(self._members[name]).CRC


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in HIDDEN


def _is_folder(member: str) -> bool:
    return member.endswith(("/", "\\"))


def _spelt(info: zipfile.ZipInfo, encoding: str) -> str:
    """The name of a member with ``/`` between folders, whatever made the zip.

    Where the zip does not tell its encoding, Python has taken the name for cp437.
    """
    name = info.orig_filename
    if not info.flag_bits & IS_UTF_8 and not name.isascii():
        content = name.encode("cp437")
        for likely in (encoding,) if encoding else ENCODINGS:
            try:
                name = content.decode(likely)
                break
            except UnicodeDecodeError:
                continue
    return name.replace("\\", "/")  # as Windows parts folders


def _refuse(error: OSError) -> None:
    msg = f"the folder {error.filename} cannot be read: {error.strerror}"
    raise ValueError(msg) from error


def _refuse_loop(folder: Path) -> None:
    if folder.is_symlink() and folder.resolve() in {above.resolve() for above in folder.parents}:
        msg = f"{folder} links to {folder.resolve()}, a folder that holds it; remove the link"
        raise ValueError(msg)


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
