import torch

from cfaug.generators.conditional_vae.copying import copy_untouched


def picture(*pixels: float) -> torch.Tensor:
    """One row of grey pixels."""
    return torch.tensor(pixels)[None, None, None]


def test_each_pixel_takes_its_share_of_what_the_reconstruction_lacks() -> None:
    image, before = picture(0.5, 0.5, 0.5, 0.5, 0.5), picture(0.4, 0.4, 0.4, 0.4, 0.4)
    after = picture(0.4, 0.4, 0.4, 0.5, 0.2)
    # Largest changes around: 0, 0, 0.1, 0.2, 0.2. With gate 4 shares of 1, 1, 0.6, 0.2, 0.2.
    edited = copy_untouched(image, before, after, gate=4.0)
    assert torch.allclose(edited, picture(0.5, 0.5, 0.46, 0.52, 0.22))


def test_a_change_of_one_channel_counts_for_all() -> None:
    image, before = torch.full((1, 2, 1, 1), 0.5), torch.full((1, 2, 1, 1), 0.4)
    after = torch.tensor([0.4, 0.9])[None, :, None, None]
    assert torch.allclose(copy_untouched(image, before, after, gate=4.0), after)


def test_an_edit_that_changes_nothing_gives_the_image() -> None:
    image, drawn = torch.rand(2, 3, 5, 5), torch.rand(2, 3, 5, 5)
    assert torch.allclose(copy_untouched(image, drawn, drawn, gate=10.0), image, atol=1e-6)


def test_edits_stay_in_range() -> None:
    edited = copy_untouched(picture(1.0, 0.0), picture(0.5, 0.5), picture(0.51, 0.49), gate=1.0)
    assert torch.equal(edited, picture(1.0, 0.0))
