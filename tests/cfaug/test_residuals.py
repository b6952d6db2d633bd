import torch

from cfaug.residuals import copy_untouched

NO, YES = torch.tensor([False]), torch.tensor([True])


def picture(*pixels: float) -> torch.Tensor:
    """One row of grey pixels."""
    return torch.tensor(pixels)[None, None, None]


def test_each_pixel_takes_its_share_of_what_the_reconstruction_lacks() -> None:
    image, before = picture(0.5, 0.5, 0.5, 0.5), picture(0.4, 0.4, 0.4, 0.4)
    after = picture(
        0.4, 0.5, 0.3, 0.8
    )  # changed by 0, 0.1, 0.1, 0.4; with gate 4 shares 1, .6, .6, 0
    edited = copy_untouched(image, before, after, NO, gate=4.0)
    assert torch.allclose(edited, picture(0.5, 0.56, 0.36, 0.8))


def test_around_what_a_new_label_changes_nothing_is_copied() -> None:
    image, before = picture(0.5, 0.5, 0.5, 0.5), picture(0.4, 0.4, 0.4, 0.4)
    after = picture(0.4, 0.4, 0.4, 0.8)
    edited = copy_untouched(image, before, after, YES, gate=4.0)
    assert torch.allclose(edited, picture(0.5, 0.5, 0.4, 0.8))


def test_channels_differ_only_while_the_label_is_kept() -> None:
    image, before = torch.full((1, 2, 1, 1), 0.5), torch.full((1, 2, 1, 1), 0.4)
    after = torch.tensor([0.4, 0.9])[None, :, None, None]
    kept, changed = (copy_untouched(image, before, after, x, gate=4.0).flatten() for x in (NO, YES))
    assert torch.allclose(kept, torch.tensor([0.5, 0.9]))
    assert torch.allclose(changed, torch.tensor([0.4, 0.9]))


def test_edits_stay_in_range() -> None:
    edited = copy_untouched(picture(1.0, 0.0), picture(0.5, 0.5), picture(0.6, 0.4), NO, gate=1.0)
    assert torch.equal(edited, picture(1.0, 0.0))
