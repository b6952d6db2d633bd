"""Generators that are tested on what they were trained on."""

from pathlib import Path

import pytest
from lightning.pytorch import Trainer

from cfaug.generators import ConditionalVAE, load_generator_for
from datamodules.folder import ImagesWithTable
from datamodules.process.splits import Split
from tests.people import write_people


def names(split: Split) -> set[str]:
    found = split.file_names(split.distinct())
    assert found is not None
    return set(found)


def test_training_images_among_the_test_images_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_people(tmp_path)
    images, table = tmp_path / "images", tmp_path / "table.csv"
    draws = [
        ImagesWithTable(images, "hair", table, size=8, batch_size=32, seed=seed) for seed in (0, 1)
    ]
    for data in draws:
        data.setup()
    generator = ConditionalVAE(draws[0].attribute_space, draws[0].image_shape, channels=8)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = Trainer(max_steps=1, accelerator="cpu", **quiet)  # type: ignore[arg-type]
    trainer.fit(generator, datamodule=draws[0])
    path = tmp_path / "generator.ckpt"
    trainer.save_checkpoint(path)
    capsys.readouterr()
    load_generator_for(path, draws[0])
    assert capsys.readouterr().err == ""
    load_generator_for(path, draws[1])
    test = names(draws[1].splits["test"])
    seen = names(draws[0].splits["train"]) & test
    assert 0 < len(seen) < len(test)
    told = capsys.readouterr().err
    assert f"was trained on {len(seen)} of the {len(test)} test images" in told
    assert str(path) in told
