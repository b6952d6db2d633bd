"""Which file belongs to which row of a table."""

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath
from unicodedata import normalize

from datamodules.notices import some_of, tell
from datamodules.storage.image_store import ENDINGS, ImageFolder, ImageStore


def match_files(files: Sequence[str], store: ImageStore, dropped: Sequence[str] = ()) -> None:
    """Check that every row has its image; images without a row are mentioned and left out.

    Args:
        files: Names of the files of the rows.
        store: The images; their names are spelt as those of the rows, where it can be.
        dropped: Names of files whose rows are left out on purpose.

    Raises:
        ValueError: If rows have no image; the message counts them and names the first.
    """
    known = set(store.names())
    if not known.issuperset(files):
        store.spell_as(files)
        known = set(store.names())
    if absent := [name for name in files if name not in known]:
        hint = next(_hints(absent[0], files, store), "")
        msg = (
            f"{len(absent):,} of {len(files):,} rows have no image in {store.path}: "
            f"{some_of(absent)}{hint}"
        )
        raise ValueError(msg)
    if rest := sorted(known - {*files, *dropped}):
        tell(f"{len(rest):,} images in {store.path} have no row and are left out: {some_of(rest)}")


def _hints(absent: str, files: Sequence[str], store: ImageStore) -> Iterator[str]:
    """What to tell of a name that is not there, the likeliest first."""
    if absent in store.files():
        yield f"; its format is not read, convert it to one of {', '.join(sorted(ENDINGS))}"
    there = store.names()
    known = set(there)
    if other := _like(absent, there, _plainly):
        is_same = normalize("NFC", other) == normalize("NFC", absent)
        form = ", of the same letters in another Unicode form (NFC or NFD)" if is_same else ""
        yield f"; there is '{other}'{form}"
    parts = PurePosixPath(absent).parts  # a zip's names are without the folders that hold all of it
    inner = (PurePosixPath(*parts[n:]).as_posix() for n in range(1, len(parts)))
    yield from (f"; there is '{name}'" for name in inner if name in known)
    for deeper in (name for name in there if name.endswith(f"/{absent}")):
        folder = deeper.removesuffix(f"/{absent}")
        if isinstance(store, ImageFolder) and known.issuperset(f"{folder}/{n}" for n in files):
            yield f"; all are in its folder {folder}: point images to {store.path}/{folder}"
        yield f"; there is '{deeper}', name files with their folders"
    stems = {name.rpartition(".")[0]: name for name in there}
    if whole := stems.get(absent):
        yield f"; there is '{whole}', name files with their endings"
    if other := stems.get(absent.rpartition(".")[0]):
        yield f"; there is '{other}', name files with the endings that they have"
    if other := _like(absent, there, _without_zeros):
        yield f"; there is '{other}', read and save names as text, lest zeros are lost in front"


def _like(name: str, there: Sequence[str], plain: Callable[[str], str]) -> str | None:
    return {plain(other): other for other in there}.get(plain(name))


def _plainly(name: str) -> str:
    """A name without what tells spellings of it apart: case, Unicode form, slashes, ``./``."""
    return PurePosixPath(normalize("NFC", name).lower().replace("\\", "/")).as_posix()


def _without_zeros(name: str) -> str:
    """A name without its ending and the zeros in front of its numbers."""
    stem = name.rpartition(".")[0] if name.lower().endswith(tuple(ENDINGS)) else name
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", stem)
