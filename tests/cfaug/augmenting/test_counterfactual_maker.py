from pathlib import Path

import pytest
import torch
from torch import Tensor

from cfaug.augmenting.counterfactual_maker import Maker, agreement, write_shards
from cfaug.classifiers.classifier import Classifier
from cfaug.evaluation.judges import Reader, as_rendered
from cfaug.generators.conditional_vae.conditional_vae import ConditionalVAE
from datamodules.digits import ConfoundedDigits
from datamodules.process.interventions import fixed_values
from datamodules.process.measures import contingency, mutual_information
from datamodules.rendering.renderers import Color, Thickness
from datamodules.storage.shards import read_counterfactuals

RECIPE = {"seed": "0"}


@pytest.fixture(scope="module")
def maker() -> Maker:
    torch.manual_seed(0)
    data = ConfoundedDigits([Thickness(), Color()], source="digits", size=16, strength=0.9)
    data.setup()
    space, shape = data.attribute_space, data.image_shape
    generator = ConditionalVAE(space, shape, latent=4, channels=16).eval()
    return Maker(generator, data, Reader(space, shape, as_rendered).eval(), seed=0, copies=2)


def test_written_counterfactuals_are_the_generators_edits(maker: Maker, tmp_path: Path) -> None:
    write_shards(maker, tmp_path, 1001, RECIPE)
    made = read_counterfactuals(tmp_path)
    assert torch.equal(made.index, torch.arange(1300).repeat_interleave(2))
    assert torch.equal(made.copy, torch.arange(2).repeat(1300))
    assert torch.equal(made.target[:, 0], made.source[:, 0])
    rows = [5, 1401, 2599]
    batch = maker.data.batch("train", made.index[rows])
    assert torch.equal(made.source[rows], batch["attributes"])
    with torch.no_grad():
        tables = batch["attributes"], made.target[rows]
        edited = maker.generator.edit(batch["image"], *tables, columns=[1, 2])
        assert maker.judge is not None
        assert made.read is not None
        read = maker.judge.read(made.pictures(rows).float() / 255)
    assert ((edited * 255).round() - made.pictures(rows)).abs().max() <= 1
    assert torch.equal(read, made.read[rows])
    figures = agreement(made)
    assert figures["augment/read_as_wanted/color"] == pytest.approx(
        100 * float((made.read[:, 2] == made.target[:, 2]).double().mean())
    )


def test_a_classifier_learns_the_same_from_disk_as_from_the_generator(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shards(maker, tmp_path, 1001, RECIPE)
    made, rows = read_counterfactuals(tmp_path), list(range(1, 128, 2))
    batch = maker.data.batch("train", made.index[rows])
    monkeypatch.setattr("cfaug.generators.base.fresh_values", lambda *_: made.target[rows])
    classifier = Classifier(maker.data.attribute_space, maker.data.image_shape)
    classifier._generator = [maker.generator]
    made_anew = classifier.losses(batch)
    classifier._generator = []
    assert classifier.losses(batch).keys() == {"loss"}
    read = made.pictures(rows).float() / 255
    from_disk = classifier.losses({**batch, "counterfactual": read})
    assert from_disk.keys() == made_anew.keys()
    for name, value in made_anew.items():
        assert from_disk[name].item() == pytest.approx(value.item(), rel=0.01), name


def test_a_run_that_was_killed_goes_on_without_a_lost_or_a_double_image(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shards(maker, tmp_path / "whole", 700, RECIPE)
    done: list[int] = []
    edit = ConditionalVAE.edit

    def killed(self: ConditionalVAE, images: Tensor, *tables: Tensor) -> Tensor:
        done.append(len(images))
        if sum(done) > 1000:
            raise KeyboardInterrupt
        return edit(self, images, *tables)

    with monkeypatch.context() as patch:
        patch.setattr(ConditionalVAE, "edit", killed)
        with pytest.raises(KeyboardInterrupt):
            write_shards(maker, tmp_path / "killed", 700, RECIPE)
    first = list((tmp_path / "killed").iterdir())
    assert [path.name for path in first] == ["counterfactuals-00000-of-00004.parquet"]
    stamp = first[0].stat().st_mtime_ns
    write_shards(maker, tmp_path / "killed", 700, RECIPE)
    assert first[0].stat().st_mtime_ns == stamp
    for path in (tmp_path / "whole").iterdir():
        assert (tmp_path / "killed" / path.name).read_bytes() == path.read_bytes()


def test_a_full_disk_leaves_no_half_shard(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(table: object, path: Path, **_: object) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(ValueError, match="of-00001.parquet .No space left.*--folder"):
        write_shards(maker, tmp_path, 5000, RECIPE)
    assert not list(tmp_path.iterdir())


def test_fresh_values_are_uniform_and_independent_of_everything(maker: Maker) -> None:
    space = maker.data.attribute_space
    table = torch.zeros(20_000, 3, dtype=torch.int64)
    table[:, 0] = torch.arange(20_000) % 10
    number = torch.arange(20_000)
    values = fixed_values(table, space, number, seed=0)
    assert torch.equal(values[:, 0], table[:, 0])
    counts = torch.bincount(values[:, 2], minlength=10).double()
    assert float(((counts - 2000) ** 2 / 2000).sum()) < 27.9  # chi-squared, 9 degrees, p = 0.001
    for a, b in ((0, 1), (0, 2), (1, 2)):
        sizes = space.cardinalities[a], space.cardinalities[b]
        assert mutual_information(contingency(values[:, a], values[:, b], sizes)) < 0.005
    assert torch.equal(fixed_values(table[7:9], space, number[7:9], 0), values[7:9])
    assert not torch.equal(fixed_values(table, space, number, 1), values)
