"""Invariance terms: how the views of an image and of its counterfactual differ."""

from cfaug.classifiers.invariances.base import Encoded, Invariance
from cfaug.classifiers.invariances.contrastive import SupervisedContrastive
from cfaug.classifiers.invariances.cosine import CosineDistance
from cfaug.classifiers.invariances.logit_pairing import LogitPairing
from cfaug.classifiers.invariances.mmd import ClassConditionalMMD
from cfaug.classifiers.invariances.squared import SquaredDistance

__all__ = [
    "ClassConditionalMMD",
    "CosineDistance",
    "Encoded",
    "Invariance",
    "LogitPairing",
    "SquaredDistance",
    "SupervisedContrastive",
]
