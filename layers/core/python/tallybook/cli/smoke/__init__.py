"""`tallybook smoke`: walks through a deployed installation as a customer and a platform, and cleans up."""

from tallybook.cli.smoke.command import app

__all__ = ["app"]
