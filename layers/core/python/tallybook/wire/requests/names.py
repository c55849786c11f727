"""Names that a path doesn't know. The platform's paths refuse them: a name with a typo would be lost without a sign."""

from collections.abc import Collection, Iterable

from tallybook.domain.errors import Invalid

_MOST_SHOWN = 3
_LONGEST_SHOWN = 64


def check_known(names: Iterable[str], known: Collection[str], *, kind: str) -> None:
    """Invalid if one of the names, of fields or of query parameters, is not known; it shows the first three."""
    unknown = [name for name in names if name not in known]
    if unknown:
        shown = ", ".join(name[:_LONGEST_SHOWN] for name in unknown[:_MOST_SHOWN])
        known_ones = f"it has {', '.join(known)}" if known else "it has none"
        raise Invalid(f"This path has no {kind} {shown or '(empty)'}; {known_ones}", field=unknown[0][:_LONGEST_SHOWN])
