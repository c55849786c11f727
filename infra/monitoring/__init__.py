"""The alarms of a stage, their metrics, and its dashboard (docs/alarms.md)."""
