import tallybook  # noqa: F401 first of all imports: it turns garbage collection off during the others
