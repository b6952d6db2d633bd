"""What generator and classifier cost at several sizes of images: ``make speed``.

Each is measured in a process of its own, for the largest memory that it takes.
"""

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from cfaug.classifiers import Classifier
from cfaug.generators.conditional_vae import ConditionalVAE
from cfaug.tracking.run_records import this_machine
from cfaug.training.precision import fastest_precision
from datamodules.attributes import Batch, attribute_space
from datamodules.storage.atomic_files import write_json

SIDES = (28, 64, 96, 128, 224)
BATCH = 64
UPDATES = 5
SPACE = attribute_space({"label": ["no", "yes"], "other": ["no", "yes"]}, "label")
KINDS: dict[str, Callable[..., Any]] = {"generator": ConditionalVAE, "classifier": Classifier}


def cost(kind: str, side: int) -> dict[str, float]:
    """Parameters, updates per second and the largest memory in MiB of one of `KINDS`."""
    torch.manual_seed(0)
    module = KINDS[kind](SPACE, (3, side, side))
    optimizer = torch.optim.Adam(module.parameters())
    batch: Batch = {
        "image": torch.rand(BATCH, 3, side, side),
        "attributes": torch.randint(2, (BATCH, 2)),
        "index": torch.arange(BATCH),
        "source": torch.zeros(BATCH, 1),
    }

    def update() -> None:
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=fastest_precision() == "bf16-mixed"):
            loss: Tensor = module.losses(batch)["loss"]
        loss.backward()
        optimizer.step()

    update()
    start = time.perf_counter()
    for _ in range(UPDATES):
        update()
    seconds = time.perf_counter() - start
    return {
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "updates_per_second": UPDATES / seconds,
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print the table, and leave the figures in ``runs/speed/networks.json``."""
    places = [(kind, side) for side in SIDES for kind in KINDS]
    with ProcessPoolExecutor(max_workers=1, max_tasks_per_child=1) as pool:
        found = [
            pool.submit(cost, kind, side).result()
            for kind, side in track(places, "training", transient=True)
        ]
    title = f"{BATCH} images an update, {torch.get_num_threads()} threads"
    table = Table("pixels", "network", "M parameters", "updates/s", "MiB", title=title)
    kept: dict[str, dict[str, dict[str, float]]] = {kind: {} for kind in KINDS}
    for (kind, side), figures in zip(places, found, strict=True):
        parameters, speed, memory = figures.values()
        table.add_row(str(side), kind, f"{parameters / 1e6:.1f}", f"{speed:.2f}", f"{memory:,.0f}")
        kept[kind][str(side)] = figures
    Console().print(table)
    write_json(Path("runs/speed/networks.json"), {"machine": this_machine(), **kept})


if __name__ == "__main__":
    main()
