"""Cards: what a learner is told, as text and as HTML."""
