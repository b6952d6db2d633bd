"""How fast images in files are loaded, beside decoding and scaling alone: ``make speed``.

Draws files in the shape of CelebA, 178 x 218 JPEGs and tables of 200,000 rows, in a folder of its
own that is removed afterwards.
"""

import os
import resource
import tempfile
import time
from pathlib import Path

import torch
from rich.console import Console
from torch.utils.data import DataLoader, Dataset
from torchvision.io import decode_jpeg, read_file
from torchvision.transforms.v2.functional import resize

from cfaug.tracking.run_records import this_machine
from datamodules.celeba import ATTRIBUTES, IMAGES, PARTITION, CelebA
from datamodules.rendering.drawn_face import NAMES, draw_face, jpeg
from datamodules.storage.atomic_files import write_json

ROWS, FILES, MEASURED, SIZE, WORKERS = 200_000, 2_000, 20_000, 64, 2


class DecodeAlone(Dataset[torch.Tensor]):
    """Files decoded and scaled, nothing else.

    Args:
        paths: The files.
    """

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, row: int) -> torch.Tensor:
        return resize(decode_jpeg(read_file(self.paths[row])), [SIZE, SIZE], antialias=True)


def write_set(root: Path) -> None:
    """Files in CelebA's layout: `FILES` different ones, linked until there are `ROWS`."""
    (root / IMAGES).mkdir()
    drawn = [jpeg(draw_face([(n >> k) % 2 for k in range(7)], 0, n)) for n in range(FILES)]
    rows, parts = [str(ROWS), " ".join(NAMES)], []
    for number in range(ROWS):
        name = f"{number + 1:06}.jpg"
        first = root / IMAGES / f"{number % FILES + 1:06}.jpg"
        if number < FILES:
            first.write_bytes(drawn[number])
        else:
            os.link(first, root / IMAGES / name)
        codes = (2 * ((number % FILES) >> k & 1) - 1 for k in range(7))
        rows.append(" ".join([name, *(f"{code:2}" for code in codes)]))
        parts.append(f"{name} {int(number > 0.8 * ROWS) + int(number > 0.9 * ROWS)}")
    (root / f"{ATTRIBUTES}.txt").write_text("\n".join(rows))
    (root / f"{PARTITION}.txt").write_text("\n".join(parts))


def images_per_second(loader: DataLoader) -> float:  # type: ignore[type-arg]
    """Of the batches after the first, which waits for the workers to start."""
    batches = iter(loader)
    next(batches)
    start, seen = time.perf_counter(), 0
    for batch in batches:
        seen += len(batch["source"] if isinstance(batch, dict) else batch)
        if seen >= MEASURED:
            break
    return seen / (time.perf_counter() - start)


def main() -> None:
    """Print the figures, and leave them in ``runs/speed/loading.json``."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with console.status("drawing files"):
            write_set(root)
        start = time.perf_counter()
        data = CelebA(root, attributes=("Smiling",), size=SIZE, num_workers=WORKERS)
        data.setup()
        next(iter(data.train_dataloader()))
        first = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
        paths = [str(root / IMAGES / name) for name in data.splits["train"].files]  # type: ignore[attr-defined]
        alone = DataLoader(DecodeAlone(paths), batch_size=128, num_workers=WORKERS)
        # In turn, so that what else the machine does hits both alike.
        pairs = [
            (images_per_second(data.train_dataloader()), images_per_second(alone)) for _ in range(3)
        ]
    ours, theirs = (sorted(values)[1] for values in zip(*pairs, strict=True))
    console.print(f"first batch of {ROWS:,} rows after {first:.1f} s, {memory:.2f} GB")
    console.print(
        f"{ours:,.0f} images/s with {WORKERS} workers; decoding and scaling alone {theirs:,.0f}: "
        f"{100 * ours / theirs:.0f} %"
    )
    found = {
        "machine": this_machine(),
        "first_batch_seconds": first,
        "first_batch_gigabytes": memory,
        "images_per_second": ours,
        "decoding_and_scaling_alone": theirs,
    }
    write_json(Path("runs/speed/loading.json"), found)


if __name__ == "__main__":
    main()
