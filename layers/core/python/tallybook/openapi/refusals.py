"""Which errors an operation answers: those of its service, and those that follow from what it needs and takes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from tallybook.domain.errors import Failed, Forbidden, Invalid, KeyReused, NotFound, Unauthenticated, Unavailable
from tallybook.openapi.codes import USUAL
from tallybook.openapi.endpoints import Endpoint
from tallybook.openapi.errors import QUOTA, dialect_of
from tallybook.openapi.operations.operation import Operation
from tallybook.wire.response import STATUS

EVENTS = "/v1/platform/events"
_OF_A_BODY = (413, 415)
_SAFE = ("GET", "OPTIONS")


def refusals_of(endpoint: Endpoint, operation: Operation) -> Mapping[int, tuple[str, ...]]:
    """The codes of each status, in their order; none for a page."""
    if operation.is_page:
        return {}
    found: dict[int, dict[str, None]] = defaultdict(dict)
    for status, code in (*_general(endpoint, operation), *_own(operation)):
        found[status][code] = None
    return {status: tuple(codes) for status, codes in sorted(found.items())}


def takes_body(endpoint: Endpoint) -> bool:
    return endpoint.body is not None or (endpoint.method == "POST" and endpoint.path == EVENTS)


def _own(operation: Operation) -> Iterator[tuple[int, str]]:
    return ((status, code) for status, codes in operation.refusals.items() for code in codes)


def _general(endpoint: Endpoint, operation: Operation) -> Iterator[tuple[int, str]]:
    if endpoint.by_user or endpoint.by_platform:
        yield STATUS[Unauthenticated], Unauthenticated.code
    yield from ((STATUS[Forbidden], code) for code in _forbidden(endpoint, operation))
    if takes_body(endpoint) or endpoint.parameters or endpoint.page_limit or operation.query:
        yield STATUS[Invalid], Invalid.code
    if endpoint.body is not None and dialect_of(endpoint.path) is QUOTA:
        yield from ((STATUS[Invalid], f"invalid_{field}") for field in endpoint.body.model_fields)
    if endpoint.takes_key:
        yield STATUS[Invalid], Invalid.code
        yield STATUS[KeyReused], KeyReused.code
    if endpoint.parameters:
        yield STATUS[NotFound], NotFound.code
    if takes_body(endpoint):
        yield from ((status, code) for status in _OF_A_BODY for code in USUAL.get(status, ()))
    yield STATUS[Failed], Failed.code
    yield from ((STATUS[Unavailable], code) for code in USUAL[STATUS[Unavailable]])


def _forbidden(endpoint: Endpoint, operation: Operation) -> Iterator[str]:
    if endpoint.by_platform:
        yield "missing_scope"
    if endpoint.by_user:
        yield from ("user_suspended", "user_disabled")
        if endpoint.method not in _SAFE:
            yield "origin_not_allowed"
        if operation.who == "root":
            yield "root_user_required"
