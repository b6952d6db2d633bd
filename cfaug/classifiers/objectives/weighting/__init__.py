"""Objectives that weigh images, groups or classes."""
