"""Images that are no squares, kept whole."""

import torch

from datamodules.storage.image_decoding import decode
from tests.datamodules.storage.test_image_decoding import MOST, encoded, plain


def test_the_whole_image_is_kept_where_it_is_padded() -> None:
    wide = plain((200, 100, 50), size=(64, 16))
    pixels = decode(encoded(wide, "PNG"), "x", 64, MOST, square="pad")
    assert pixels[:, 24:40].flatten(1).T.unique(dim=0).tolist() == [[200, 100, 50]]
    assert not torch.cat([pixels[:, :24], pixels[:, 40:]]).any()
    long = plain((200, 100, 50), size=(9_000, 3))
    assert decode(encoded(long, "PNG"), "x", 8, MOST, square="pad").shape == (3, 8, 8)
    tall = plain((200, 100, 50), size=(16, 64))
    assert not decode(encoded(tall, "PNG"), "x", 64, MOST, square="pad")[:, :, :24].any()
