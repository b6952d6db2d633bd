"""Which file belongs to which row of a table."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from unicodedata import normalize

from datamodules.notices import some_of, tell
from datamodules.storage.image_store import ENDINGS, ImageStore


def match_files(files: Sequence[str], store: ImageStore, dropped: Sequence[str] = ()) -> None:
    """Check that every row has its image; images without a row are mentioned and left out.

    Args:
        files: Names of the files of the rows.
        store: The images.
        dropped: Names of files whose rows are left out on purpose.

    Raises:
        ValueError: If rows have no image; the message counts them and names the first.
    """
    there = store.names()
    known = set(there)
    absent = [name for name in files if name not in known]
    if absent:
        spelt = {_plainly(name): name for name in there}
        other = spelt.get(_plainly(absent[0]))
        if not other:  # a zip's names are without the folders that hold all of it
            parts = PurePosixPath(absent[0]).parts
            inner = (PurePosixPath(*parts[n:]).as_posix() for n in range(1, len(parts)))
            other = next((name for name in inner if name in known), None)
        hint = f"; there is '{other}'" if other else ""
        if absent[0] in store.files():
            hint = f"; its format is not read, convert it to one of {', '.join(sorted(ENDINGS))}"
        elif whole := next((n for n in there if n.rpartition(".")[0] == absent[0]), None):
            hint = f"; there is '{whole}', name files with their endings"
        if other and normalize("NFC", other) == normalize("NFC", absent[0]):
            hint += ", of the same letters in another Unicode form (NFC or NFD)"
        msg = (
            f"{len(absent):,} of {len(files):,} rows have no image in {store.path}: "
            f"{some_of(absent)}{hint}"
        )
        raise ValueError(msg)
    if rest := sorted(known - {*files, *dropped}):
        tell(f"{len(rest):,} images in {store.path} have no row and are left out: {some_of(rest)}")


def _plainly(name: str) -> str:
    """A name without what tells spellings of it apart: case, Unicode form, slashes, ``./``."""
    return PurePosixPath(normalize("NFC", name).lower().replace("\\", "/")).as_posix()
