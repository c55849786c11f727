"""How a release replaces the one before: formats of stored data, and the shift of calls (docs/releases.md)."""
