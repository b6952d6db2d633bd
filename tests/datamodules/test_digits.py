from pathlib import Path

import pytest
import torch

from cfaug.cli.options import data_parser
from datamodules.digits import ConfoundedDigits
from datamodules.process.measures import contingency, mutual_information
from datamodules.process.splits import Rows
from datamodules.rendering.renderers import Color, Thickness
from datamodules.storage.grey_digits import load_mnist, resize


def digits(**options: object) -> ConfoundedDigits:
    data = ConfoundedDigits([Thickness(1, 1), Color()], source="digits", size=16, **options)  # type: ignore[arg-type]
    data.setup()
    return data


def test_only_the_unconfounded_test_set_is_unconfounded() -> None:
    data = digits(strength=0.95)
    sizes = {name: len(split) for name, split in data.splits.items()}
    assert sizes == {"train": 1300, "val": 97, "test": 400, "test_confounded": 400}
    for name, aligned in {"train": 0.955, "test_confounded": 0.955, "test": 0.1}.items():
        table = data.splits[name].attributes
        share = float((table[:, 2] == table[:, 0]).double().mean())
        assert share == pytest.approx(aligned, abs=0.05), name
    assert torch.equal(data.splits["test"].source, data.splits["test_confounded"].source)


def test_oracle_changes_training_data_alone() -> None:
    data, oracle = digits(strength=0.95), digits(strength=0.95).unconfounded()
    for name in ("test", "test_confounded"):
        assert torch.equal(data.splits[name].attributes, oracle.splits[name].attributes)
    table = oracle.splits["train"].attributes
    assert mutual_information(contingency(table[:, 0], table[:, 1], (10, 2))) < 0.01
    assert len(data.splits["train"]) == 1300  # the original is left as it was


def test_setup_again_draws_the_same() -> None:
    a, b = digits(seed=3), digits(seed=3)
    a.setup()
    assert torch.equal(a.splits["train"].attributes, b.splits["train"].attributes)
    assert not torch.equal(digits(seed=4).splits["train"].attributes, a.splits["train"].attributes)


@pytest.mark.parametrize("sampling", ["natural", "deconfounded"])
def test_any_number_of_workers_draws_the_same_images(sampling: str) -> None:
    images = []
    for workers in (0, 2):
        data = digits(num_workers=workers, sampling=sampling, batch_size=64, epoch_size=256)
        batches = [data.finish(rows, augment=True) for rows in data.train_dataloader()]
        images.append(torch.cat([batch["image"] for batch in batches]))
    assert torch.equal(*images)


def test_half_of_the_draws_of_an_image_are_augmented_each_in_its_way() -> None:
    data = digits()
    index = torch.zeros(400, dtype=torch.long)
    rows: Rows = {
        "source": data.splits["train"].source[index],
        "attributes": data.splits["train"].attributes[index],
        "index": index,
        "draw": torch.arange(400),
    }
    plain, changed = data.finish(rows)["image"], data.finish(rows, augment=True)["image"]
    assert torch.equal(plain[0], plain[1])
    moved = changed[(changed - plain).abs().amax((1, 2, 3)) > 1e-4]
    assert 160 <= len(moved) <= 240
    assert not torch.allclose(moved[0], moved[1], atol=1e-3)
    assert (changed - plain).abs().mean() < 0.15


