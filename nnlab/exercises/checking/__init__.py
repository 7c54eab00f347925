"""Checking: what an exercise is, and how a learner's function is compared with what is known of it."""
