"""AWS's descriptions of its services, read once in a process: each new boto3 session would read them again.

Reading those of one client takes about 0.1 s of CPU time, and a command of the operator creates several clients.
"""

from functools import cache

import botocore.session
from botocore.loaders import Loader, create_loader


def share_aws_models() -> None:
    """Let all sessions with the same path of data share one loader. Call once in a process.

    Other loaders keep their own: moto's adds data of moto to the same descriptions.
    """

    @cache
    def shared(data_path: str | None) -> Loader:
        loader: Loader = create_loader(data_path)
        return loader

    botocore.session.create_loader = shared
