"""A small client: log in, ask over HTTP, trade and follow over the stream; and the signed door for counterparties.

    async with Client("http://127.0.0.1:8000") as client:
        await client.login("wu", "a long password")
        async with client.stream() as stream:
            book = await stream.book("I1-9")
            ack = await stream.place(client_order_id="1", account_id="A1-5", instrument_id="I1-9",
                                     side="buy", quantity_lots=10, price_ticks=100)

It refreshes its token in one place, retries a POST with the same key, and comes back when the stream is lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import quote, urlencode

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.auth.signer import AnswerChecker, RequestSigner, UntrustedAnswer
from api.auth.signing_keys import Purpose, unb64url
from api.client_books import Followed, LiveBook, LiveOrders
from api.client_http import Http, Response
from api.client_stream import Refused, Stream, StreamEnded

__all__ = [
    "Client",
    "CounterpartyClient",
    "Followed",
    "LiveBook",
    "LiveOrders",
    "Problem",
    "Refused",
    "Stream",
    "StreamEnded",
    "UntrustedAnswer",
]

TRIES = 5
PAUSE_S = 0.3
REFRESH_BEFORE_S = 30.0


class Problem(Exception):  # noqa: N818 - an answer, not an error
    """The exchange answered with a problem (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{status} {body.get('code')}: {body.get('detail', body.get('title', ''))}")
        self.status = status
        self.code: str = body.get("code", "")
        self.body = body


class Client:
    """One user of the exchange."""

    def __init__(self, base_url: str) -> None:
        self.http = Http(base_url)
        self._access_token = ""
        self._refresh_token = ""
        self._refresh_at = 0.0
        self._refreshing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections; the session goes on until `logout`."""
        await self.http.close()

    # --- Who I am -----------------------------------------------------------------------------------------------------

    async def login(self, username: str, password: str) -> None:
        """Start a session.

        Raises: Problem.
        """
        await self._grant(grant_type="password", username=username, password=password)

    async def logout(self) -> None:
        """End the session everywhere."""
        await self.request("POST", "/v1/oauth/logout")
        self._access_token = self._refresh_token = ""

    async def _grant(self, **form: str) -> None:
        headers = {"content-type": "application/x-www-form-urlencoded"}
        answer = await self.http.request("POST", "/v1/oauth/token", urlencode(form, quote_via=quote).encode(), headers)
        grant = _body(answer)
        self._access_token, self._refresh_token = grant["access_token"], grant["refresh_token"]
        self._refresh_at = time.monotonic() + grant["expires_in"] - REFRESH_BEFORE_S

    async def _authorization(self) -> dict[str, str]:
        """The header that says who asks; refreshed from one place, because a refresh token works once."""
        if self._refresh_token and time.monotonic() >= self._refresh_at:
            async with self._refreshing:
                if time.monotonic() >= self._refresh_at:
                    await self._grant(grant_type="refresh_token", refresh_token=self._refresh_token)
        return {"authorization": f"Bearer {self._access_token}"} if self._access_token else {}

    # --- Asking -------------------------------------------------------------------------------------------------------

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Response:
        """One request as this user, whatever comes of it."""
        return await self.http.request(method, path, body, {**await self._authorization(), **(headers or {})})

    async def get(self, path: str, **query: Any) -> Any:
        """Read something.

        Raises: Problem.
        """
        text = urlencode({name: value for name, value in query.items() if value is not None})
        return _body(await self.request("GET", f"{path}?{text}" if text else path))

    async def post(self, path: str, command: Mapping[str, Any] | msgspec.Raw, key: str = "") -> Any:
        """Send a command, or its JSON as it is, and wait until it is durable; with a key, a failure on the way is
        tried again safely.

        Raises: Problem; OSError or TimeoutError when nothing is known of what became of it.
        """
        headers = {"content-type": "application/json", **({"idempotency-key": key} if key else {})}
        raw = msgspec.json.encode(command)
        for attempt in range(TRIES):
            last = not key or attempt == TRIES - 1
            try:
                answer = await self.request("POST", path, raw, headers)
            except (OSError, asyncio.IncompleteReadError):
                if last:
                    raise
            else:
                if answer.status != 503 or last:
                    return _body(answer)
            await asyncio.sleep(PAUSE_S * (attempt + 1))
        raise AssertionError("the last attempt returns or raises")

    async def ticket(self) -> str:
        """A one-time ticket for a stream; one too many does no harm, so a failure on the way is tried again.

        Raises: Problem.
        """
        for attempt in range(TRIES):
            answer = await self.request("POST", "/v1/stream/ticket")
            if answer.status != 503 or attempt == TRIES - 1:
                ticket: str = _body(answer)["ticket"]
                return ticket
            await asyncio.sleep(PAUSE_S * (attempt + 1))
        raise AssertionError("the last attempt returns or raises")

    def stream(self) -> Stream:
        """A stream as this user: `async with client.stream() as stream`."""
        scheme = "wss" if self.http.secure else "ws"
        return Stream(f"{scheme}://{self.http.authority}/v1/stream", self.ticket)


class CounterpartyClient:
    """The signed door: every request signed with a registered key, every answer checked against the exchange's.

    `exchange_keys` pins the keys that may sign answers; without it they are fetched at first use, over the same line.
    """

    def __init__(
        self,
        base_url: str,
        key_id: str,
        private_key: Ed25519PrivateKey,
        exchange_keys: Mapping[str, Ed25519PublicKey] | None = None,
    ) -> None:
        self.http = Http(base_url)
        self._base_url = base_url.rstrip("/")
        self._signer = RequestSigner(key_id, private_key)
        self._checker = AnswerChecker(exchange_keys) if exchange_keys is not None else None

    async def __aenter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.http.close()

    async def get(self, path: str, **query: Any) -> Any:
        """Read something.

        Raises: Problem, UntrustedAnswer.
        """
        text = urlencode({name: value for name, value in query.items() if value is not None})
        return await self._ask("GET", f"{path}?{text}" if text else path, None, "")

    async def post(self, path: str, command: Mapping[str, Any], key: str) -> Any:
        """Send a command; sent again with the same key it is the same command, under a signature of its own.

        Raises: Problem, UntrustedAnswer.
        """
        return await self._ask("POST", path, msgspec.json.encode(command), key)

    async def _ask(self, method: str, path: str, body: bytes | None, key: str) -> Any:
        checker = self._checker or await self._fetch_keys()
        signed = self._signer.sign(method, self._base_url + path, body=body, idempotency_key=key)
        answer = await self.http.request(method, path, signed.body, signed.headers)
        # Who is not known gets an unsigned 401 or 429: it changed nothing, and says so itself.
        if not (answer.status in (401, 429) and "signature" not in answer.headers):
            checker.check(signed, answer.status, answer.headers, answer.body)
        return _body(answer)

    async def _fetch_keys(self) -> AnswerChecker:
        listed = _body(await self.http.request("GET", "/v1/keys/exchange"))["keys"]
        keys = {
            key["kid"]: Ed25519PublicKey.from_public_bytes(unb64url(key["x"]))
            for key in listed
            if key["purpose"] == Purpose.ANSWER.value
        }
        self._checker = AnswerChecker(keys)
        return self._checker


def _body(answer: Response) -> Any:
    """The answer's body, or the problem it is."""
    if answer.status >= 400:
        try:
            problem = answer.json()
        except msgspec.DecodeError:
            problem = None
        raise Problem(answer.status, problem if isinstance(problem, dict) else {"detail": answer.body[:200].decode()})
    return answer.json()
