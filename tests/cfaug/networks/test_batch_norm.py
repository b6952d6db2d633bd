"""Batch normalisation is torch's on one device, and on several that of the whole batch."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from cfaug.networks.backbones.convnet import ConvNet
from cfaug.networks.batch_norm import BatchNorm
from tests.cfaug.threads import devices_in_threads

DEVICES = 3
KINDS = [(nn.BatchNorm1d, (12, 5)), (nn.BatchNorm2d, (12, 5, 4, 3))]


def batches(shape: tuple[int, ...]) -> list[Tensor]:
    """Three batches; the devices' shares have other means and variances."""
    drawn = [torch.randn(shape, dtype=torch.double) for _ in range(3)]
    for images in drawn:
        images[::DEVICES] = 3 * images[::DEVICES] + 2
    return drawn


def normalise(norm: Any, images: Tensor) -> dict[str, Tensor]:
    """What a layer gives, and the gradients of a loss that is a mean over images."""
    norm.zero_grad()
    images = images.clone().requires_grad_()
    out = norm(images)
    (out.sin() * out.exp()).mean().backward()
    assert images.grad is not None
    gradients = {name: weight.grad.clone() for name, weight in norm.named_parameters()}
    return {"out": out.detach(), "images": images.grad, **gradients}


@pytest.fixture
def devices() -> Iterator[ThreadPoolExecutor]:
    """A thread for each device."""
    with devices_in_threads(DEVICES, "cfaug.networks.batch_norm") as threads:
        yield threads


@pytest.mark.parametrize(("kind", "shape"), KINDS)
def test_several_devices_normalise_by_the_whole_batch(
    kind: type, shape: tuple[int, ...], devices: ThreadPoolExecutor
) -> None:
    whole, shares = kind(5).double(), [BatchNorm(5).double() for _ in range(DEVICES)]
    for images in batches(shape):
        expected = normalise(whole, images)
        parts = [images[rank::DEVICES] for rank in range(DEVICES)]
        found = list(devices.map(normalise, shares, parts))
        for rank, part in enumerate(found):
            assert torch.allclose(part["out"], expected["out"][rank::DEVICES])
            # The loss of a device is a mean over its share alone.
            assert torch.allclose(part["images"] / DEVICES, expected["images"][rank::DEVICES])
        for name in ("weight", "bias"):  # DistributedDataParallel takes the mean
            mean = torch.stack([part[name] for part in found]).mean(0)
            assert torch.allclose(mean, expected[name])
    for share in shares:
        assert share.state_dict().keys() == whole.state_dict().keys()
        for name, value in whole.state_dict().items():
            assert torch.allclose(share.state_dict()[name], value), name
    # Evaluation waits for no other device.
    images = batches(shape)[0]
    assert torch.allclose(shares[0].eval()(images), whole.eval()(images))


def test_half_precision_is_normalised_in_full(devices: ThreadPoolExecutor) -> None:
    images = (100 + torch.randn(12, 5)).bfloat16()
    shares = [images[rank::DEVICES] for rank in range(DEVICES)]
    norms = [BatchNorm(5) for _ in shares]
    found = list(devices.map(lambda norm, share: norm(share), norms, shares))
    expected = nn.BatchNorm1d(5)(images)
    for rank, share in enumerate(found):
        assert share.dtype == expected.dtype == torch.bfloat16
        assert torch.allclose(share, expected[rank::DEVICES], atol=0.02)


@pytest.mark.parametrize(("kind", "shape"), KINDS)
def test_one_device_normalises_as_torch_does(kind: type, shape: tuple[int, ...]) -> None:
    ours, theirs = BatchNorm(5).double(), kind(5).double()
    for images in batches(shape):
        expected, found = normalise(theirs, images), normalise(ours, images)
        assert all(torch.equal(found[name], value) for name, value in expected.items())
    ours.load_state_dict(theirs.state_dict())
    images = batches(shape)[0]
    assert torch.equal(ours.eval()(images), theirs.eval()(images))


def test_checkpoints_name_the_weights_as_before() -> None:
    kept = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    expected = {f"layers.{number}.{name}" for number in (1, 4, 7, 11) for name in kept}
    expected |= {f"layers.{number}.weight" for number in (0, 3, 6, 10)}
    assert ConvNet(8).state_dict().keys() == expected
