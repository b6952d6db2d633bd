"""Counterfactuals on disk: Parquet shards, checked when they are read, beside their originals."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image
from torch import Tensor

from datamodules.attributes import AttributeSpace, attribute_space
from datamodules.noise import run_seed, uniform
from datamodules.splits import Rows, Split
from datamodules.writing import whole_file

RECIPE = b"cfaug"
"""Key of the JSON, in the metadata of a shard, that tells how it was made."""

SOURCE, TARGET, READ = "source", "target", "read"
"""Prefixes of columns: value that the original has, that was wanted, that a judge reads."""


@dataclass(frozen=True)
class Shard:
    """Counterfactuals of some images, in the order of these, the copies of each in a row.

    Args:
        images: (N, 3, H, W) uint8.
        index: (N,) int64, the batch's index of the original.
        copy: (N,) int64, from 0: which counterfactual of the original.
        source: (N, K) int64 codes of the original.
        target: (N, K) int64 codes of the counterfactual.
        read: (N, K) int64 codes that a judge reads from it; None without a judge.
        files: Names of the files of the originals; None where they have none.
    """

    images: Tensor
    index: Tensor
    copy: Tensor
    source: Tensor
    target: Tensor
    read: Tensor | None = None
    files: list[str] | None = None


def shard_path(folder: Path, number: int, shards: int) -> Path:
    """File of a shard."""
    return folder / f"counterfactuals-{number:05}-of-{shards:05}.parquet"


def write_shard(
    path: Path, shard: Shard, space: AttributeSpace, recipe: Mapping[str, object]
) -> None:
    """Write a shard, whole or not at all.

    Columns: ``image``, the bytes of a PNG; ``index`` and ``copy``; ``file``, that of the original,
    where it has one; and by name, for each attribute A, ``source_A``, ``target_A`` and ``read_A``.

    Args:
        path: The file.
        shard: What to write.
        space: The attributes.
        recipe: How it was made, for JSON; the attributes are added.

    Raises:
        ValueError: If it cannot be written.
    """
    columns: dict[str, pa.Array] = {
        "image": pa.array([_as_png(image) for image in shard.images]),
        "index": pa.array(shard.index.tolist(), pa.int64()),
        "copy": pa.array(shard.copy.tolist(), pa.int64()),
    }
    if shard.files is not None:
        columns["file"] = pa.array(shard.files)
    for prefix, codes in ((SOURCE, shard.source), (TARGET, shard.target), (READ, shard.read)):
        if codes is None:
            continue
        for column, attribute in enumerate(space.attributes):
            positions = pa.array(codes[:, column].tolist(), pa.int32())
            values = pa.DictionaryArray.from_arrays(positions, list(attribute.values))
            columns[f"{prefix}_{attribute.name}"] = values
    made_for = {
        "attributes": {attribute.name: attribute.values for attribute in space.attributes},
        "label": space.label,
        "image_shape": list(shard.images.shape[1:]),
    }
    table = pa.table(columns).replace_schema_metadata({RECIPE: json.dumps({**recipe, **made_for})})
    with whole_file(path) as part:
        pq.write_table(table, part, write_page_checksum=True)


def _as_png(image: Tensor) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Counterfactuals:
    """What the shards of a folder hold, in order.

    Args:
        folder: Where they lie.
        recipe: How they were made.
        space: The attributes they were made for.
        pngs: The PNG of each.
        index: (N,) int64, the batch's index of the original.
        copy: (N,) int64.
        source: (N, K) int64 codes of the original.
        target: (N, K) int64 codes.
        read: (N, K) int64 codes that a judge read; None without one.
        files: Names of the files of the originals; None where they have none.
    """

    folder: Path
    recipe: Mapping[str, Any]
    space: AttributeSpace
    pngs: pa.ChunkedArray
    index: Tensor
    copy: Tensor
    source: Tensor
    target: Tensor
    read: Tensor | None
    files: list[str] | None

    def __len__(self) -> int:
        """Number of counterfactuals."""
        return len(self.index)

    def pictures(self, rows: Sequence[int]) -> Tensor:
        """(B, 3, H, W) uint8 of some of them."""
        files = (io.BytesIO(self.pngs[row].as_py()) for row in rows)
        pixels = np.stack([np.asarray(Image.open(file)) for file in files])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def find_shards(folder: Path) -> list[Path]:
    """The shards of a folder, all that its first one tells of.

    Raises:
        ValueError: If there is none, or some are missing; the message names them.
    """
    found = sorted(folder.glob("counterfactuals-*-of-*.parquet"))
    if not found:
        msg = f"there are no counterfactuals in {folder}; `make augment` writes some"
        raise ValueError(msg)
    shards = int(found[0].stem.rpartition("-")[2])
    wanted = [shard_path(folder, number, shards) for number in range(shards)]
    missing = [path.name for path in wanted if path not in found]
    if missing or len(found) > shards:
        rest = [path.name for path in found if path not in wanted]
        what = f"lacks {', '.join(missing[:3])}" if missing else f"also has {', '.join(rest[:3])}"
        msg = f"{folder} {what}; run the command that wrote it again, into a folder of its own"
        raise ValueError(msg)
    return wanted


def read_counterfactuals(folder: Path) -> Counterfactuals:
    """Read the shards of a folder.

    Raises:
        ValueError: If one is missing, damaged (checksums are verified) or of another making; the
            message names it.
    """
    paths = find_shards(folder)
    tables = [_read_shard(path) for path in paths]
    recipes = [json.loads(table.schema.metadata[RECIPE]) for table in tables]
    for path, recipe in zip(paths, recipes, strict=True):
        if recipe != recipes[0]:
            changed = [name for name in recipe if recipe[name] != recipes[0].get(name)]
            msg = f"{path} differs from {paths[0].name} in {', '.join(changed)}; write them anew"
            raise ValueError(msg)
    table = pa.concat_tables(tables)
    space = attribute_space(recipes[0]["attributes"], recipes[0]["label"])
    return Counterfactuals(
        folder,
        recipes[0],
        space,
        table["image"],
        torch.tensor(table["index"].to_numpy()),
        torch.tensor(table["copy"].to_numpy()),
        _codes(table, space, SOURCE),
        _codes(table, space, TARGET),
        _codes(table, space, READ) if f"{READ}_{space.label}" in table.column_names else None,
        table["file"].to_pylist() if "file" in table.column_names else None,
    )


def _read_shard(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        json.loads(table.schema.metadata[RECIPE])
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        msg = (
            f"the shard {path} is damaged, cut short or not of cfaug ({error}); remove it and run "
            "the command that wrote it again, which writes what is missing"
        )
        raise ValueError(msg) from error
    return table


def _codes(table: pa.Table, space: AttributeSpace, prefix: str) -> Tensor:
    columns = []
    for attribute in space.attributes:
        values = table[f"{prefix}_{attribute.name}"].cast(pa.string()).combine_chunks()
        coded = values.dictionary_encode()
        order = [attribute.code(value) for value in coded.dictionary.to_pylist()]
        columns.append(torch.tensor(order)[torch.tensor(coded.indices.to_numpy()).long()])
    return torch.stack(columns, dim=1)


class PairedSplit(Split):
    """A split whose images come each with one of their counterfactuals from disk.

    Args:
        split: The split.
        made: Counterfactuals of all its images.
        space: The attributes of the data.
        image_shape: (3, H, W) of the images.

    Raises:
        ValueError: If they were made for other images or attributes; the message tells what.
    """

    def __init__(
        self,
        split: Split,
        made: Counterfactuals,
        space: AttributeSpace,
        image_shape: tuple[int, int, int],
    ) -> None:
        space.require_same(made.space, f"{made.folder}")
        self.split, self.made = split, made
        self.attributes = split.attributes
        self.copies = len(made) // len(split)
        msg = None
        if tuple(made.recipe["image_shape"]) != tuple(image_shape):
            msg = f"images of {made.recipe['image_shape']}, the data have {list(image_shape)}"
        elif len(made) != self.copies * len(split) or not self.copies:
            msg = f"other images: it has {len(made):,}, the data {len(split):,} for training"
        elif not made.source.equal(self.attributes.repeat_interleave(self.copies, dim=0)):
            msg = "other images: their attributes are not those of the training images in order"
        if msg is not None:
            msg = f"the counterfactuals in {made.folder} are of {msg}; write them anew, with `make "
            raise ValueError(f"{msg}augment` and the options of these data")

    def __len__(self) -> int:
        """Number of images."""
        return len(self.split)

    def fetch(self, position: Tensor, draw: Tensor) -> Rows:
        """See `Split.fetch`; which copy comes with an image follows the draw."""
        rows = self.split.fetch(position, draw)
        copy = (uniform(run_seed(), "copy", draw, 1)[:, 0] * self.copies).long()
        chosen = (position * self.copies + copy).tolist()
        return {**rows, "counterfactual": self.made.pictures(chosen)}
