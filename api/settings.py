"""What the edge may be told from outside: names, limits and lifetimes. The environment writes them EXCHANGE_<NAME>."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EdgeSettings(BaseSettings):
    """The edge's part of the settings; every default is meant for one machine on loopback."""

    model_config = SettingsConfigDict(env_prefix="EXCHANGE_", extra="ignore")

    issuer: str = "ip-exchange"
    """Who access tokens say issued them."""
    audience: str = "ip-exchange-api"
    """For whom access tokens are good."""
    authorities: tuple[str, ...] = ("127.0.0.1:8000", "localhost:8000")
    """The Host headers under which signed requests may reach this exchange."""
    allowed_origins: tuple[str, ...] = ("http://127.0.0.1:8000", "http://localhost:8000")
    """Pages that may open a stream."""

    max_body_bytes: int = Field(default=65_536, ge=1_024, le=1_048_576)
    body_seconds: float = Field(default=10.0, gt=0)
    """How long a client may take to send its body."""
    max_upload_bytes: int = Field(default=134_217_728, ge=1_024)
    """The largest list of patents."""
    upload_seconds: float = Field(default=300.0, gt=0)
    """How long a client may take to send one."""
    max_requests_open: int = Field(default=2_000, ge=1)
    """HTTP requests in progress; one more is answered edge.busy."""
    requests_per_second: int = Field(default=2_000, ge=1)
    """A client's budget, by user once known, else by address; bursts may be twice as large."""
    answer_seconds: float = Field(default=30.0, gt=0)
    """How long a request waits for its command's outcome before it is answered node.slow; the key finds it later."""

    readers: int = Field(default=2, ge=1, le=32)
    """Threads, and read-only connections, that answer questions."""
    reads_waiting: int = Field(default=64, ge=1)
    read_seconds: float = Field(default=2.0, gt=0, le=10)
    """The longest snapshot a question may hold."""
    min_sequence_seconds: float = Field(default=2.0, gt=0, le=30)
    """The longest wait for a sequence the reader asked to see."""

    head_seconds: float = Field(default=10.0, gt=0)
    """How often a head of the journal is signed, where there is something new."""
    checkpoint_seconds: float = Field(default=600.0, gt=0)
    """How often a head also covers every holding."""

    pdf_font: Path | None = None
    """A TrueType font that has Chinese, of which PDFs carry the letters they use; without it one that is installed."""

    password_time_cost: int = Field(default=3, ge=1)
    password_memory_kib: int = Field(default=65_536, ge=8)
    password_parallelism: int = Field(default=4, ge=1)
