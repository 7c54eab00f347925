"""Penalties on weights: (value, gradients), to be added to a loss."""
