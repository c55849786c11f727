"""What invokes the functions besides the API, as their rows in groups.py say: queues, topics, schedules, the stream."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from constructs import Construct

from infra.function import Function
from infra.queues import Queue
from infra.schedules import Schedule
from infra.stream import Stream
from infra.tables import Tables
from infra.topics import Topic
from infra.undelivered import Undelivered


class Triggers(NamedTuple):
    """Queues and topics have the names that the rows give them. `undelivered` keeps asynchronous calls that failed."""

    queues: Mapping[str, Queue]
    topics: Mapping[str, Topic]
    schedules: Sequence[Schedule]
    undelivered: Undelivered


def add_triggers(scope: Construct, tables: Tables, functions: Sequence[Function]) -> Triggers:
    undelivered = Undelivered(scope)
    triggers = Triggers(
        queues={name: Queue(scope, name, function) for function in functions if (name := function.group.queue)},
        topics={
            name: Topic(scope, name, function, undelivered=undelivered)
            for function in functions
            if (name := function.group.topic)
        },
        schedules=[
            Schedule(scope, function, every_minutes=minutes, undelivered=undelivered)
            for function in functions
            if (minutes := function.group.every_minutes)
        ],
        undelivered=undelivered,
    )
    for function in functions:
        if function.group.stream:
            Stream(scope, tables.core, function, function.group.stream)
        if function.group.asynchronous:
            undelivered.keep_failures_of(function)
    return triggers
