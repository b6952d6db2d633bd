"""The images of a split that lie in files, decoded as they are fetched."""

import numpy as np
import torch
from torch import Tensor

from datamodules.process.splits import Split, sha256_of
from datamodules.storage.image_decoding import Square, decode
from datamodules.storage.image_store import ImageStore
from datamodules.storage.tables.attribute_tables import ImageTable

MORE_PIXELS = "scale it down, or raise --data.init_args.max_pixels if you trust it"
"""What to do with an image of too many pixels, for messages."""


class TableSplit(Split):
    """Some rows of a table, which number its images.

    Args:
        attributes: (M, K) int64 codes of the whole table.
        rows: (N,) int64, the rows that the split has.
    """

    def __init__(self, attributes: Tensor, rows: Tensor) -> None:
        self.attributes = attributes[rows]
        self.rows = rows

    def __len__(self) -> int:
        """Number of images."""
        return len(self.rows)

    def index(self, position: Tensor) -> Tensor:
        """See `Split.index`; the row in the table."""
        return self.rows[position]

    def distinct(self) -> Tensor:
        """See `Split.distinct`."""
        return torch.from_numpy(np.unique(self.rows.numpy(), return_index=True)[1])

    def fingerprint(self) -> str:
        """See `Split.fingerprint`; of the rows and what the table says of them."""
        return sha256_of(self.attributes, self.rows)


class FileSplit(TableSplit):
    """Images of a split in files, decoded as they are fetched.

    Args:
        store: Where the files lie.
        table: Names and attributes of all files.
        rows: (N,) int64, the rows of the table that the split has.
        size: Side that images are scaled to.
        max_pixels: Most pixels that are decoded.
        square: How images become squares.
    """

    def __init__(
        self,
        store: ImageStore,
        table: ImageTable,
        rows: Tensor,
        size: int,
        max_pixels: int,
        square: Square = "crop",
    ) -> None:
        super().__init__(table.attributes, rows)
        self.persons = None if table.clusters is None else table.clusters[rows]
        self.store = store
        self.files = [table.files[row] for row in rows.tolist()]
        self.size = size
        self.max_pixels, self.square = max_pixels, square

    def fingerprint(self) -> str:
        """See `Split.fingerprint`; of the names of the files too, and `ImageStore.mark` of each.

        Raises:
            ValueError: If a name is not UTF-8.
            ImageError: If a file is gone.
        """
        marks = torch.tensor([self.store.mark(name) for name in self.files])
        try:
            names = "\n".join(self.files).encode()
        except UnicodeEncodeError as error:
            first = next(n for n in self.files if n != n.encode(errors="ignore").decode())
            msg = f"the name of the image {first!a} in {self.store.path} is not UTF-8; rename it"
            raise ValueError(msg) from error
        letters = torch.frombuffer(bytearray(names), dtype=torch.uint8)
        return sha256_of(self.attributes, self.rows, letters, marks)

    def clusters(self) -> Tensor:
        """See `Split.clusters`; the persons, where the table names them."""
        return super().clusters() if self.persons is None else self.persons

    def file_names(self, position: Tensor) -> list[str]:
        """See `Split.file_names`."""
        return [self.files[row] for row in position.tolist()]

    def pictures(self, position: Tensor) -> Tensor:
        """See `Split.pictures`; (B, 3, size, size)."""
        images = []
        for name in self.file_names(position):
            where = f"{self.store.path}/{name}"
            content = self.store.read(name)
            how = self.size, self.max_pixels, MORE_PIXELS, self.square
            images.append(decode(content, where, *how))
        return torch.stack(images)
