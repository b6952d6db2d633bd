from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import grey_dilation, grey_erosion
from torch.nn import functional as F
from torchvision.transforms import functional as reference

from datamodules.attributes import Attribute
from datamodules.rendering.palettes import DARK_PALETTE, PALETTE
from datamodules.rendering.renderers import Color, Fill, Rotation, Texture, Thickness, warp
from datamodules.rendering.textures import drawn_textures
from datamodules.storage.grey_digits import load_sklearn_digits

INDEX = torch.arange(20)


@pytest.fixture(scope="module")
def grey() -> torch.Tensor:
    return load_sklearn_digits()["test"][0][:20].float() / 255


def test_color_tints_by_the_palette(grey: torch.Tensor) -> None:
    values = INDEX % 10
    images = Color(jitter=0.0).render(grey, values, INDEX, 0)
    tints = torch.tensor(list(PALETTE.values()))
    assert torch.allclose(images[:, :3], grey * tints[values][:, :, None, None])
    assert torch.equal(images[:, 3:], grey)


def test_jitter_stays_within_its_width_and_with_the_image(grey: torch.Tensor) -> None:
    white = torch.ones_like(grey)
    renderer = Color(jitter=0.1)
    images = renderer.render(white, INDEX % 10, INDEX, 0)[:, :3]
    tints = torch.tensor(list(PALETTE.values()))[INDEX % 10][:, :, None, None]
    assert (images - tints).abs().max() <= 0.1 + 1e-6
    assert (images - tints).abs().max() > 0.02
    back = renderer.render(white.flip(0), INDEX.flip(0) % 10, INDEX.flip(0), 0)[:, :3]
    assert torch.equal(back.flip(0), images)


@pytest.mark.parametrize(
    "fills",
    [
        [Color(jitter=0.0), Color(jitter=0.0, place="background", name="background")],
        [Texture(), Texture(place="background", name="background")],
    ],
)
def test_strokes_lie_on_the_background(fills: list[Fill], grey: torch.Tensor) -> None:
    digit, background = fills
    images = digit.render(grey, INDEX % 10, INDEX, 0)
    images = background.render(images, (INDEX + 3) % 10, INDEX, 0)[:, :3]
    size = grey.shape[-2:]
    front = digit.filling(INDEX % 10, INDEX, 0, size)
    behind = background.filling((INDEX + 3) % 10, INDEX, 0, size)
    assert torch.allclose(images, grey * front + (1 - grey) * behind, atol=1e-6)


def test_a_background_alone_has_white_strokes(grey: torch.Tensor) -> None:
    images = Color(jitter=0.0, place="background").render(grey, INDEX % 10, INDEX, 0)[:, :3]
    tints = torch.tensor(list(DARK_PALETTE.values()))[INDEX % 10][:, :, None, None]
    assert torch.allclose(images, grey + (1 - grey) * tints)


def test_no_background_is_as_bright_as_a_digit() -> None:
    brightest = {name: max(shade) for name, shade in DARK_PALETTE.items()}
    assert max(brightest.values()) < min(max(shade) for shade in PALETTE.values())
    strokes, ground = drawn_textures("digit"), drawn_textures("background")
    assert list(strokes) == list(ground)
    faintest = min(float(t.amax(0).mean()) for t in strokes.values())
    assert max(float(t.amax(0).mean()) for t in ground.values()) < faintest


