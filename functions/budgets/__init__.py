import tallybook  # noqa: F401 before anything else, for it holds the garbage collector back while the rest is imported
