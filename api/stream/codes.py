"""Why the stream refuses a message or closes a connection: stable codes, each with its close code and sentence.

A refused message changes nothing and leaves the connection open; a close says its code as the reason of the close
frame. The engine's refusals (`exchange.core.rejections.RejectCode`) and the node's faults travel beside these.
"""

from __future__ import annotations

from enum import StrEnum

BAD_MESSAGE = 4400
NOT_LOGGED_IN = 4401
FORBIDDEN = 4403
TOO_SLOW = 4408
TOO_MANY = 4429
GOING_AWAY = 1001
TOO_BIG = 1009
SERVICE_RESTART = 1012
TRY_AGAIN = 1013


class StreamCode(StrEnum):
    """A code, the close code it goes with (0: the connection stays open) and its sentence. Never renamed or reused."""

    close: int
    sentence: str

    def __new__(cls, code: str, close: int, sentence: str) -> StreamCode:
        """One member: its text is the code, the other two ride along."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.close = close
        member.sentence = sentence
        return member

    # One message
    MESSAGE_MALFORMED = "message.malformed", 0, "The message is not JSON in UTF-8."
    MESSAGE_INVALID = "message.invalid", 0, "The message is not one the stream understands; the detail says where."
    CHANNEL_UNKNOWN = "channel.unknown", 0, "There is no such channel."
    CHANNEL_SUBSCRIBED = "channel.subscribed", 0, "The channel is subscribed already."
    CHANNEL_NOT_SUBSCRIBED = "channel.not_subscribed", 0, "The channel is not subscribed."
    CHANNEL_AHEAD = "channel.ahead", 0, "The channel has not come that far; what you have is from another journal."
    CHANNEL_LIMIT = "channel.limit", 0, "The connection follows as many channels as it may."
    CHANNEL_BUSY = "channel.busy", 0, "The channel's past cannot be read now; subscribe again shortly."
    CHANNEL_LEVELS = "channel.levels", 0, "The market does not show so many prices, or the stream does not."
    CHANNEL_NOT_DISCLOSED = "channel.not_disclosed", 0, "The market does not show single orders."
    ORDERS_OUTSTANDING = "orders.outstanding", 0, "Too many orders of this connection wait for their answer."

    # The connection
    STREAM_BAD_MESSAGES = "stream.bad_messages", BAD_MESSAGE, "Too many messages could not be understood."
    STREAM_BINARY = "stream.binary", BAD_MESSAGE, "The stream takes text frames only."
    STREAM_NOT_LOGGED_IN = "stream.not_logged_in", NOT_LOGGED_IN, "The first message must be login, with a ticket."
    STREAM_SESSION_ENDED = "stream.session_ended", NOT_LOGGED_IN, "The session was ended; log in again."
    STREAM_ORIGIN = "stream.origin", FORBIDDEN, "Pages of this origin may not open a stream."
    STREAM_USER = "stream.user", FORBIDDEN, "The user is not known or is suspended."
    STREAM_LOGIN_TIMEOUT = "stream.login_timeout", TOO_SLOW, "No login arrived in time."
    STREAM_SILENT = "stream.silent", TOO_SLOW, "Nothing was heard of the client for too long."
    STREAM_TOO_SLOW = "stream.too_slow", TOO_SLOW, "The client reads too slowly; reconnect and resume."
    STREAM_TOO_MANY_MESSAGES = "stream.too_many_messages", TOO_MANY, "Too many messages before the login was through."
    STREAM_TOO_MANY_CONNECTIONS = "stream.too_many_connections", TOO_MANY, "The user has too many connections."
    STREAM_BUSY = "stream.busy", TRY_AGAIN, "Too many connections; try again later."
    STREAM_RESTART = "stream.restart", SERVICE_RESTART, "The stream starts again; reconnect and resume."
