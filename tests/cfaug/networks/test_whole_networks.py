"""Classifiers that were trained elsewhere."""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor, nn

from cfaug.networks.whole_networks import make_whole_network

VALUES = ("blond", "dark", "red")
MEANS = f"{__name__}.Means"


class Means(nn.Module):
    """The mean of red, green and blue as logits, and a learnt bias."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, images: Tensor) -> Tensor:
        return images.mean((2, 3)) + self.bias


class Pair(Means):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images)[:, :2]


def saved(folder: Path, state: object) -> Path:
    torch.save(state, folder / "weights.pt")
    return folder / "weights.pt"


def test_logits_are_in_the_order_of_the_values() -> None:
    images = torch.rand(4, 3, 8, 8)
    means = images.mean((2, 3))
    assert torch.allclose(make_whole_network(MEANS, VALUES)(images), means)
    network = make_whole_network(MEANS, VALUES, outputs=["dark", "red", "blond"])
    assert torch.allclose(network(images), means[:, [2, 0, 1]])


def test_images_are_normalised_as_it_expects() -> None:
    images = torch.rand(4, 3, 8, 8)
    network = make_whole_network(MEANS, VALUES, mean=[0.1, 0.2, 0.3], spread=[1, 2, 4])
    expected = (images.mean((2, 3)) - torch.tensor([0.1, 0.2, 0.3])) / torch.tensor([1.0, 2, 4])
    assert torch.allclose(network(images), expected, atol=1e-6)


@pytest.mark.parametrize("wrapped", ["plain", "state_dict", "module.", "both"])
def test_a_network_of_torchvision_has_the_weights_of_a_file(wrapped: str, tmp_path: Path) -> None:
    torch.manual_seed(1)
    theirs = torchvision.models.resnet18(num_classes=3).eval()
    state = theirs.state_dict()
    if wrapped in ("module.", "both"):
        state = {f"module.{name}": value for name, value in state.items()}
    is_inside = wrapped in ("state_dict", "both")
    path = saved(tmp_path, {"state_dict": state, "epoch": 3} if is_inside else state)
    ours = make_whole_network("resnet18", VALUES, path)
    images = torch.rand(2, 3, 32, 32)
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normal = (images - mean[:, None, None]) / spread[:, None, None]
    assert torch.allclose(ours(images), theirs(normal), atol=1e-5)


def test_an_own_network_has_the_weights_of_a_file(tmp_path: Path) -> None:
    path = saved(tmp_path, {"bias": torch.tensor([1.0, 2.0, 3.0])})
    images = torch.zeros(1, 3, 4, 4)
    assert make_whole_network(MEANS, VALUES, path)(images).tolist() == [[1, 2, 3]]


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    two = saved(tmp_path, torchvision.models.resnet18(num_classes=2).state_dict())
    (tmp_path / "text.pt").write_text("weights")
    torch.save(Means(), tmp_path / "model.pt")
    torch.save({"net": {"bias": torch.zeros(3)}}, tmp_path / "net.pt")
    wrong = {
        "there is no network 'resnet19': expected a checkpoint": ("resnet19",),
        "--classifier resnet18 needs --weights": ("resnet18",),
        r"weights.pt are not those of resnet18: .*size mismatch for fc": ("resnet18", two),
        "text.pt": ("resnet18", tmp_path / "text.pt"),
        "model.pt holds more than weights, a whole model perhaps": (MEANS, tmp_path / "model.pt"),
        r"net.pt are \['net'\], expected a state dict": (MEANS, tmp_path / "net.pt"),
        "cannot read the weights .*nowhere.pt": (MEANS, tmp_path / "nowhere.pt"),
        "cannot make the network no.Where": ("no.Where",),
        r"outputs are \['blond', 'dark'\], expected the values": (MEANS, None, ["blond", "dark"]),
        "mean is .*, expected a number for": (MEANS, None, None, [0.5]),
        "spread is .*, expected a number above 0": (MEANS, None, None, None, [1.0, 0.0, 1.0]),
    }
    for told, (name, *options) in wrong.items():
        with pytest.raises(ValueError, match=told):
            make_whole_network(name, VALUES, *options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"turned 5 images into \(5, 2\), expected .* \(5, 3\)"):
        make_whole_network(f"{__name__}.Pair", VALUES)(torch.rand(5, 3, 4, 4))
