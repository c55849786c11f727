"""Every refusal is one class of one tree, drawn where it is defined."""

import pytest

from tallybook.domain import errors
from tallybook.domain.errors import Invalid, NotFound, TallybookError, TooManyRequests

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TallybookError)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not TallybookError])
def test_a_refusal_stands_in_the_drawing_and_has_a_code_of_its_own(kind: type[TallybookError]) -> None:
    assert f"── {kind.__name__} " in str(errors.__doc__)
    assert [other.code for other in KINDS].count(kind.code) == 1


def test_a_field_that_is_wrong_is_named_with_its_message() -> None:
    assert Invalid("name is too long", field="name").fields == {"name": ["name is too long"]}
    assert Invalid("unreadable").fields == {}
    assert Invalid("both", fields={"a": ["1"], "b": ["2"]}).fields == {"a": ["1"], "b": ["2"]}


def test_a_code_can_be_given_or_is_that_of_its_kind() -> None:
    assert Invalid("x").code == "invalid_request"
    assert Invalid("x", code="weak_password").code == "weak_password"
    assert NotFound("x", resource="invoice").resource == "invoice"
    assert TooManyRequests("x", retry_after=7).retry_after == 7
