"""The error of an image that cannot be used."""


class ImageError(ValueError):
    """An image that cannot be used, in one line.

    A loader's worker hands an error on as one of the same class, with its traceback for a message;
    the last line of that is what it said.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.rpartition("ImageError: ")[2].strip())
