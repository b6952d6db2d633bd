"""Invariance terms: how far the representations of an image and its counterfactual lie apart."""

from cfaug.classifiers.invariances.squared import squared_distance

__all__ = ["squared_distance"]
