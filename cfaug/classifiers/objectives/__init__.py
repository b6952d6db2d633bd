"""Base objectives of a classifier: what it minimises on the images themselves."""

from cfaug.classifiers.objectives.erm import cross_entropy

__all__ = ["cross_entropy"]
