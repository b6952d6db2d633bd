"""How deep networks are: as deep as the size of the images asks for."""

MOST_CELLS = 8
"""Networks halve an image until its side has at most so many cells."""


def halvings(side: int) -> int:
    """How often networks halve images: at least twice, until `MOST_CELLS` are left.

    >>> [halvings(side) for side in (16, 28, 32, 64, 96, 128, 224)]
    [2, 2, 2, 3, 4, 4, 5]

    Args:
        side: Side of the images in pixels.
    """
    number = 2
    while side > MOST_CELLS * 2**number:
        number += 1
    return number
