from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from cfaug.cli.main import main
from datamodules.celeba import find, read_celeba
from datamodules.drawn_faces import Faces, write_faces
from datamodules.process.splits import Rows
from datamodules.rendering.drawn_face import NAMES, draw_face, faces_space

ATTRIBUTES, PARTITION, IMAGES = "list_attr_celeba", "list_eval_partition", "img_align_celeba"


def test_faces_follow_their_seed_and_strength(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in "abc"]
    for root, seed in zip(roots, (0, 0, 1), strict=True):
        list(write_faces(root, 20, 0.9, seed))
    contents = [(root / IMAGES / "000007.jpg").read_bytes() for root in roots]
    assert contents[0] == contents[1] != contents[2]
    with pytest.raises(ValueError, match="exists; choose another folder"):
        list(write_faces(roots[0], 20, 0.9, 0))


@pytest.mark.parametrize("seed", ["-1", str(2**64)])
def test_a_seed_that_is_none_is_named(
    seed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["faces", str(tmp_path / "faces"), "--count", "10", "--seed", seed]) == 1
    assert (
        f"cfaug: error: seed is {seed}, expected a whole number from 0" in capsys.readouterr().err
    )
    assert not (tmp_path / "faces").exists()


@pytest.mark.parametrize(
    "content", ["[1]", "1", "null", "{}", "{", '{"seed": [1]}', '{"seed": 1e400}', '{"seed": -1}']
)
def test_a_recipe_of_faces_that_is_none_is_named(content: str, tmp_path: Path) -> None:
    (tmp_path / "faces.json").write_text(content)
    with pytest.raises(ValueError, match="faces.json cannot be read .*; draw some: cfaug faces"):
        Faces(tmp_path)


def test_half_a_set_of_faces_does_not_stay(tmp_path: Path) -> None:
    drawing = write_faces(tmp_path / "faces", 20, 0.9, 0)
    next(drawing)
    assert list(tmp_path.iterdir())
    drawing.close()  # as Ctrl-C would
    assert not list(tmp_path.iterdir())


def test_true_counterfactuals_change_one_attribute_alone(faces: Path) -> None:
    data = Faces(faces, label="Blond_Hair", attributes=("Eyeglasses", "Beard"), size=32)
    data.setup()
    for split in ("test", "train"):
        batch = next(iter(data.batches(split, torch.device("cpu"))))
        assert torch.equal(data.counterfactual(batch, batch["attributes"]), batch["image"])
        targets = batch["attributes"].clone()
        targets[:, 1] = 1 - targets[:, 1]
        change = (data.counterfactual(batch, targets) - batch["image"]).abs()
        assert (change.amax((1, 2, 3)) > 0.1).all()
        assert float(change[:, :, 24:].max()) < 0.02  # glasses end above the mouth


def test_the_unconfounded_faces_are_those_of_the_test_set_drawn_anew(tmp_path: Path) -> None:
    list(write_faces(tmp_path / "faces", 300, 0.95, 0))
    data = Faces(tmp_path / "faces", attributes=("Smiling", "Beard"), size=16)
    data.setup()
    test, confounded = data.splits["test"], data.splits["test_confounded"]
    assert len(test) == len(confounded) == 30
    for split, aligned in ((test, 0.5), (confounded, 0.975), (data.splits["train"], 0.975)):
        table = split.attributes
        share = float((table[:, :1] == table[:, 1:]).double().mean())
        assert share == pytest.approx(aligned, abs=0.15)
    free, told = (
        next(iter(data.batches(n, torch.device("cpu")))) for n in ("test", "test_confounded")
    )
    assert torch.equal(free["index"] - 300, told["index"])
    whole = Faces(tmp_path / "faces", attributes=NAMES[1:], size=16)
    whole.setup()
    told, free = (
        next(iter(whole.batches(name, torch.device("cpu")))) for name in ("test_confounded", "test")
    )
    # The same faces otherwise: with the attributes of the other set, the images of the other set.
    assert torch.equal(whole.counterfactual(told, free["attributes"]), free["image"])
    table = data.unconfounded().splits["train"].attributes
    assert float((table[:, :1] == table[:, 1:]).double().mean()) == pytest.approx(0.5, abs=0.1)
    assert torch.equal(data.unconfounded().splits["test"].attributes, test.attributes)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_face_is_drawn_once_whoever_fetches_it(
    workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    list(write_faces(tmp_path / "faces", 60, 0.9, 0))
    data = Faces(tmp_path / "faces", size=16, oracle=True, num_workers=workers, batch_size=8)
    data.setup()
    positions = torch.arange(48)
    first = {int(i): x for rows in data.train_dataloader() for i, x in rows_of(rows)}
    monkeypatch.setattr("datamodules.rendering.drawn_face.draw_face", None)
    again = data.batch("train", positions)
    assert len(first) == 48
    for index, image in zip(again["index"].tolist(), again["source"], strict=True):
        assert torch.equal(image, first[index])


def rows_of(rows: Rows) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(rows["index"], rows["source"], strict=True)


def test_every_attribute_shows() -> None:
    plain = draw_face([0] * 7, 0, 0)
    drawn = [draw_face([int(k == one) for k in range(7)], 0, 0) for one in range(7)]
    images = [image.tobytes() for image in (plain, *drawn)]
    assert len(set(images)) == 8
    assert faces_space().names == NAMES


def test_what_is_not_confounded_is_independent_of_the_hair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "faces"
    words = ["faces", str(root), "--count", "400", "--strength", "1", "--confounded"]
    assert main([*words, "[Smiling, Pale_Skin]"]) == 0
    table = read_celeba(find(root, ATTRIBUTES), find(root, PARTITION), NAMES).attributes
    shares = dict(zip(NAMES, (table == table[:, :1]).double().mean(0).tolist(), strict=True))
    assert shares.pop("Blond_Hair") == shares.pop("Smiling") == shares.pop("Pale_Skin") == 1
    assert all(share == pytest.approx(0.5, abs=0.1) for share in shares.values())
    assert main([*words[:1], str(tmp_path / "b"), "--confounded", "[Hat]"]) == 1
    assert "--confounded names 'Hat', expected some of Long_Hair" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
