"""Invariance terms: distances between representations of an image and its counterfactual."""

from cfaug.classifiers.invariances.squared import squared_distance

__all__ = ["squared_distance"]
