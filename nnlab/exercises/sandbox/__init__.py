"""The sandbox: where learner code runs, and what comes back from there."""
