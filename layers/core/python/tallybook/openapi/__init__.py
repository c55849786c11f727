"""The reference of the HTTP API: one OpenAPI 3.1 document of all functions' routes.

`tallybook openapi` writes it, and `docs/openapi.json` keeps it. No function imports this package, and the layer that
Lambda loads does not contain it.
"""
