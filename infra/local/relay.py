"""Passes connections from containers on to a port of this computer's loopback address, byte by byte."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LOOPBACK = "127.0.0.1"
_PART = 65_536


@contextmanager
def relayed(address: str, port: int) -> Iterator[bool]:
    """Listen on `address` for the block; False if this computer has no such address, as with Docker Desktop.

    It needs no rights of its own: the emulated cloud behind it still checks each request.
    """
    loop = asyncio.new_event_loop()
    try:
        server = loop.run_until_complete(asyncio.start_server(lambda *peer: _relay(port, *peer), address, port))
    except OSError:
        loop.close()
        yield False
        return
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield True
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    connections = asyncio.all_tasks() - {asyncio.current_task()}
    for connection in connections:
        connection.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
    await asyncio.sleep(0)  # the closed sockets are let go in the next round


async def _relay(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        inner_reader, inner_writer = await asyncio.open_connection(_LOOPBACK, port)
    except OSError:  # the bundle has stopped
        writer.close()
        return
    await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError):
            while part := await reader.read(_PART):
                writer.write(part)
                await writer.drain()
    finally:
        writer.close()
