"""Settings → a running exchange: store, bus, node, tables to read, edge, server; and its end without loss.

The node runs in the server's own event loop; a commit of a large batch and every question to the tables run in threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import psycopg
import structlog
import uvicorn
from fastapi import FastAPI
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from api.app import create_app
from api.auth.codes import EdgeRefused
from api.auth.edge_store import EdgeStoreMismatch, edge_url
from api.auth.edge_tables import Credential
from api.blobs import FolderBlobs
from api.cursors import Cursors, kept_secret
from api.directory import Directory
from api.limits import Limits
from api.metrics import Metrics
from api.proofs.keeper import HeadKeeper
from api.services import Edge, Services, open_edge_services
from api.settings import EdgeSettings
from api.stream import uvicorn_link
from api.stream.uvicorn_link import StreamProtocol
from exchange.bus_nats import STREAM, FeedRow, NatsFeed
from exchange.core.ids import NODE, UserId
from exchange.core.membership import FoundExchange, User, UserRegistered
from exchange.core.parties import Role
from exchange.node import head_file
from exchange.node.clock import SystemClock
from exchange.node.head_file import HeadFile
from exchange.node.keeper import Keeper
from exchange.node.local import LocalBus, LocalFeed
from exchange.node.ports import Clock, NodeFault, Store
from exchange.node.sequencer import Sequencer
from exchange.store.postgres import PostgresStore
from exchange.store.queries.feed import journal_after
from exchange.store.queries.reader import ReadFault, Reads
from exchange.store.sqlite import SqliteStore

GRACE_S = 10
VENUE_NAME = "IP Exchange"
OPERATOR_NAME = "operator"

log = structlog.get_logger("exchange")


class Settings(EdgeSettings):
    """Everything the exchange may be told from outside, as EXCHANGE_<NAME> in the environment."""

    data_dir: Path = Path("var")
    database_url: str = ""
    """sqlite:///FILE or postgresql://…; empty: a SQLite file in the data folder."""
    edge_database_url: str = ""
    """Where credentials and nonces are kept; empty: beside the journal."""
    bus_url: str = ""
    """nats://…: committed batches are published there too; empty: nowhere."""
    bus_stream: str = Field(default=STREAM, pattern=r"^[A-Za-z0-9_]{1,64}$")
    """The JetStream stream they go to: a name of its own for each exchange that shares a NATS."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65_535)
    venue_name: str = VENUE_NAME
    operator_name: str = OPERATOR_NAME
    operator_password: str = ""
    """The first operator's password; empty: made, and printed once."""
    log_level: str = "info"
    accept_head: bool = False
    """Start although the journal ends before the head kept outside it: what came after is given up."""

    @property
    def store_url(self) -> str:
        """The journal's database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'exchange.sqlite'}"

    @property
    def edge_url(self) -> str:
        """The edge's database."""
        if self.edge_database_url:
            return self.edge_database_url
        if self.store_url.startswith("sqlite"):
            return edge_url(self.data_dir).render_as_string(hide_password=False)
        return driver_url(self.store_url)


class StartRefused(Exception):  # noqa: N818 - it reads as the refusal to start that it is
    """The exchange cannot start; the text is one line for whoever started it."""


@contextlib.contextmanager
def one_line_faults() -> Iterator[None]:
    """Turn what the world did to a start into the one line that says so; bugs keep their stacks."""
    try:
        yield
    except NodeFault as fault:
        raise StartRefused(f"{fault.code}: {fault.detail}") from fault
    except (OperationalError, psycopg.OperationalError) as error:
        raise StartRefused(f"the database does not answer: {str(error).splitlines()[0]}") from error
    except (EdgeRefused, EdgeStoreMismatch) as refusal:
        raise StartRefused(str(refusal)) from refusal


def driver_url(url: str) -> str:
    """A PostgreSQL address with the one driver we carry."""
    scheme, rest = url.split("://", 1)
    return f"{'postgresql+psycopg' if scheme in {'postgres', 'postgresql'} else scheme}://{rest}"


def open_store(settings: Settings, clock: Clock) -> Store:
    """The store a database URL names."""
    url = settings.store_url
    if url.startswith("sqlite:///"):
        return SqliteStore(Path(url.removeprefix("sqlite:///")), clock)
    if url.startswith("postgres"):
        return PostgresStore(driver_url(url), clock)
    raise StartRefused(f"no store for {url.partition(':')[0]!r}: use sqlite:///FILE or postgresql://…")


def _require_font(settings: Settings) -> None:
    """Find a font that cannot be used now, and not when the first member asks for a PDF."""
    if settings.pdf_font is None:
        return
    from api.exports.lettering import letters

    try:
        letters(settings.pdf_font)
    except OSError as error:
        raise StartRefused(f"EXCHANGE_PDF_FONT: {error}") from None


