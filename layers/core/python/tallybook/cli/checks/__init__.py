"""The checks of `tallybook doctor`: each only reads, and finds one or more things about the deployed stack."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

from tallybook.services.context import Context

type Status = Literal["ok", "warning", "failed", "not checked"]


class Finding(NamedTuple):
    """`check` is what was looked at, `found` what is so, and `to_do` what the operator can do about it."""

    check: str
    status: Status
    found: str
    to_do: str = ""


class Site(NamedTuple):
    """What is checked. `keeps`: the stage keeps its data; `emulated`: it is the local bundle.

    `client` is boto3's client of a service.
    """

    ctx: Context
    client: Callable[[str], Any]
    keeps: bool
    emulated: bool


type Findings = Iterator[Finding]


class Problem(NamedTuple):
    found: str
    to_do: str
    status: Status = "failed"


def summed_up(check: str, problems: Sequence[Problem], *, fine: str) -> Finding:
    """One finding: `fine`, or all problems with the status of the worst."""
    if not problems:
        return Finding(check, "ok", fine)
    worst: Status = "failed" if any(problem.status == "failed" for problem in problems) else "warning"
    to_do = dict.fromkeys(problem.to_do for problem in problems)
    return Finding(check, worst, "; ".join(problem.found for problem in problems), "; ".join(to_do))
