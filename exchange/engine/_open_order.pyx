# distutils: language = c++
"""Compiled twins of exchange/engine/open_order.py: the same fields, as machine integers."""


cdef class Numbers:
    """How far one instrument's public channels have come; see exchange/engine/open_order.py."""

    def __init__(self, long long book_n=0, long long trade_n=0, long long last_price_ticks=0, long long special=0):
        self.book_n = book_n
        self.trade_n = trade_n
        self.last_price_ticks = last_price_ticks
        self.special = special


cdef class Fees:
    """One fee row's figures."""

    def __init__(self, row):
        self.terms.rate_ppm = row.rate_ppm
        self.terms.minimum_minor = row.minimum_minor
        self.terms.maximum_minor = -1 if row.maximum_minor is None else row.maximum_minor


cdef class OpenOrder:
    """An order that may still trade; see exchange/engine/open_order.py."""

    def __init__(
        self, *, order_id, client_order_id, account_id, instrument_id, side, order_type, time_in_force,
        long long price_ticks, long long quantity_lots, long long remaining_lots, hold_asset_id, long long hold_units,
        long long notional_minor, long long charged_minor, long long fee_version, long long max_notional_minor,
        long long priority, bint cancel_on_disconnect, long long connection_id, long long epoch, long long entered_by,
        conditions=None, long long partner_id=0, fee_row=None,
    ):
        self.order_id = order_id
        self.client_order_id = client_order_id
        self.account_id = account_id
        self.instrument_id = instrument_id
        self.side = side
        self.order_type = order_type
        self.time_in_force = time_in_force
        self.price_ticks = price_ticks
        self.quantity_lots = quantity_lots
        self.remaining_lots = remaining_lots
        self.hold_asset_id = hold_asset_id
        self.hold_units = hold_units
        self.notional_minor = notional_minor
        self.charged_minor = charged_minor
        self.fee_version = fee_version
        self.max_notional_minor = max_notional_minor
        self.priority = priority
        self.cancel_on_disconnect = cancel_on_disconnect
        self.connection_id = connection_id
        self.epoch = epoch
        self.entered_by = entered_by
        self.conditions = conditions
        self.partner_id = partner_id
        self.fee_row = fee_row
