import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.attributes import attribute_space
from datamodules.counterfactuals import Fingerprint, PairedSplit
from datamodules.digits import ConfoundedDigits
from datamodules.process.sampling import DrawSampler
from datamodules.process.splits import Split
from datamodules.rendering.renderers import Color
from datamodules.storage.shards import (
    Shard,
    find_shards,
    read_counterfactuals,
    shard_path,
    write_shard,
)

SPACE = attribute_space({"digit": ["b", "a", "c"], "hue, 'x'": ["1", "0"]}, "digit")
PRINT: Fingerprint = {"sha256": "of the images", "image_shape": [3, 5, 5], "grey": [7.5, 80.0]}
RECIPE = {"seed": "3", "generator_sha256": "abc", "fingerprint": PRINT}


def a_shard(count: int, first: int = 0) -> Shard:
    """Two copies of each image; all is told by a formula."""
    row = torch.arange(2 * count)
    index = first + row // 2
    source = torch.stack([index % 3, index % 2], dim=1)
    target = torch.stack([index % 3, (row + 1) % 2], dim=1)
    images = (row[:, None, None, None] * 7 + torch.arange(75).reshape(3, 5, 5) * 5 + first) % 256
    return Shard(images.byte(), index, row % 2, source, target, target.flip(0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_shard(shard_path(tmp_path, 0, 2), a_shard(6), SPACE, RECIPE)
    write_shard(shard_path(tmp_path, 1, 2), a_shard(4, 6), SPACE, RECIPE)
    return tmp_path


def split_of(attributes: Tensor) -> Split:
    return Split(torch.zeros(len(attributes), 1, 5, 5, dtype=torch.uint8), attributes)


def test_what_is_read_is_what_was_written(folder: Path) -> None:
    made = read_counterfactuals(folder)
    shards = a_shard(6), a_shard(4, 6)
    assert len(made) == 20
    assert made.space == SPACE
    assert made.recipe["seed"] == "3"
    for name in ("index", "copy", "source", "target", "read"):
        expected = torch.cat([getattr(shard, name) for shard in shards])
        assert torch.equal(getattr(made, name), expected), name
    images = torch.cat([shard.images for shard in shards])
    assert torch.equal(made.pictures([19, 0, 12]), images[[19, 0, 12]])


def test_any_reader_of_parquet_reads_a_shard(folder: Path) -> None:
    rows = pq.read_table(shard_path(folder, 1, 2)).to_pylist()
    assert rows[3]["image"].startswith(b"\x89PNG")
    assert rows[3] == {
        "image": rows[3]["image"],
        "index": 7,
        "copy": 1,
        "source_digit": "a",
        "source_hue, 'x'": "0",
        "target_digit": "a",
        "target_hue, 'x'": "1",
        "read_digit": "c",
        "read_hue, 'x'": "0",
    }


def test_without_a_judge_there_are_no_readings(tmp_path: Path) -> None:
    write_shard(shard_path(tmp_path, 0, 1), replace(a_shard(2), read=None), SPACE, RECIPE)
    assert read_counterfactuals(tmp_path).read is None


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.6, 0.99])
def test_a_shard_cut_short_is_named(folder: Path, share: float) -> None:
    path = shard_path(folder, 1, 2)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match="00001-of-00002.parquet is damaged, cut short or not"):
        read_counterfactuals(folder)


def test_a_flipped_bit_is_found_or_changes_nothing(folder: Path) -> None:
    path = shard_path(folder, 1, 2)
    content, before = path.read_bytes(), read_counterfactuals(folder)
    found = 0
    for place in range(0, len(content), 7):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        try:
            after = read_counterfactuals(folder)
        except ValueError as error:
            found += path.name in str(error)
            continue
        assert after.pngs.equals(before.pngs)
        assert after.recipe == before.recipe
        for name in ("index", "copy", "source", "target", "read"):
            assert torch.equal(getattr(after, name), getattr(before, name))
    assert found > 100


def test_missing_shards_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no counterfactuals in .*none; `make augment`"):
        find_shards(tmp_path / "none")
    write_shard(shard_path(folder, 4, 5), a_shard(1), SPACE, RECIPE)
    with pytest.raises(
        ValueError, match="also holds counterfactuals-00004-of-00005.parquet, of another run"
    ):
        read_counterfactuals(folder)
    shard_path(folder, 4, 5).rename(folder / "counterfactuals-4-of-x.parquet")
    with pytest.raises(ValueError, match="counterfactuals-4-of-x.parquet, of another run or not a"):
        read_counterfactuals(folder)
    (folder / "counterfactuals-4-of-x.parquet").unlink()
    shard_path(folder, 0, 2).unlink()
    with pytest.raises(ValueError, match="lacks counterfactuals-00000-of-00002.parquet"):
        read_counterfactuals(folder)


def test_shards_of_two_makings_are_not_mixed(folder: Path) -> None:
    write_shard(shard_path(folder, 1, 2), a_shard(4, 6), SPACE, {**RECIPE, "seed": "4"})
    with pytest.raises(ValueError, match="differs from counterfactuals-00000.* in seed"):
        read_counterfactuals(folder)


@pytest.mark.parametrize(("copied", "onto", "image"), [(0, 1, 0), (1, 0, 6)])
def test_a_shard_that_was_copied_over_another_is_told(
    copied: int, onto: int, image: int, folder: Path
) -> None:
    shutil.copy(shard_path(folder, copied, 2), shard_path(folder, onto, 2))
    message = f"00001-of.*holds counterfactual 0 of image {image}, as .*00000-of.* remove both"
    with pytest.raises(ValueError, match=message):
        read_counterfactuals(folder)


