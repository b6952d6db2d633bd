import pytest
import torch

from cfaug.classifiers.augmentations import (
    Augmentation,
    ChannelMixing,
    ColorJitter,
    Grayscale,
)
from datamodules.process import devices


def images() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(300, 3, 4, 4)


def test_mixed_channels_are_weighted_means_of_the_channels() -> None:
    before = images()
    after = ChannelMixing()(before)
    for old, new in zip(before[:20], after[:20], strict=True):
        x = torch.linalg.lstsq(old.reshape(3, 16).T, new.reshape(3, 16).T).solution
        assert torch.allclose(old.reshape(3, 16).T @ x, new.reshape(3, 16).T, atol=1e-5)
        assert torch.allclose(x.sum(0), torch.ones(3), atol=1e-4)
        assert float(x.min()) > -1e-4
    grey = before.mean(1, keepdim=True).expand(-1, 3, -1, -1)
    assert torch.allclose(ChannelMixing()(grey), grey, atol=1e-6)
    red = torch.zeros(3000, 3, 1, 1)
    red[:, 0] = 1
    weights = ChannelMixing()(red)
    # A weight of Dirichlet(1, 1, 1) has the mean 1 / 3 and the variance 1 / 18.
    assert float(weights.mean()) == pytest.approx(1 / 3, abs=0.01)
    assert float(weights.var()) == pytest.approx(1 / 18, abs=0.005)


def test_half_of_the_images_are_made_grey() -> None:
    before = images()
    after = Grayscale(p=0.5)(before)
    grey = (after == after[:, :1]).flatten(1).all(1)
    assert 0.4 < float(grey.float().mean()) < 0.6
    assert torch.equal(after[~grey], before[~grey])


def test_colours_of_each_image_change_in_their_own_way() -> None:
    one = images()[:1].expand(8, -1, -1, -1)
    after = ColorJitter()(one)
    assert len({image.numpy().tobytes() for image in after}) == 8
    assert 0 <= float(after.min()) <= float(after.max()) <= 1
    none = ColorJitter(brightness=0, contrast=0, saturation=0, hue=0)
    assert torch.allclose(none(one), one)


def test_devices_mix_channels_together_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    before = images()
    torch.manual_seed(3)
    alone = ChannelMixing()(before)
    for rank in range(2):
        monkeypatch.setattr(devices, "this_device", lambda rank=rank: (rank, 2))
        torch.manual_seed(3)
        assert torch.allclose(ChannelMixing()(before[rank::2]), alone[rank::2], atol=1e-6)


@pytest.mark.parametrize("augmentation", [ColorJitter(), Grayscale()])
def test_devices_change_colours_in_other_ways(
    augmentation: Augmentation, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = images()[:40], []
    for rank in range(2):
        monkeypatch.setattr(devices, "this_device", lambda rank=rank: (rank, 2))
        torch.manual_seed(3)
        after.append(augmentation(before))
    assert not torch.equal(after[0], after[1])
