"""Print the address by which a container reaches this computer; exit with one line if no container engine answers.

This file runs in SAM's own Python, and asks the engine that SAM will use.
"""

import sys

from docker.errors import DockerException  # installed in SAM's environment
from samcli.commands.exceptions import UserException
from samcli.local.docker.utils import get_validated_container_client

try:
    network = get_validated_container_client().networks.get("bridge")
    settings = network.attrs["IPAM"]["Config"][0]
    print(settings.get("Gateway", ""))
except UserException:
    sys.exit("make sam needs a container engine, Docker or Finch: none is running")
except (DockerException, IndexError, KeyError) as error:
    sys.exit(f"make sam can't read the containers' network: {error}")
