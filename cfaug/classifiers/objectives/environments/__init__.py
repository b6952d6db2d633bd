"""Objectives that compare environments: the combinations of all values but the label."""