def build_services(settings: Settings, clock: Clock | None = None) -> Services:
    """Everything but a running node and a listening socket.

    Raises: StartRefused when no store has such a URL, its database does not answer, or `pdf_font` names no font.
    """
    if not settings.store_url.startswith(("sqlite:///", "postgres")):
        raise StartRefused(
            f"no store for {settings.store_url.partition(':')[0]!r}: use sqlite:///FILE or postgresql://…"
        )
    _require_font(settings)
    clock = clock or SystemClock()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    bus, feed = LocalBus(), LocalFeed()
    keeper = Keeper(
        lambda: open_store(settings, clock),
        bus,
        feed,
        clock,
        head_file=HeadFile(settings.data_dir / head_file.FILE_NAME),
        accept_head=settings.accept_head,
    )
    directory, metrics = Directory(clock), Metrics()
    with one_line_faults():
        edge = open_edge_services(settings.edge_url, settings, directory)
    services = Services(
        settings=settings,
        clock=clock,
        bus=bus,
        feed=feed,
        keeper=keeper,
        reads=Reads(
            settings.store_url,
            readers=settings.readers,
            waiting=settings.reads_waiting,
            seconds=settings.read_seconds,
        ),
        directory=directory,
        edge=edge,
        blobs=FolderBlobs(settings.data_dir / "blobs"),
        metrics=metrics,
        limits=Limits(settings.requests_per_second),
        cursors=Cursors(kept_secret(settings.data_dir / "cursors.key")),
        proofs=open_proofs(settings, edge),
    )
    keeper.guards.append(lambda chain_at, head, accept: services.proofs.refuse_behind(chain_at, head, accept=accept))
    feed.subscribe(directory)
    feed.subscribe(metrics)

    def restore(sequencer: Sequencer) -> None:
        records = [record for table in sequencer.state.records.values() for record in table.values()]
        directory.restore(records, sequencer.head.sequence)
        sequencer.on_stage = metrics.stage

    keeper.on_ready.append(restore)
    metrics.gauge("exchange_queue_fast", "Commands waiting in the fast lane.", lambda: float(len(bus.fast)))
    metrics.gauge("exchange_queue_slow", "Commands waiting in the slow lane.", lambda: float(len(bus.slow)))
    metrics.gauge("exchange_sequence", "The last committed sequence.", lambda: float(directory.sequence))
    metrics.gauge(
        "exchange_head_size", "Rows under the newest signed head.", lambda: float(services.proofs.signed_size)
    )
    metrics.gauge(
        "exchange_head_broken_at",
        "The first row that does not follow from its chain; 0: none.",
        lambda: float(services.proofs.broken_at),
    )
    metrics.gauge("exchange_node_starts", "Times a node started in this process.", lambda: float(keeper.starts))
    if settings.bus_url:
        publish_outward(services, settings.bus_url, settings.bus_stream)
    return services


def open_proofs(settings: Settings, edge: Edge) -> HeadKeeper:
    """What signs heads of the journal, with a connection of its own to the tables.

    Raises: StartRefused when its key is not the one that signed last.
    """
    reads = Reads(settings.store_url, readers=1, waiting=1)
    proofs = HeadKeeper(
        edge.store,
        reads,
        settings.data_dir,
        head_seconds=settings.head_seconds,
        checkpoint_seconds=settings.checkpoint_seconds,
    )
    with one_line_faults():
        proofs.open()
    return proofs


def publish_outward(services: Services, url: str, name: str) -> None:
    """Publish committed batches to NATS too, from the first start of the node until after its end.

    Raises: StartRefused bus.url_unsupported.
    """

    async def journal(after: int) -> list[FeedRow]:
        try:
            found = await asyncio.wrap_future(services.reads.submit(partial(journal_after, after=after)))
        except ReadFault as fault:
            raise NodeFault(fault.code) from fault
        return [FeedRow(*row) for row in found]

    try:
        outward = NatsFeed(url, journal, name=name)
    except NodeFault as fault:
        raise StartRefused(f"{fault.code}: {fault.detail}") from None
    services.feed.subscribe(outward)
    services.keeper.on_ready.append(lambda sequencer: outward.reach(sequencer.head.sequence))
    services.enders.append(outward.close)
    services.metrics.gauge(
        "exchange_feed_behind", "Committed sequences that JetStream does not have yet.", lambda: float(outward.behind)
    )
    services.metrics.gauge(
        "exchange_feed_connected", "Whether JetStream takes batches.", lambda: float(outward.connected)
    )


