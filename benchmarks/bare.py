"""The bare limit: a FastAPI WebSocket that decodes the same message with the same decoder, and sends an ack of the same
shape; nothing else. `python -m benchmarks.bare PORT`."""

from __future__ import annotations

import sys
import time

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

from api.stream.answers import Ack, encode
from api.stream.requests import decode_request

app = FastAPI()


@app.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """Decode and ack."""
    await socket.accept()
    sequence = 0
    try:
        while True:
            request = decode_request(await socket.receive_text())
            sequence += 1
            ack = Ack(
                id=request.id,
                sequence=sequence,
                at_ns=time.time_ns(),
                order_id=f"O1-{sequence}",
                status="open",
                remaining_lots=1,
            )
            await socket.send_text(encode(ack).decode())
    except WebSocketDisconnect:
        return


def main() -> None:
    """Serve on a loopback port."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
