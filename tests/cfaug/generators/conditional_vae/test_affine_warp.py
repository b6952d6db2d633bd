"""The learnt map of places."""

import pytest
import torch
from torch.nn import functional as F

from cfaug.generators.conditional_vae.affine_warp import SPEED, Warp, exponential
from datamodules.rendering.renderers import Rotation
from tests.cfaug.generators.conditional_vae.test_conditional_vae import small


@pytest.mark.parametrize("norm", [0.0, 0.01, 1.0, 8.0])
def test_exponential_is_that_of_pytorch(norm: float) -> None:
    torch.manual_seed(0)
    matrices = torch.randn(20, 3, 3)
    matrices = norm * matrices / torch.linalg.matrix_norm(matrices, 2)[:, None, None]
    found, expected = matrices.clone().requires_grad_(), matrices.double().requires_grad_()
    mine, theirs = exponential(found), torch.linalg.matrix_exp(expected)
    away = torch.randn(20, 3, 3)
    for loss in ((mine * away).sum(), (theirs * away).sum()):
        loss.backward()
    assert found.grad is not None
    assert expected.grad is not None
    for a, b in ((mine, theirs), (found.grad, expected.grad)):
        error = torch.linalg.matrix_norm(a - b) / torch.linalg.matrix_norm(b)
        assert error.max() < 1e-5


def test_warp_reads_features_where_the_attributes_have_moved_them() -> None:
    warp = Warp([3, 3])
    quarter = torch.pi / 2 / SPEED
    tables = [torch.zeros(3, 6), torch.zeros(3, 6)]
    tables[0][1, [1, 3]] = torch.tensor([-quarter, quarter])  # reads (x, y) at (-y, x)
    tables[0][2] = -tables[0][1]  # the other way
    tables[1][2, 2] = 0.5 / SPEED  # reads a quarter of the side to the right
    tables[1][1] = -tables[1][2]
    for table in tables:
        table += torch.rand(6)  # what all values have in common does nothing
    warp.load_state_dict({"table": torch.cat(tables)})
    image = torch.arange(16.0).view(1, 1, 4, 4)
    still, right, left, aside = (torch.tensor([c]) for c in ([0, 0], [1, 0], [2, 0], [0, 2]))
    assert torch.allclose(warp(image, still), image, atol=1e-4)
    # Row i, column j is read at row j, column 3 - i.
    turned = image.transpose(2, 3).flip(2)
    assert torch.allclose(warp(image, right), turned, atol=1e-4)
    assert torch.allclose(warp(turned, left), image, atol=1e-4)
    assert torch.allclose(warp(turned, right, back=True), image, atol=1e-4)
    assert torch.allclose(warp(image, aside)[..., :3], image[..., 1:], atol=1e-4)
    assert torch.allclose(warp(image, aside)[..., 3], image[..., 3], atol=1e-4)  # the border
    expected = [quarter * (4 / 18) ** 0.5, 0.5 / SPEED * (2 / 18) ** 0.5]
    assert warp.norms().tolist() == pytest.approx(expected, abs=1e-4)


def test_what_the_warp_turns_is_no_part_of_u_and_comes_back_in_drawings() -> None:
    generator = small()
    for name, parameter in generator.named_parameters():
        if "table" in name:
            torch.nn.init.zeros_(parameter)
    warp = generator.decoder.warp
    with torch.no_grad():
        turn = torch.tensor([-1, 1]) * torch.pi / 2 / SPEED
        warp.table[3, [1, 3]], warp.table[4, [1, 3]] = -turn, turn  # the two colours
    # Convolutions that treat all directions alike draw the turned image when the features turn.
    torch.nn.init.constant_(generator.decoder.paint.weight, 0.1)
    images = torch.rand(4, 3, 16, 16)
    left, right = (torch.tensor([[0, code, 0]]).expand(4, 3) for code in (0, 1))
    with torch.no_grad():
        u, _ = generator.encoder(warp(images, left), left)
        same, _ = generator.encoder(warp(images, right), right)
        drawn, again = generator.decoder(u, left), generator.decoder(u, right)
    assert torch.allclose(u, same, atol=1e-4)
    assert u.std() > 0.01
    half_a_turn = drawn.flip(2, 3)
    assert torch.allclose(again[:, :, 2:-2, 2:-2], half_a_turn[:, :, 2:-2, 2:-2], atol=1e-4)


def test_warp_learns_the_angles_that_images_were_turned_by() -> None:
    torch.manual_seed(0)
    blobs = F.interpolate(torch.rand(1, 1, 4, 4), size=12, mode="bicubic").clamp(0, 1)
    image = F.pad(blobs, (2, 2, 2, 2)).expand(3, 1, 16, 16)
    angles = torch.tensor([[0], [1], [2]])
    turned = Rotation((-40, 0, 40)).render(image, angles[:, 0], angles, 0)
    warp = Warp([3])
    optimizer = torch.optim.Adam(warp.parameters(), lr=2e-3)
    for _ in range(200):
        optimizer.zero_grad()
        (warp(image, angles) - turned).square().sum().backward()
        optimizer.step()
    table = warp.vectors()
    found = SPEED * (table[:, 3] - table[:, 1]) / 2 * 180 / torch.pi
    assert found.tolist() == pytest.approx([-40, 0, 40], abs=5)
