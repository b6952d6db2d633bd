"""Networks that turn images into representations, for classifiers and judges."""
