import tallybook  # noqa: F401 first, because it stops garbage collection during the other imports
