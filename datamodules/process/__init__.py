"""The confounded process: attributes, noise, sampling, splits, interventions."""
