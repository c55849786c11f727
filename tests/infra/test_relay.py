"""A container's request reaches the emulated cloud over the relay; the cloud still asks for a signature."""

import socket
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from infra.local.callers import CONTAINERS_NAME
from infra.local.cloud import Cloud, ministack
from infra.local.relay import relayed

ADDRESS = "127.0.0.2"  # another address of this computer, as the gateway of the containers is


def test_a_signed_request_from_a_container_is_answered_any_other_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with ministack() as cloud:
        port = urlsplit(cloud.endpoint).port or 0
        resolve = socket.getaddrinfo

        def as_in_a_container(host: Any, *rest: Any, **named: Any) -> Any:
            return resolve(ADDRESS if host == CONTAINERS_NAME else host, *rest, **named)

        monkeypatch.setattr(socket, "getaddrinfo", as_in_a_container)
        endpoint = f"http://{CONTAINERS_NAME}:{port}"
        with relayed(ADDRESS, port) as listens:
            assert listens
            functions_view = Cloud(endpoint, cloud.credentials)
            functions_view.client("sqs").create_queue(QueueName="from-a-container")
            with pytest.raises(HTTPError, match="403"):
                urlopen(f"{endpoint}/")
        assert cloud.client("sqs").list_queues()["QueueUrls"]


def test_without_the_address_on_this_computer_there_is_no_relay() -> None:
    with relayed("192.0.2.1", 4566) as listens:
        assert not listens
