from exchange.core.messages import Command, Header
from exchange.engine.desk import Decided
from exchange.engine.state import ExchangeState

class Desk:
    def __init__(self, state: ExchangeState) -> None: ...
    def decide(self, header: Header, command: Command) -> Decided | None: ...
