"""Lets only this checkout call the emulated cloud, which by itself runs the code that any request brings.

A request must have the token of this checkout (the proxy and `make run` send it) or a valid signature by its
credentials or by those of a function. With a signature it must also name this computer, and not be from a web page, and
not be for the emulator's own paths, on which no policy decides.
This file runs in the emulator's own Python.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from callers import TOKEN_HEADER, is_from_a_page, is_named_by_a_container, is_this_computer, token_of
from hypercorn.config import Config  # installed in the emulator's environment
from ministack.core import iam_evaluator, sigv4

type Scope = dict[str, Any]
type Receive = Callable[[], Awaitable[dict[str, Any]]]
type Send = Callable[[dict[str, Any]], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]

_TOKEN = TOKEN_HEADER.encode()
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")


def guarded(app: App, secret: str) -> App:
    """The app behind the checks; `secret` is the secret access key of this checkout."""
    token = token_of(secret).encode()
    Config.response_headers = lambda _config, _protocol: [_NO_SNIFFING]  # of each answer, also of the server's own

    async def guard(scope: Scope, receive: Receive, send_as_is: Send) -> None:
        send = _without_names(send_as_is)
        if scope["type"] == "lifespan":
            return await app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})  # the bundle uses no WebSocket
        if hmac.compare_digest(dict(scope["headers"]).get(_TOKEN, b""), token):
            return await app(_without_token(scope), receive, send)
        headers = _joined(scope["headers"])
        host = headers.get("host", "")
        if is_from_a_page(headers) or not (is_this_computer(host) or is_named_by_a_container(host)):
            return await _refuse(send, "The emulated cloud answers no web page")
        signer = None if _is_emulators_own(scope["path"]) else _signer(headers)
        if signer:
            body = await _body(receive)
            if _is_signed(scope, headers, body, *signer):
                return await app(scope, _replayed(body, receive), send)
        return await _refuse(send, "The emulated cloud answers only the credentials in .local/env")

    return guard


def _is_emulators_own(path: str) -> bool:
    return path.startswith("/_") or path == "/health"


def _signer(headers: dict[str, str]) -> tuple[Any, str] | None:
    """The signature in the Authorization header, and the secret of its key, which the emulator knows."""
    if not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
        return None
    signature = sigv4.parse_header_signature(headers)
    if not isinstance(signature, sigv4.HeaderSignature) or sigv4.request_time_failure(signature):
        return None
    credential = iam_evaluator.resolve_credential(signature.access_key_id)
    if not isinstance(credential, iam_evaluator.ResolvedCredential):
        return None
    return signature, credential.secret_access_key


def _is_signed(scope: Scope, headers: dict[str, str], body: bytes, signature: Any, secret: str) -> bool:
    """Whether the signature is valid. The emulator itself trusts some keys without one."""
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    path = scope["raw_path"].decode("latin-1")
    failure = sigv4.header_signature_failure(signature, secret, scope["method"], path, query, headers, body)
    return failure is None


def _without_names(send: Send) -> Send:
    """Leave out the name of a server, and what each answer has anyway."""

    async def send_rest(message: dict[str, Any]) -> None:
        if "headers" in message:
            kept = [field for field in message["headers"] if field[0].lower() not in (b"server", _NO_SNIFFING[0])]
            message = {**message, "headers": kept}
        await send(message)

    return send_rest


def _without_token(scope: Scope) -> Scope:
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != _TOKEN]}


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; values of a repeated one are joined, as a signature joins them."""
    joined: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), sigv4.decode_header_value(raw_value)
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    first: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> dict[str, Any]:
        return first.pop() if first else await receive()

    return replay


async def _refuse(send: Send, message: str) -> None:
    content = json.dumps({"message": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": content})