def test_true_counterfactual_changes_what_is_asked_alone() -> None:
    data = digits()
    batch = data.finish(next(iter(data.test_dataloader()[0])))
    assert torch.equal(data.counterfactual(batch, batch["attributes"]), batch["image"])
    targets = batch["attributes"].clone()
    targets[:, 2] = (targets[:, 2] + 1) % 10
    edited = data.counterfactual(batch, targets)
    # The strokes stay where they are: only their tint differs.
    assert torch.equal(edited.amax(1) > 0, batch["image"].amax(1) > 0)
    assert (edited - batch["image"]).abs().mean() > 0.01


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size is 2000 but an epoch has 1300 images"):
        digits(batch_size=2000).train_dataloader()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 1.2}, "strength of 'thickness' is 1.2"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"weight_cap": 0.0}, "weight_cap is 0.0"),
        ({"label_noise": -0.1}, "label_noise is -0.1"),
        ({"protocol": "cgn"}, "protocol 'cgn' is a split of MNIST, but source is 'digits'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        digits(**options)


@pytest.mark.parametrize(
    ("root", "variable", "folder"),
    [
        (None, "/elsewhere", "/elsewhere"),
        ("data", "/elsewhere", "/elsewhere"),
        ("data", "", "data"),
        ("data", None, "data"),
        ("mine", "/elsewhere", "mine"),
    ],
)
def test_data_stands_for_the_folder_that_the_environment_names(
    root: str | None, variable: str | None, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CFAUG_DATA", raising=False)
    if variable is not None:
        monkeypatch.setenv("CFAUG_DATA", variable)
    options = {} if root is None else {"root": Path(root)}
    assert ConfoundedDigits([Color()], **options).root == Path(folder)


def test_missing_mnist_says_what_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: object, **__: object) -> None:
        msg = "no route to host"
        raise OSError(msg)

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", offline)
    data = ConfoundedDigits([Color()], root=tmp_path / "none")
    with pytest.raises(
        RuntimeError, match=r"MNIST.raw.*train-images-idx3-ubyte.*--data.init_args.root"
    ):
        data.prepare_data()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3"])
@pytest.mark.parametrize("content", ["cut", "empty", "garbage"])
def test_damaged_mnist_is_named(name: str, content: str, tmp_path: Path, mnist_root: Path) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in (mnist_root / "MNIST" / "raw").iterdir():
        (raw / path.name).symlink_to(path)
    damaged = raw / f"{name}-ubyte"
    kept = {"cut": damaged.read_bytes()[:5000], "empty": b"", "garbage": b"no digits" * 100}
    damaged.unlink()
    damaged.write_bytes(kept[content])
    data = ConfoundedDigits([Color()], root=tmp_path)
    data.prepare_data()  # all files are there: nothing is downloaded
    with pytest.raises(RuntimeError, match=r"MNIST.raw cannot be read|is damaged"):
        data.setup()


def test_real_mnist_is_split_as_documented(mnist_root: Path) -> None:
    splits = load_mnist(mnist_root)
    assert [len(splits[name][1]) for name in ("train", "val", "test")] == [55_000, 5_000, 10_000]
    assert splits["test"][1][:5].tolist() == [7, 2, 1, 0, 4]


def test_cgn_tests_on_the_end_of_the_training_file(mnist_root: Path) -> None:
    standard, cgn = load_mnist(mnist_root), load_mnist(mnist_root, "cgn")
    assert [len(cgn[name][1]) for name in ("train", "val", "test")] == [50_000, 10_000, 10_000]
    assert torch.equal(cgn["val"][0], standard["test"][0])
    assert torch.equal(cgn["train"][0], standard["train"][0][:50_000])
    assert torch.equal(cgn["test"][0][5_000:], standard["val"][0])


def test_resize_pads_a_little_and_scales_otherwise() -> None:
    images = torch.full((1, 1, 28, 28), 200, dtype=torch.uint8)
    padded = resize(images, 32)
    assert padded.shape[-1] == 32
    assert torch.equal(padded[:, :, 2:-2, 2:-2], images)
    assert padded[0, 0, 0, 0] == 0
    assert torch.equal(resize(images, 16), torch.full((1, 1, 16, 16), 200, dtype=torch.uint8))


FAMILIES = {
    "mnist-colored": ["thickness", "color"],
    "mnist-double-colored": ["thickness", "foreground", "background"],
    "mnist-wildlife": ["thickness", "foreground", "background"],
    "mnist-rotated": ["angle"],
    "mnist-colored-rotated": ["angle", "color"],
    "cmnist10": ["color"],
    "cmnist10-protocol": ["color"],
    "cgn-colored": ["color"],
    "cgn-double-colored": ["foreground", "background"],
    "cgn-wildlife": ["foreground", "background"],
    "digits-colored": ["thickness", "color"],
    "digits-colored-rotated": ["angle", "color"],
}


def test_values_of_an_alignment_may_be_numbers() -> None:
    parser = data_parser("test", "")
    angles = [-60, -30, 0, 30, 60] * 2
    options = ["-c", "experiments/data/digits-colored-rotated.yaml"]
    options += ["--data.init_args.alignment", f"{{angle: {angles[::-1]}}}"]
    options += ["--data.init_args.strength", "1"]
    data: ConfoundedDigits = parser.instantiate(parser.parse_args(options)).data
    data.setup()
    table = data.splits["train"].attributes
    assert torch.equal(table[:, 1], 4 - table[:, 0] % 5)


def test_every_yaml_of_data_is_a_family() -> None:
    paths = Path("experiments/data").glob("*.yaml")
    found = {p.stem for p in paths if "class_path: ConfoundedDigits" in p.read_text()}
    assert found == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_what_its_yaml_says(family: str, request: pytest.FixtureRequest) -> None:
    parser = data_parser("test", "")
    options = parser.parse_args(["-c", f"experiments/data/{family}.yaml"])
    data: ConfoundedDigits = parser.instantiate(options).data
    if data.source == "mnist":
        data.root = request.getfixturevalue("mnist_root")
    data.setup()
    assert data.attribute_space.names == ("digit", *FAMILIES[family])
    batch = data.first("train", 2_000)
    image, table = batch["image"], batch["attributes"]
    assert image.shape[1:] == data.image_shape
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1
    for column in range(1, table.shape[1]):
        values = data.attribute_space.cardinalities[column]
        aligned = float((table[:, column] == table[:, 0] % values).double().mean())
        usual = 1.0 if "cgn" in family else 0.95
        strength = 1 - 0.005 / 0.9 if "cmnist10" in family else usual
        assert aligned == pytest.approx(strength + (1 - strength) / values, abs=0.02)
    targets = table.clone()
    targets[:, 1:] = (targets[:, 1:] + 1) % torch.tensor(data.attribute_space.cardinalities[1:])
    assert torch.equal(data.counterfactual(batch, table), image)
    for column in range(1, table.shape[1]):
        one = torch.where(torch.arange(table.shape[1]) == column, targets, table)
        assert ((data.counterfactual(batch, one) - image).abs().amax((1, 2, 3)) > 0.02).all()
