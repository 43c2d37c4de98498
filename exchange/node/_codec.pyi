def hashed(message: bytes) -> bytes: ...
def row_hashes(
    sequence: int,
    epoch: int,
    at_ns: int,
    engine_version: int,
    principal: int,
    connection: int,
    key: bytes,
    command: bytes,
    events: list[bytes],
    salt: bytes,
    previous: bytes,
) -> tuple[bytes, bytes]: ...
