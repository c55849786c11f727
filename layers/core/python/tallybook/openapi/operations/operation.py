"""One operation of the reference."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from tallybook.domain.credentials import Scope
from tallybook.openapi.answers.fields import Answered

type Who = Literal["public", "user", "root"] | Scope

NO_REFUSALS: Mapping[int, tuple[str, ...]] = {}
NO_MODELS: Mapping[int, type[Answered]] = {}


class Operation(NamedTuple):
    """An operation by its `id`, from which generated clients name their functions.

    `answer` is the model of the body, in ScaleBox's dialect of its `data`; None for ScaleBox's message without data and
    for a page. `refusals` are the codes that only its service raises, by status; those of its credential, its body and
    its parameters are added. `example` names a file in `examples/`. `query` has the parameters that the route reads by
    hand.
    """

    id: str
    summary: str
    who: Who
    answer: type[Answered] | None = None
    status: int = 200
    example: str = ""
    refusals: Mapping[int, tuple[str, ...]] = NO_REFUSALS
    description: str = ""
    query: tuple[Mapping[str, Any], ...] = ()
    nullable: bool = False
    """Whether `data` may be null."""
    is_page: bool = False
    sets_cookie: bool = False
    is_empty: bool = False
    """Whether the answer has headers only."""
    error_models: Mapping[int, type[Answered]] = NO_MODELS
    """The bodies of errors that have more than the dialect's fields."""


class Area(NamedTuple):
    """Operations of one tag, by method and path."""

    name: str
    description: str
    operations: Mapping[tuple[str, str], Operation]
