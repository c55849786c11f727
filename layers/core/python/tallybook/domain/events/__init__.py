"""Events on the bus, one function for each; `infra/events/` has a JSON schema for each name and version.

Ids have their prefixes, money is in micros, times are RFC 3339, and a missing value is null. Within a version, no field
is ever removed or changes its meaning.
"""
