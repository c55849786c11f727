"""The settings of property tests: the same examples on every run, few enough for seconds."""

from hypothesis import settings

deterministic = settings(derandomize=True, database=None, deadline=None, max_examples=60)
