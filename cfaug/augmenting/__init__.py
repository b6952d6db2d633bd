"""Counterfactuals of all training images, written to disk."""
