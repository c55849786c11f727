"""A million events of a budget, each followed by what is to be told of it, against the rule told in other words."""

import time
from collections import Counter

from tests.support.budget_story import Story

EVENTS = 1_000_000
MOST_SECONDS = 30.0


def million() -> tuple[Counter[str], float]:
    """What happened, all of it as it should, and the CPU seconds that it took."""
    began = time.process_time()
    story = Story(seed=1_000_000)
    story.run(EVENTS)
    return story.counts, time.process_time() - began


if __name__ == "__main__":
    counts, seconds = million()
    print(f"{EVENTS} events in {seconds:.1f} s: {dict(counts)}")
