"""Counterfactuals on disk: Parquet shards, checked when they are read."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image
from torch import Tensor

from datamodules.attributes import AttributeSpace, attribute_space
from datamodules.notices import some_of
from datamodules.storage.atomic_files import whole_file
from datamodules.storage.image_decoding import encode_png

RECIPE = b"cfaug"
"""Key of the JSON, in the metadata of a shard, that tells how it was made."""

CHECKSUM = b"cfaug_crc32"
"""Key of that JSON's CRC-32."""

SOURCE, TARGET, READ = "source", "target", "read"
"""Prefixes of columns, for the value that the original has, that was wanted, that a judge reads."""


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


SHARD_NAME = r"counterfactuals-\d{5,}-of-\d{5,}\.parquet"
"""Names of the files that `shard_path` gives."""


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
        recipe: How it was made, for JSON, the ``fingerprint`` of the data among it; the attributes
            are added.

    Raises:
        ValueError: If it cannot be written.
    """
    columns: dict[str, pa.Array] = {
        "image": pa.array([encode_png(image) for image in shard.images]),
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
        "columns": list(columns),
        "attributes": {attribute.name: attribute.values for attribute in space.attributes},
        "label": space.label,
    }
    told = json.dumps({**recipe, **made_for}).encode()
    # Checksums of pages do not cover it.
    metadata = {RECIPE: told, CHECKSUM: str(crc32(told))}
    table = pa.table(columns).replace_schema_metadata(metadata)
    with whole_file(path) as part:
        pq.write_table(table, part, write_page_checksum=True)


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
    found = sorted(folder.glob("counterfactuals-*.parquet"))
    named = [path for path in found if re.fullmatch(SHARD_NAME, path.name)]
    if not named:
        msg = f"there are no counterfactuals in {folder}; `make augment` writes some"
        raise ValueError(msg)
    shards = int(named[0].stem.rpartition("-")[2])
    wanted = [shard_path(folder, number, shards) for number in range(shards)]
    if rest := [path.name for path in found if path not in wanted]:
        msg = (
            f"{folder} also holds {some_of(rest)}, of another run or not a shard; remove "
            "what is not wanted"
        )
        raise ValueError(msg)
    if missing := [path.name for path in wanted if path not in found]:
        msg = (
            f"{folder} lacks {some_of(missing)}; run the command that wrote it again, which "
            "writes what is missing"
        )
        raise ValueError(msg)
    return wanted


def read_counterfactuals(folder: Path) -> Counterfactuals:
    """Read the shards of a folder.

    Raises:
        ValueError: If one is missing, damaged (checksums are verified) or of another making; the
            message names it.
    """
    paths = find_shards(folder)
    parts = [_read_shard(path) for path in paths]
    first = parts[0]
    for path, part in zip(paths, parts, strict=True):
        changed = [name for name in part.recipe if part.recipe[name] != first.recipe.get(name)]
        if changed or part.recipe.keys() != first.recipe.keys():
            msg = f"{path} differs from {paths[0].name} in {', '.join(changed)}; write them anew"
            raise ValueError(msg)
    _refuse_repeated(paths, parts)
    read = [part.read for part in parts if part.read is not None]
    files = [part.files for part in parts if part.files is not None]
    return Counterfactuals(
        folder,
        first.recipe,
        first.space,
        pa.chunked_array([chunk for part in parts for chunk in part.pngs.chunks]),
        torch.cat([part.index for part in parts]),
        torch.cat([part.copy for part in parts]),
        torch.cat([part.source for part in parts]),
        torch.cat([part.target for part in parts]),
        torch.cat(read) if read else None,
        [name for names in files for name in names] or None,
    )


def _refuse_repeated(paths: Sequence[Path], parts: Sequence[Counterfactuals]) -> None:
    """Refuse a shard that holds what another does, as one would that was copied over it."""
    seen: dict[tuple[int, int], Path] = {}
    for path, part in zip(paths, parts, strict=True):
        for made in zip(part.index.tolist(), part.copy.tolist(), strict=True):
            if made in seen:
                msg = (
                    f"{path} holds counterfactual {made[1]} of image {made[0]}, as "
                    f"{seen[made].name} does: one was copied over; remove both and run the command "
                    "that wrote them again"
                )
                raise ValueError(msg)
            seen[made] = path


def _read_shard(path: Path) -> Counterfactuals:
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        recipe = _recipe(table)
        space = attribute_space(recipe["attributes"], recipe["label"])
        return Counterfactuals(
            path.parent,
            recipe,
            space,
            table["image"],
            torch.tensor(table["index"].to_numpy()),
            torch.tensor(table["copy"].to_numpy()),
            _codes(table, space, SOURCE),
            _codes(table, space, TARGET),
            _codes(table, space, READ) if f"{READ}_{space.label}" in table.column_names else None,
            table["file"].to_pylist() if "file" in table.column_names else None,
        )
    except Exception as error:  # whatever the damage provokes
        msg = (
            f"the shard {path} is damaged, cut short or not of cfaug ({error}); remove it and run "
            "the command that wrote it again, which writes what is missing"
        )
        raise ValueError(msg) from error


def _recipe(table: pa.Table) -> dict[str, Any]:
    told = table.schema.metadata[RECIPE]
    intact = crc32(told) == int(table.schema.metadata[CHECKSUM])
    recipe: dict[str, Any] = json.loads(told) if intact else {}
    if recipe.get("columns") != table.column_names:
        msg = "its metadata are not what was written"
        raise ValueError(msg)
    return recipe


def _codes(table: pa.Table, space: AttributeSpace, prefix: str) -> Tensor:
    columns = []
    for attribute in space.attributes:
        values = table[f"{prefix}_{attribute.name}"].cast(pa.string()).combine_chunks()
        coded = values.dictionary_encode()
        order = [attribute.code(value) for value in coded.dictionary.to_pylist()]
        columns.append(torch.tensor(order)[torch.tensor(coded.indices.to_numpy()).long()])
    return torch.stack(columns, dim=1)
