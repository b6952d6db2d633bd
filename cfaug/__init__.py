"""Counterfactual augmentation for image classifiers trained on confounded data."""
