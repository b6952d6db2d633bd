"""Classifiers that are trained on images and their counterfactuals."""

from cfaug.classifiers.classifier import Classifier
from cfaug.classifiers.classifier_checkpoint import load_classifier_for
from cfaug.classifiers.group_accuracy import GroupAccuracy, GroupFigures

__all__ = ["Classifier", "GroupAccuracy", "GroupFigures", "load_classifier_for"]
