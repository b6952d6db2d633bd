"""Networks that an option names."""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from cfaug.classifiers import Classifier, load_classifier_for
from cfaug.classifiers.classifier_checkpoint import require_known_backbone
from cfaug.networks.backbones.choice import make_backbone
from datamodules.attributes import attribute_space

SPACE = attribute_space({"digit": list("012"), "color": list("ab")}, "digit")
MINE = f"{__name__}.Mine"


class Mine(nn.Module):
    """Mean colours."""

    features = 3

    def forward(self, images: Tensor) -> Tensor:
        return images.mean((2, 3))


class Grumpy(nn.Module):
    """Draws, counts in training, has a frozen part, and takes one size alone."""

    features = 3

    def __init__(self) -> None:
        super().__init__()
        self.frozen, self.norm = nn.BatchNorm2d(3).eval(), nn.BatchNorm2d(3)
        self.dropout = nn.Dropout(0.5)

    def forward(self, images: Tensor) -> Tensor:
        assert images.shape[-1] == 8, "8 pixels, please"
        noisy = images + torch.rand_like(images)
        normed: Tensor = self.dropout(self.norm(self.frozen(noisy)))
        return normed.mean((2, 3))


class Maps(nn.Module):
    """Leaves the places of features."""

    features = 3

    def forward(self, images: Tensor) -> Tensor:
        return images


class NoSize(nn.Module):
    """Does not say how long its representations are."""


@pytest.mark.parametrize(
    ("name", "side", "features"),
    [
        ("convnet", 28, 128),
        ("mlp", 28, 100),
        ("cgn", 32, 64),
        ("linear", 16, 768),
        ("resnet18", 64, 512),
        ("mobilenet_v3_small", 64, 1024),
        ("vit_b_16", 224, 768),
        (MINE, 16, 3),
    ],
)
def test_a_network_turns_images_into_as_many_features_as_it_says(
    name: str, side: int, features: int
) -> None:
    network = make_backbone(name, (3, side, side)).eval()
    with torch.no_grad():
        found = network(torch.rand(2, 3, side, side))
    assert found.shape == (2, features)
    assert network.features == features


def test_the_protocol_networks_have_the_published_number_of_weights() -> None:
    def count(name: str, side: int) -> int:
        return sum(p.numel() for p in make_backbone(name, (3, side, side)).parameters())

    # 2352·100 + 100·100 + 100·100 weights and 300 biases.
    assert count("mlp", 28) == 255_500
    # 5²·3·32, 3²·32·32, 3²·32·64, 3²·64·64 with biases, and 6 of the normalisation.
    assert count("cgn", 32) == 2_432 + 9_248 + 18_496 + 36_928 + 6


def test_a_linear_classifier_is_linear_in_the_pixels() -> None:
    classifier = Classifier(SPACE, (3, 16, 16), backbone="linear")
    first, second = torch.rand(2, 1, 3, 16, 16)
    with torch.no_grad():
        ends = classifier(torch.cat([first, second])).mean(0)
        assert torch.allclose(classifier((first + second) / 2)[0], ends, atol=1e-5)


