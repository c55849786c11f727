import tallybook  # noqa: F401 comes first: it disables garbage collection while the rest is imported
