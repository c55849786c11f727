"""A million random events of a budget, compared with a second implementation of the alert rule."""

import time
from collections import Counter

from tests.support.budget_story import Story

EVENTS = 1_000_000
MOST_SECONDS = 30.0


def run_story() -> tuple[Counter[str], float]:
    """Run the story; return its counts and the CPU seconds that it took. Fails on any difference from the rule."""
    began = time.process_time()
    story = Story(seed=1_000_000)
    story.run(EVENTS)
    return story.counts, time.process_time() - began


if __name__ == "__main__":
    counts, seconds = run_story()
    print(f"{EVENTS} events in {seconds:.1f} s: {dict(counts)}")