def test_a_network_of_torchvision_normalises_and_takes_weights_from_a_file(tmp_path: Path) -> None:
    torch.manual_seed(0)
    whole = torchvision.models.resnet18().eval()
    torch.save(whole.state_dict(), tmp_path / "weights.pt")
    network = make_backbone("resnet18", (3, 64, 64), str(tmp_path / "weights.pt")).eval()
    images = torch.rand(2, 3, 64, 64)
    mean, spread = (
        torch.tensor(x)[:, None, None] for x in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    with torch.no_grad():
        logits = F.linear(network(images), whole.fc.weight, whole.fc.bias)
        assert torch.allclose(logits, whole((images - mean) / spread), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "weights", "told"),
    [
        ("resnet19", None, "torchvision has no network 'resnet19'"),
        ("squeezenet1_0", None, "squeezenet1_0 does not end in one linear layer"),
        ("resnet18", "NOTHING", "cannot make resnet18 with the weights NOTHING"),
        ("convnet", "DEFAULT", "backbone_weights are for networks of torchvision"),
        ("nowhere.Net", None, "cannot make the network nowhere.Net"),
        (f"{__name__}.NoSize", None, "has no number of features"),
    ],
)
def test_what_is_no_network_is_told(name: str, weights: str | None, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make_backbone(name, (3, 64, 64), weights)


@pytest.mark.parametrize(
    ("name", "side", "told"),
    [
        ("vit_b_16", 64, r"vit_b_16 does not take images of 64 x 64 pixels \(Wrong image height"),
        ("vgg11", 28, r"vgg11 does not take images of 28 x 28 pixels \(.*; choose another --model"),
        (f"{__name__}.Grumpy", 16, r"16 x 16 pixels \(8 pixels, please .*\); choose another"),
        (f"{__name__}.Maps", 8, r"makes \(1, 3, 8, 8\) of an image of 8 x 8 pixels, expected a"),
    ],
)
def test_a_network_that_does_not_fit_the_images_is_told(name: str, side: int, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make_backbone(name, (3, side, side))


def test_a_network_is_as_new_once_it_has_seen_an_image() -> None:
    torch.manual_seed(0)
    network: nn.Module = make_backbone(f"{__name__}.Grumpy", (3, 8, 8))
    drawn = torch.rand(3)
    torch.manual_seed(0)
    expected = Grumpy()
    assert torch.equal(drawn, torch.rand(3))
    for name, value in expected.state_dict().items():
        assert torch.equal(network.state_dict()[name], value), name
    modes = [part.training for part in expected.modules()]
    assert [part.training for part in network.modules()] == modes


def test_weights_of_another_network_are_told(tmp_path: Path) -> None:
    torch.save(torchvision.models.resnet34().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(ValueError, match=r"weights .*weights.pt are not those of resnet18"):
        make_backbone("resnet18", (3, 64, 64), str(tmp_path / "weights.pt"))


def test_weights_may_be_those_of_other_classes(tmp_path: Path) -> None:
    theirs = torchvision.models.resnet18(num_classes=5).eval()
    torch.save({"state_dict": theirs.state_dict()}, tmp_path / "weights.pt")
    network = make_backbone("resnet18", (3, 32, 32), str(tmp_path / "weights.pt")).eval()
    theirs.fc = nn.Identity()
    network.mean.zero_(), network.spread.fill_(1)  # type: ignore[operator, union-attr]
    images = torch.rand(2, 3, 32, 32)
    assert torch.allclose(network(images), theirs(images), atol=1e-5)


def test_a_checkpoint_may_not_name_a_class_that_the_user_did_not(tmp_path: Path) -> None:
    classifier = Classifier(SPACE, (3, 8, 8), backbone=MINE)
    state = {"hyper_parameters": dict(classifier.hparams), "state_dict": classifier.state_dict()}
    path = tmp_path / "last.ckpt"
    torch.serialization.add_safe_globals([type(SPACE), *map(type, SPACE.attributes)])
    torch.save(state, path)
    with pytest.raises(ValueError, match=rf"has the network {MINE}, which is not of cfaug"):
        load_classifier_for(path, SPACE, (3, 8, 8))
    loaded = load_classifier_for(path, SPACE, (3, 8, 8), own_backbone=MINE)
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(loaded(images), classifier(images))
    require_known_backbone({"backbone": "resnet18"}, None, path)


@pytest.mark.parametrize("side", [64, 96, 128, 256])
def test_the_default_stays_small_at_any_size(side: int) -> None:
    network = make_backbone("convnet", (3, side, side))
    assert sum(parameter.numel() for parameter in network.parameters()) < 2e6
    assert network(torch.rand(2, 3, side, side)).shape == (2, network.features)
