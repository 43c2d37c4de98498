# An open order as compiled code sees it; exchange/engine/open_order.py says what the fields mean.

cdef extern from "fees.hpp":
    cdef cppclass FeeTerms "exchange::FeeTerms":
        long long rate_ppm, minimum_minor, maximum_minor
        long long fee(long long notional_minor)

cdef class Numbers:
    cdef public long long book_n, trade_n, last_price_ticks, special

cdef class Fees:
    cdef FeeTerms terms

cdef class OpenOrder:
    cdef public object client_order_id, side, order_type, time_in_force, fee_row, conditions
    cdef public object order_id, account_id, instrument_id, hold_asset_id  # as dicts know them
    cdef public long long price_ticks, quantity_lots, remaining_lots, hold_units, notional_minor, charged_minor
    cdef public long long fee_version, max_notional_minor, priority, connection_id, epoch, entered_by, partner_id
    cdef public bint cancel_on_disconnect
    cdef Fees fees
