"""Studies: what the commands `mnist` and `reproduce` run."""
