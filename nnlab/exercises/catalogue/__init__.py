"""The catalogue: one page per exercise, named after it, with its reference, hints, probes and mistakes."""
