"""Renderers that draw attributes into images."""
