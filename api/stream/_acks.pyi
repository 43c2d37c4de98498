"""The compiled twin of answers.order_ack_frame, as a type checker sees it."""

def order_ack_frame(
    echo: bytes, sequence: int, at_ns: int, order_id: int, status: int, left: int, repeated: bool
) -> bytes: ...
