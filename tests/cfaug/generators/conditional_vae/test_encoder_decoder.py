import pytest
import torch

from cfaug.generators.conditional_vae import ConditionalVAE
from cfaug.generators.conditional_vae.affine_warp import Warp
from cfaug.generators.conditional_vae.encoder_decoder import Decoder, Encoder, widths
from datamodules.attributes import attribute_space


def test_an_image_is_halved_until_eight_cells_are_left() -> None:
    assert widths(28, 32) == [32, 64]
    assert widths(64, 32) == [32, 64, 96]
    assert widths(128, 16) == [16, 32, 48, 48]


@pytest.mark.parametrize("side", [16, 28, 36, 64, 100])
def test_images_of_any_size_are_encoded_and_drawn(side: int) -> None:
    warp, values = Warp([2, 3]), [2, 3]
    encoder, decoder = Encoder(warp, values, side, 6, 16), Decoder(warp, values, side, 6, 16)
    attributes = torch.tensor([[0, 2], [1, 0]])
    mean, log_variance = encoder(torch.rand(2, 3, side, side), attributes)
    assert mean.shape == log_variance.shape == (2, 6)
    drawn = decoder(mean, attributes)
    assert drawn.shape == (2, 3, side, side)
    assert decoder.norms().shape == (4 + len(widths(side, 16)), 2)
    # All of the network is used, and every pixel depends on the latents.
    drawn.square().sum().backward()
    for network in (encoder, decoder):
        assert all(parameter.grad is not None for parameter in network.parameters())
    moved = decoder(mean + 5, attributes)
    assert ((moved - drawn).abs().sum((0, 1)) > 0).all()


@pytest.mark.parametrize("side", [64, 128, 256])
def test_a_generator_stays_small_at_any_size(side: int) -> None:
    values = {"label": ["0", "1"], "color": [str(v) for v in range(10)], "size": ["s", "m", "l"]}
    generator = ConditionalVAE(attribute_space(values, "label"), (3, side, side))
    assert sum(parameter.numel() for parameter in generator.parameters()) < 6e6
