"""The commands of `python -m nnlab`: a module each, with `add_arguments(parser)`, `run(arguments) -> int`."""
