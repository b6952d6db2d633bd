"""Other authors' generators learn to recolour images where nothing is confounded."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from lightning.pytorch import Trainer, seed_everything
from torch import Tensor
from torch.utils.data import DataLoader

from cfaug.generators import ConditionalCycleGAN, DeepSCM, Generator, StarGAN, load_generator
from datamodules.attributes import Batch, attribute_space

SPACE = attribute_space({"side": list("lr"), "color": ["red", "green"]}, "side")


def halves(number: int, seed: int) -> list[Batch]:
    """Images whose left or right half is red or green, more or less bright."""
    draw = torch.Generator().manual_seed(seed)
    found: list[Batch] = []
    for index in range(number):
        side, color = torch.randint(2, (2,), generator=draw).tolist()
        image = torch.zeros(3, 8, 8)
        image[color, :, 4 * side : 4 * side + 4] = 0.5 + 0.5 * torch.rand(1, generator=draw)
        codes = torch.tensor([side, color])
        found.append({"image": image, "attributes": codes, "index": torch.tensor(index)})
    return found


MADE: dict[str, Callable[[], Generator]] = {
    "deep-scm": lambda: DeepSCM(SPACE, (3, 8, 8), latent=4, channels=16, lr=3e-3),
    "star-gan": lambda: StarGAN(SPACE, (3, 8, 8), critic_updates=1, channels=8, blocks=1, lr=2e-3),
    "conditional-cycle-gan": lambda: ConditionalCycleGAN(
        SPACE, (3, 8, 8), pretraining=64, channels=8, blocks=1, lr=2e-3
    ),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_it_learns_what_the_data_show(name: str, tmp_path: Path) -> None:
    seed_everything(0, verbose=False)
    generator = MADE[name]()
    trainer = Trainer(
        max_epochs=8,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    train, val = (DataLoader(halves(n, seed), batch_size=16) for n, seed in ((512, 0), (32, 2)))  # type: ignore[arg-type,var-annotated]
    trainer.fit(generator, train, val)
    trainer.save_checkpoint(tmp_path / "generator.ckpt")
    read = load_generator(tmp_path / "generator.ckpt")
    images, rows = (torch.stack(part) for part in zip(*map(_pair, halves(64, 1)), strict=True))
    targets = rows.clone()
    targets[:, 1] = 1 - targets[:, 1]
    expected = images[:, [1, 0, 2]]
    missed = (read.edit(images, rows, targets, [1]) - expected).abs().mean()
    unchanged = (images - expected).abs().mean()
    assert missed < 0.4 * unchanged


def _pair(sample: Batch) -> tuple[Tensor, Tensor]:
    return sample["image"], sample["attributes"]
