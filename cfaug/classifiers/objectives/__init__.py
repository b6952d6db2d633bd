"""Base objectives of a classifier: the loss on the original images."""

from cfaug.classifiers.objectives.erm import cross_entropy

__all__ = ["cross_entropy"]
