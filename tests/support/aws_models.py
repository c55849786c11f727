"""AWS's descriptions of its services, read once in a process: each new boto3 session would read them again.

Reading those of one client takes about 0.1 s of CPU time, and a command of the operator creates several clients.
"""

from typing import Any

from botocore.loaders import Loader


def share_aws_models() -> None:
    """Let all sessions keep what they have loaded in one place. Call once in a process."""
    shared: dict[Any, Any] = {}
    create = Loader.__init__

    def create_with_shared(self: Loader, *arguments: Any, **more: Any) -> None:
        create(self, *arguments, **more)
        self._cache = shared

    Loader.__init__ = create_with_shared
