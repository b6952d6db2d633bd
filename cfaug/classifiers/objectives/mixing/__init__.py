"""Objectives that train on mixtures of two images."""
