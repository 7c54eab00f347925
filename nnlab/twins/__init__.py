"""Twins: the same network in another library, with proof that it does the same."""
