"""Every error is a class of one tree, which the module's docstring draws."""

import pytest

from tallybook.domain import errors
from tallybook.domain.errors import Invalid, NotFound, TallybookError, TooManyRequests

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TallybookError)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not TallybookError])
def test_each_error_is_in_the_drawing_and_has_its_own_code(kind: type[TallybookError]) -> None:
    assert f"── {kind.__name__} " in str(errors.__doc__)
    assert [other.code for other in KINDS].count(kind.code) == 1


def test_an_invalid_field_is_named_before_its_message() -> None:
    assert Invalid("name is too long", field="name").fields == {"name": ["name is too long"]}
    assert Invalid("unreadable").fields == {}
    assert Invalid("both", fields={"a": ["1"], "b": ["2"]}).fields == {"a": ["1"], "b": ["2"]}


def test_an_error_has_the_given_code_or_that_of_its_class() -> None:
    assert Invalid("x").code == "invalid_request"
    assert Invalid("x", code="weak_password").code == "weak_password"
    assert NotFound("x", resource="invoice").resource == "invoice"
    assert TooManyRequests("x", retry_after=7).retry_after == 7