def test_textures_are_pieces_of_what_they_were_given(tmp_path: Path) -> None:
    ramp = np.arange(12 * 12, dtype=np.uint8).reshape(12, 12)
    for name, image in {"plain": np.full_like(ramp, 200), "ramp": ramp}.items():
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    texture = Texture(tmp_path, name="wallpaper")
    assert texture.attribute == Attribute("wallpaper", ("plain", "ramp"))
    index = torch.arange(300)
    pieces = texture.filling(index % 2, index, 0, torch.Size([4, 5])) * 255
    assert torch.allclose(pieces[::2], torch.tensor(200.0))
    ramps = pieces[1::2].round().long()
    assert torch.equal(ramps[:, 0], ramps[:, 2])  # grey
    corner = ramps[:, 0, 0, 0]
    row, column = corner // 12, corner % 12
    rows = (row[:, None] + torch.arange(4)) % 12
    columns = (column[:, None] + torch.arange(5)) % 12
    assert torch.equal(ramps[:, 0], rows[:, :, None] * 12 + columns[:, None])
    assert len(corner.unique()) > 80  # from everywhere
    again = texture.filling(index[7:8] % 2, index[7:8], 0, torch.Size([4, 5])) * 255
    assert torch.equal(again[0], pieces[7])


def test_drawn_textures_differ_and_their_edges_meet() -> None:
    for place in ("digit", "background"):
        textures = torch.stack(list(drawn_textures(place).values()))
        assert float(textures.min()) >= 0
        assert float(textures.max()) <= 1
        apart = torch.cdist(textures.flatten(1), textures.flatten(1)) + 100 * torch.eye(10)
        assert float(apart.min()) > 5
        steps = (textures - textures.roll(1, -1)).abs().mean((0, 1, 2))
        assert float(steps[0]) < 3 * float(steps.mean())


def test_a_folder_that_holds_no_textures_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nowhere holds 0 image\(s\)"):
        Texture(tmp_path / "nowhere")
    for name in ("a.png", "a.bmp"):
        Image.new("RGB", (9, 9)).save(tmp_path / name)
    with pytest.raises(ValueError, match="two textures of the name 'a'"):
        Texture(tmp_path)
    (tmp_path / "a.bmp").unlink()
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(ValueError, match=r"notes.txt is no image"):
        Texture(tmp_path)


def test_unknown_color_is_named() -> None:
    with pytest.raises(ValueError, match=r"unknown colors \['pink'\]"):
        Color(("red", "pink"))


@pytest.mark.parametrize("name", ["thin", "thick"])
def test_a_negative_radius_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is -1, expected at least 0"):
        Thickness(**{name: -1})


@pytest.mark.parametrize(
    ("value", "operation", "radius"), [(0, grey_erosion, 1), (1, grey_dilation, 2)]
)
def test_thickness_is_grey_morphology(
    grey: torch.Tensor, value: int, operation: object, radius: int
) -> None:
    rendered = Thickness(thin=1, thick=2).render(grey, torch.full((20,), value), INDEX, 0)
    fine = F.interpolate(grey, scale_factor=2, mode="bilinear").numpy()
    size = 2 * radius + 1
    # mode="nearest" repeats the border, as pooling that ignores what lies outside does.
    expected = np.stack([operation(image[0], size=(size, size), mode="nearest") for image in fine])  # type: ignore[operator]
    expected = F.avg_pool2d(torch.from_numpy(expected)[:, None], 2)
    assert torch.allclose(rendered, expected, atol=1e-6)


def test_rotation_turns_as_torchvision_does(grey: torch.Tensor) -> None:
    images = Rotation().render(grey, INDEX % 5, INDEX, 0)
    for i, angle in enumerate((-60, -30, 0, 30, 60)):
        bilinear = reference.InterpolationMode.BILINEAR
        expected = reference.rotate(grey[i], float(angle), interpolation=bilinear)
        assert torch.allclose(images[i], expected, atol=1e-4)


def test_warp_shifts_right_and_down_and_magnifies() -> None:
    image = torch.zeros(1, 1, 8, 8)
    image[0, 0, 2, 3] = 1
    one, none = torch.ones(1), torch.zeros(1)
    shifted = warp(image, none, one, torch.tensor([[0.25, 0.125]]))
    assert shifted[0, 0, 3, 5] == pytest.approx(1)
    square = torch.zeros(1, 1, 16, 16)
    square[:, :, 6:10, 6:10] = 1
    larger = warp(square, none, 2 * one, torch.zeros(1, 2))
    assert float(larger.sum()) == pytest.approx(64, rel=0.05)