def test_shards_that_changed_names_are_refused(folder: Path) -> None:
    made = read_counterfactuals(folder)
    split = split_of(made.source[::2])
    PairedSplit(split, made, SPACE, PRINT)
    places = [shard_path(folder, number, 2) for number in (0, 1)]
    places[0].rename(folder / "aside")
    places[1].rename(places[0])
    (folder / "aside").rename(places[1])
    with pytest.raises(ValueError, match="in another order than the images"):
        PairedSplit(split, read_counterfactuals(folder), SPACE, PRINT)


def test_an_image_comes_with_its_own_counterfactuals_each_as_often(folder: Path) -> None:
    made = read_counterfactuals(folder)
    split = PairedSplit(split_of(made.source[::2]), made, SPACE, PRINT)
    assert len(split) == 10
    keys = [(row, draw) for draw in range(400) for row in (8, 3)]
    rows = split.__getitems__(keys)
    for place, row in enumerate((8, 3)):
        copies = made.pictures([2 * row, 2 * row + 1])
        found = (rows["counterfactual"][place::2, None] == copies).flatten(2).all(2)
        assert (found.sum(1) == 1).all()
        assert 150 < int(found[:, 0].sum()) < 250


def test_counterfactuals_of_other_data_are_refused(folder: Path) -> None:
    made = read_counterfactuals(folder)
    split = split_of(made.source[::2])
    PairedSplit(split, made, SPACE, {**PRINT, "grey": [7.4, 80.1]})  # rounding of another machine
    for change, message in (
        ({"sha256": "of others"}, "are of other images, or of the same in another order or split"),
        ({"image_shape": [3, 6, 6]}, r"are of size \[3, 5, 5\], the data have \[3, 6, 6\]"),
        ({"grey": [7.5, 90.0]}, "are of images of another brightness"),
    ):
        with pytest.raises(ValueError, match=message):
            PairedSplit(split, made, SPACE, {**PRINT, **change})  # type: ignore[typeddict-item]
    other = attribute_space({"digit": ["a", "b", "c"], "hue, 'x'": ["1", "0"]}, "digit")
    with pytest.raises(
        ValueError, match=r"are of digit \(b, a, c\).*the data have digit \(a, b, c"
    ):
        PairedSplit(split, made, other, PRINT)


def test_edits_of_the_label_are_not_learnt_under_the_old_one(tmp_path: Path) -> None:
    shard = a_shard(6)
    write_shard(shard_path(tmp_path, 0, 1), replace(shard, target=shard.target * 0), SPACE, RECIPE)
    made = read_counterfactuals(tmp_path)
    with pytest.raises(ValueError, match="are edits of the label digit"):
        PairedSplit(split_of(made.source[::2]), made, SPACE, PRINT)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_bring_counterfactuals_augmented_as_their_images(
    workers: int, tmp_path: Path
) -> None:
    data = ConfoundedDigits([Color()], source="digits", size=16, counterfactuals=tmp_path)
    data.num_workers = workers
    data.setup()
    batch = data.first("train", 1300)
    assert "counterfactual" not in batch
    table, index = batch["attributes"], batch["index"]
    # Their own images stand for counterfactuals: then both must come out the same.
    pixels = (batch["image"] * 255).round().byte()
    shard = Shard(pixels, index, torch.zeros_like(index), table, table, None)
    recipe = {"fingerprint": data.fingerprint()}
    write_shard(shard_path(tmp_path, 0, 1), shard, data.attribute_space, recipe)
    rows = next(iter(data.train_dataloader()))
    batch = data.finish(rows, augment=True)
    assert torch.allclose(batch["counterfactual"], batch["image"], atol=1 / 255)
    plain = data.finish(rows)["image"]
    assert (batch["image"] - plain).abs().max() > 0.1


def test_workers_and_devices_see_the_same_counterfactuals(tmp_path: Path) -> None:
    data = ConfoundedDigits([Color()], source="digits", size=16, counterfactuals=tmp_path)
    data.setup()
    batch = data.first("train", 1300)
    index, table = (batch[k].repeat_interleave(3, dim=0) for k in ("index", "attributes"))  # type: ignore[literal-required]
    copy = torch.arange(3).repeat(1300)
    images = copy.byte()[:, None, None, None].expand(-1, 3, 16, 16)
    shard = Shard(images, index, copy, table, table)
    recipe = {"fingerprint": data.fingerprint()}
    write_shard(shard_path(tmp_path, 0, 1), shard, data.attribute_space, recipe)
    seen = []
    for workers, replicas in ((0, 1), (2, 1), (0, 2)):
        data.num_workers = workers
        loader = data.train_dataloader()
        copies = {}
        for rank in range(replicas):
            sampler = DrawSampler(range(1300), 1300, 0, rank=rank, replicas=replicas)
            part = DataLoader(
                loader.dataset,
                64,
                sampler=sampler,
                num_workers=workers,
                collate_fn=loader.collate_fn,
            )
            for rows in part:
                told = zip(rows["draw"], rows["index"], rows["counterfactual"], strict=True)
                copies |= {int(d): (int(i), int(x[0, 0, 0])) for d, i, x in told}
        seen.append(copies)
    assert len(seen[0]) == 1300
    assert {copy for _, copy in seen[0].values()} == {0, 1, 2}
    assert seen[0] == seen[1] == seen[2]
