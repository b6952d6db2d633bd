"""Options out of range are told by name, when a method is made."""

from collections.abc import Callable
from functools import partial

import pytest

from cfaug.classifiers.augmentations import ColorJitter, Grayscale
from cfaug.classifiers.classifier import Classifier
from cfaug.classifiers.objectives import JTT, LISA, AugMix, CutMix, Focal, LfF, MixUp
from cfaug.generators.conditional_vae.conditional_vae import ConditionalVAE
from cfaug.generators.published.deep_scm import DeepSCM
from cfaug.generators.published.star_gan import StarGAN
from datamodules.attributes import attribute_space

SPACE = attribute_space({"digit": list("012"), "color": list("ab")}, "digit")
CLASSIFIER = partial(Classifier, SPACE, (3, 8, 8))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (partial(MixUp, alpha=0), "alpha is 0, expected a number above 0"),
        (partial(CutMix, alpha=-1), "alpha is -1, expected a number above 0"),
        (partial(LISA, alpha=0), "alpha is 0, expected a number above 0"),
        (partial(LISA, p_sel=1.5), "p_sel is 1.5, expected a number from 0 to 1"),
        (partial(AugMix, severity=0), "severity is 0, expected a number from 1 to 10"),
        (partial(AugMix, severity=11), "severity is 11, expected a number from 1 to 10"),
        (partial(JTT, updates=0), "updates is 0, expected at least 1"),
        (partial(JTT, times=-2.0), "times is -2.0, expected at least 0"),
        (partial(LfF, q=0.0), "q is 0.0, expected a number above 0"),
        (partial(LfF, decay=1.5), "decay is 1.5, expected a number from 0 to 1"),
        (partial(Focal, gamma=-1.0), "gamma is -1.0, expected at least 0"),
        (partial(ColorJitter, hue=0.7), "hue is 0.7, expected a number from 0 to 0.5"),
        (partial(ColorJitter, contrast=-0.1), "contrast is -0.1, expected at least 0"),
        (partial(Grayscale, p=2.0), "p is 2.0, expected a number from 0 to 1"),
        (partial(CLASSIFIER, lr=0.0), "lr is 0.0, expected a number above 0"),
        (partial(CLASSIFIER, lr=float("nan")), "lr is nan, expected a number above 0"),
        (partial(CLASSIFIER, weight_decay=-0.1), "weight_decay is -0.1, expected at least 0"),
        (partial(CLASSIFIER, edits_per_image=0), "edits_per_image is 0, expected at least 1"),
        (partial(ConditionalVAE, SPACE, (3, 8, 8), lr=0.0), "lr is 0.0, expected a number above 0"),
        (partial(DeepSCM, SPACE, (3, 8, 8), lr=0.0), "lr is 0.0, expected a number above 0"),
        (partial(StarGAN, SPACE, (3, 8, 8), lr=0.0), "lr is 0.0, expected a number above 0"),
    ],
)
def test_an_option_out_of_range_is_told(make: Callable[[], object], told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        make()
