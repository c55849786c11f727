"""The versions of the catalog. A version never changes, so a process reads each at most once."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from tallybook.domain.catalog import Catalog, parse_catalog
from tallybook.domain.errors import Failed, NotFound, Unavailable
from tallybook.store import keys
from tallybook.store.commands import Put
from tallybook.store.conflicts import WriteConflict
from tallybook.store.table import Tables

_FRESH_SECONDS = 60.0
_APPLY = "the operator applies one: tallybook catalog apply infra/catalog.toml"


class Catalogs:
    """Caches versions for the life of the process, and the number of the current version for a minute.

    So a period that opens more than a minute after the operator applied a catalog pins that catalog.
    """

    def __init__(self, tables: Tables, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._tables = tables
        self._elapsed = elapsed
        self._versions: dict[int, Catalog] = {}
        self._current: tuple[float, int] | None = None

    def current(self, *, with_plan: str | None = None) -> Catalog:
        """The current version, from the cache of a minute: a period that opens now pins it. Unavailable `no_catalog`.

        It is read now if the cached one lacks `with_plan`, a plan that an account is on. Another process may have put
        it there, and the current version always has it, because no version drops a plan.
        """
        if (
            self._current is None
            or self._elapsed() - self._current[0] > _FRESH_SECONDS
            or (with_plan is not None and with_plan not in self._versions[self._current[1]].plans)
        ):
            item = self._tables.get(keys.catalog_current())
            if item is None:
                raise Unavailable("No catalog has been applied yet", code="no_catalog") from LookupError(_APPLY)
            self._keep(int(item["version"]), item["body"])
            self._current = (self._elapsed(), int(item["version"]))
        return self._versions[self._current[1]]

    def version(self, number: int) -> Catalog:
        """The version that a period pinned."""
        if number not in self._versions:
            item = self._tables.get(keys.catalog_version(number))
            if item is None:
                raise Failed("A pinned catalog version is missing")
            self._keep(number, item["body"])
        return self._versions[number]

    def stored(self, number: int | None = None) -> tuple[int, str, dict[str, Any]]:
        """The number, the time of application and the data of a version, by default the current one. NotFound."""
        item = self._tables.get(keys.catalog_current() if number is None else keys.catalog_version(number))
        if item is None:
            raise NotFound("There is no such version of the catalog", resource="catalog")
        return int(item["version"]), item["applied_at"], json.loads(item["body"])

    def apply(
        self,
        data: Mapping[str, Any],
        *,
        applied_at: str,
        check: Callable[[Catalog], None],
        record: Callable[[int], Put],
    ) -> Catalog:
        """Make the data the current version, unless it is already. Two calls at once make two versions.

        `check` raises if the data must not follow the version that is current; a retry checks again. `record` builds
        the audit entry from the version's number; the same transaction writes it.
        """
        body = json.dumps(data, sort_keys=True, separators=(",", ":"))
        while True:
            current = self._tables.get(keys.catalog_current())
            number = int(current["version"]) if current else 0
            if current and current["body"] == body:
                return self._keep(number, body)
            if current:
                check(self._keep(number, current["body"]))
            item = {"version": number + 1, "body": body, "applied_at": applied_at}
            try:
                self._tables.transact(
                    [
                        Put(keys.catalog_version(number + 1), item),
                        Put(keys.catalog_current(), item, condition=None),
                        record(number + 1),
                    ]
                )
            except WriteConflict:
                continue
            self._current = (self._elapsed(), number + 1)
            return self._keep(number + 1, body)

    def _keep(self, number: int, body: str) -> Catalog:
        self._versions[number] = parse_catalog(json.loads(body), version=number)
        return self._versions[number]
