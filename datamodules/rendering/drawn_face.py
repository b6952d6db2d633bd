"""A face drawn from its attributes and a number."""

import io
from collections.abc import Sequence

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from datamodules.attributes import AttributeSpace, attribute_space
from datamodules.process.noise import uniform
from datamodules.storage.image_decoding import decode

NAMES = (
    "Blond_Hair",
    "Long_Hair",
    "Eyeglasses",
    "Smiling",
    "Pale_Skin",
    "Beard",
    "Bright_Background",
)
"""The attributes; all others follow the first, the label."""

SIZE = 178, 218
"""Width and height of CelebA's images."""

Color = tuple[float, float, float]


def faces_space() -> AttributeSpace:
    """All attributes of drawn faces."""
    return attribute_space(dict.fromkeys(NAMES, ("no", "yes")), label=NAMES[0])


def draw_face(codes: Sequence[int], seed: int, number: int) -> Image.Image:
    """Draw a face.

    Args:
        codes: Code of each of `NAMES`.
        seed: Seed of the noise in position, size and tints.
        number: Number of the face; the noise is a function of it and the seed.

    Returns:
        RGB of `SIZE` pixels.
    """
    noise = uniform(seed, "face", torch.tensor([number]), 16)[0].mul(2).sub(1).tolist()
    has = dict(zip(NAMES, (bool(code) for code in codes), strict=True))
    scale = 2  # drawn twice as large: smooth edges
    width, height = (scale * side for side in SIZE)
    back = (0.62, 0.78, 0.88) if has["Bright_Background"] else (0.16, 0.24, 0.22)
    hair = (0.90, 0.76, 0.40) if has["Blond_Hair"] else (0.24, 0.15, 0.10)
    skin = (0.97, 0.84, 0.76) if has["Pale_Skin"] else (0.62, 0.42, 0.30)
    shirt = (0.3 + 0.2 * noise[11], 0.3 + 0.2 * noise[12], 0.4 + 0.2 * noise[13])
    image = Image.new("RGB", (width, height), _shade(back, noise[0:3], 0.08))
    draw = ImageDraw.Draw(image)
    skin_fill, hair_fill = _shade(skin, noise[3:4] * 3, 0.03), _shade(hair, noise[4:5] * 3, 0.04)

    x, y = width * (0.5 + 0.03 * noise[5]), height * (0.50 + 0.02 * noise[6])
    a, b = width * (0.235 + 0.02 * noise[7]), height * (0.255 + 0.015 * noise[8])

    def ellipse(dx: float, dy: float, rx: float, ry: float, fill: object, **more: object) -> None:
        """At (dx, dy) from the centre of the face, in units of its half axes."""
        left, top = x + a * (dx - rx), y + b * (dy - ry)
        draw.ellipse((left, top, x + a * (dx + rx), y + b * (dy + ry)), fill, **more)  # type: ignore[arg-type]

    if has["Long_Hair"]:
        ellipse(0, 0.15, 1.45, 1.45, hair_fill)
        draw.rectangle((x - 1.45 * a, y, x + 1.45 * a, y + 1.75 * b), hair_fill)
    draw.rectangle((x - 0.42 * a, y + 0.5 * b, x + 0.42 * a, y + 1.6 * b), skin_fill)
    ellipse(0, 2.1, 1.9, 0.85, _shade(shirt, [0, 0, 0], 0))
    ellipse(0, -0.12, 1.14, 1.16, hair_fill)
    ellipse(0, 0.08, 1, 1, skin_fill)
    fringe = -0.62 + 0.06 * noise[9]
    draw.chord(
        (x - 1.02 * a, y - 1.12 * b, x + 1.02 * a, y + (2 * fringe + 1.12) * b), 180, 360, hair_fill
    )
    if has["Beard"]:
        beard = _shade(hair, noise[4:5] * 3, 0.04, 0.75)
        draw.chord((x - 0.94 * a, y - 0.72 * b, x + 0.94 * a, y + 1.1 * b), 25, 155, beard)
    apart = 0.42 + 0.03 * noise[10]
    for side in (-1, 1):
        ellipse(side * apart, -0.05, 0.17, 0.085, (250, 250, 250))
        ellipse(side * apart, -0.05, 0.08, 0.08, _shade((0.2, 0.25, 0.25), noise[14:15] * 3, 0.15))
        left = x + a * (side * apart - 0.2)
        brow = y - 0.24 * b
        draw.line(
            (left, brow, left + 0.4 * a, brow), _shade(hair, [0] * 3, 0, 0.7), round(0.05 * b)
        )
    draw.line((x, y + 0.05 * b, x - 0.06 * a, y + 0.3 * b), _shade(skin, [0] * 3, 0, 0.75), 4)
    mouth, lips = y + 0.52 * b, (178, 60, 66)
    if has["Smiling"]:
        box = (x - 0.4 * a, mouth - 0.25 * b, x + 0.4 * a, mouth + 0.14 * b)
        draw.chord(box, 15, 165, (252, 250, 245), lips, 5)
    else:
        draw.line((x - 0.28 * a, mouth, x + 0.28 * a, mouth), lips, round(0.055 * b))
    if has["Eyeglasses"]:
        for side in (-1, 1):
            ellipse(side * apart, -0.04, 0.32, 0.2, None, outline=(20, 20, 25), width=6)
        draw.line((x - 0.12 * a, y - 0.04 * b, x + 0.12 * a, y - 0.04 * b), (20, 20, 25), 6)
    return image.resize(SIZE, Image.Resampling.BOX)


def _shade(
    color: Color, noise: Sequence[float], amount: float, darker: float = 1.0
) -> tuple[int, int, int]:
    red, green, blue = (
        round(255 * min(1.0, max(0.0, darker * (part + amount * n))))
        for part, n in zip(color, noise, strict=True)
    )
    return red, green, blue


def jpeg(image: Image.Image) -> bytes:
    """The file of an image."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def draw_faces(codes: Tensor, numbers: Tensor, seed: int, size: int) -> Tensor:
    """Draw faces as they would be read from their JPEG files.

    Args:
        codes: (B, 7) int64.
        numbers: (B,) int64 numbers of the faces.
        seed: Seed of the noise.
        size: Side that images are scaled to.

    Returns:
        (B, 3, size, size) uint8.
    """
    faces = zip(codes.tolist(), numbers.tolist(), strict=True)
    images = (jpeg(draw_face(codes_, seed, number)) for codes_, number in faces)
    return torch.stack([decode(image, "", size, 10**6) for image in images])
