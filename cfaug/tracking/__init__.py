"""What is logged where: names of figures, records of runs, W&B."""
