"""Which public keys may be registered: Ed25519 points that only the holder of a private half can sign for.

Anybody can sign anything for a key of small order, and a point has more than one spelling unless only the canonical
one is taken; so both are refused before a key counts, and by the engine, whose register of keys is the one truth.
Source: RFC 8032 5.1.3; the small orders are those of libsodium's ge25519_has_small_order.
"""

from __future__ import annotations

KEY_BYTES = 32

_PRIME = 2**255 - 19
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)
"""y of the eight points whose order divides the cofactor (the sign bit of x left out)."""


def is_sound_key(public_key: bytes) -> bool:
    """Whether these bytes may be registered as an Ed25519 key: 32 of them, a canonical point, not of small order.

    >>> is_sound_key(bytes(32)), is_sound_key(bytes.fromhex("58" + "66" * 31))
    (False, True)
    """
    if len(public_key) != KEY_BYTES:
        return False
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    return y < _PRIME and y not in _SMALL_ORDER and _has_x(y)


def _has_x(y: int) -> bool:
    """Whether some x makes (x, y) a point of the curve: x² = (y² - 1) / (d y² + 1) has a root.

    Source: RFC 8032 5.1 (the curve), Euler's criterion for the root.
    """
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _PRIME) % _PRIME
    return pow(square, (_PRIME - 1) // 2, _PRIME) == 1