@asynccontextmanager
async def running(services: Services) -> AsyncIterator[Services]:
    """Run the node, and the edge's own upkeep, for as long as the block.

    Raises: StartRefused when the first start fails (another node holds the database, the clock is behind).
    """
    keeper = asyncio.create_task(services.keeper.run(), name="keeper")
    ready = asyncio.create_task(services.keeper.ready.wait())
    upkeep = asyncio.create_task(_upkeep(services), name="upkeep")
    keeper.add_done_callback(lambda _: [tell() for tell in services.on_node_over])
    heads: asyncio.Task[None] | None = None
    ends: set[asyncio.Task[None]] = set()

    def end_sessions(user_id: UserId) -> None:
        task = asyncio.create_task(_end_sessions(services, user_id))
        ends.add(task)
        task.add_done_callback(ends.discard)

    services.directory.on_suspended.append(end_sessions)
    try:
        await asyncio.wait([keeper, ready], return_when=asyncio.FIRST_COMPLETED)
        if keeper.done():
            with one_line_faults():
                keeper.result()
        heads = asyncio.create_task(services.proofs.run(), name="heads")
        yield services
    finally:
        for task in (upkeep, ready, *((heads,) if heads is not None else ())):
            task.cancel()
        for close in reversed(services.closers):
            await close()
        services.keeper.close()
        with contextlib.suppress(Exception):
            await keeper
        for end in services.enders:
            await end()
        await services.proofs.close()
        services.reads.close()
        services.edge.close()


async def _end_sessions(services: Services, user_id: UserId) -> None:
    try:
        await services.edge.sessions.revoke_user(user_id, "suspended")
    except Exception as error:
        log.warning("sessions.not_ended", user_id=user_id, error=repr(error))


async def _upkeep(services: Services) -> None:
    """Twice a minute: take in keys that another gateway rotated, and forget what has expired."""
    while True:
        await asyncio.sleep(30)
        try:
            await asyncio.to_thread(services.edge.ring.reload)
            await services.edge.sessions.purge()
        except Exception as error:
            log.warning("edge.upkeep_failed", error=repr(error))


async def found(services: Services, settings: Settings) -> str:
    """On an empty exchange, name the venue and its first operator; answers the password if one was made.

    A crash between the command and the password is healed by the next start: an operator without one gets one.
    """
    directory = services.directory
    if not directory.members:
        command = FoundExchange(venue_name=settings.venue_name, operator_name=settings.operator_name)
        outcome = await services.bus.submit(command, NODE)
        operator = next(event.user for event in outcome.events if isinstance(event, UserRegistered))
    else:
        operators = [user for user in directory.users.values() if Role.OPERATOR in user.roles]
        operator = min(operators, key=lambda user: user.user_id)
        if await has_password(services, operator):
            return ""
    password = settings.operator_password or secrets.token_urlsafe(18)
    await services.edge.passwords.set(operator.user_id, operator.user_name, password)
    log.info("operator.password_set", user_name=operator.user_name)
    return "" if settings.operator_password else password


async def has_password(services: Services, user: User) -> bool:
    """Whether the user can log in."""
    query = select(Credential.user_id).where(Credential.user_id == user.user_id)
    return await services.edge.store.run(lambda connection: connection.execute(query).first() is not None)


class Server(uvicorn.Server):
    """A server that leaves the signals to `serve`, which has a node to end after it."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Leave signals alone."""
        yield


async def serve(settings: Settings, tell: Callable[[str], None] = print) -> None:
    """Serve until SIGTERM or SIGINT; then answer what is open, stop the node, close the files.

    Raises: StartRefused.
    """
    listening = listen(settings.host, settings.port)
    services = build_services(settings)
    app = create_app(services)
    server = Server(server_config(app))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    # A server without a node behind it would answer nothing but 503: end, so that whoever keeps us starts us again.
    services.on_node_over.append(lambda: setattr(server, "should_exit", True))
    async with running(services):
        password = await found(services, settings)
        host, port = listening.getsockname()[:2]
        if password:
            tell(f"The first operator is {settings.operator_name!r}, password {password!r}; it is not shown again.")
        tell(f"Serving on http://{host}:{port}")
        log.info("server.listening", host=host, port=port)
        await server.serve(sockets=[listening])
    log.info("server.stopped")


@asynccontextmanager
async def serving(settings: Settings, clock: Clock | None = None) -> AsyncIterator[tuple[Services, str]]:
    """An exchange that answers on its address for as long as the block, founded if it was empty.

    Raises: StartRefused.
    """
    listening = listen(settings.host, settings.port)
    host, port = listening.getsockname()[:2]
    services = build_services(settings, clock)
    server = Server(server_config(create_app(services)))
    async with running(services):
        await found(services, settings)
        served = asyncio.create_task(server.serve(sockets=[listening]), name="server")
        try:
            while not server.started and not served.done():  # noqa: ASYNC110 - the server tells it by no event
                await asyncio.sleep(0.01)
            yield services, f"http://{host}:{port}"
        finally:
            server.should_exit = True
            await served


def server_config(app: FastAPI) -> uvicorn.Config:
    """The server as measured fastest: uvloop, httptools, sans-I/O WebSockets without compression, one process."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws=StreamProtocol,
        ws_max_size=uvicorn_link.MAX_MESSAGE,
        ws_per_message_deflate=False,  # it costs a third of all orders
        ws_ping_interval=uvicorn_link.PING_SECONDS,
        ws_ping_timeout=uvicorn_link.PING_SECONDS,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=65,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises: StartRefused if the address is taken or not ours.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2_048)
        listening.setblocking(False)
    except OSError as error:
        raise StartRefused(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listening
