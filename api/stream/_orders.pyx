# distutils: language = c++
# cython: boundscheck=False, wraparound=False
"""The order messages that nearly everybody sends, read in one pass: JSON → command, its key and its journal bytes.

It takes only what is spelled plainly: one flat object of fields it knows, each once, no white space, no escapes, ASCII,
every value within its bounds. Whatever is spelled otherwise, or might be refused, it leaves alone, and requests.py
reads it: that is the specification, and tests/api/stream/test_plain_orders.py compares the two message by message.
"""

from libc.stdint cimport int64_t
from libc.string cimport memcmp, memset
from cpython.bytes cimport PyBytes_FromStringAndSize

import msgspec

from exchange.core.ids import MAX_ID, MAX_SEQUENCE, ORDINALS, SHARD
from exchange.core.instruments import OrderType, Side, TimeInForce
from exchange.core.units import MAX_INTEGER
from matching.messages import CancelOrder, PlaceOrder, ReplaceOrder

cdef extern from *:
    """
    #include "msgpack.hpp"

    namespace exchange {

    inline std::string_view view(const char* data, Py_ssize_t size) { return {data, static_cast<std::size_t>(size)}; }

    }
    """
    cdef cppclass string_view "std::string_view":
        pass
    cdef cppclass Writer "exchange::Writer":
        void clear()
        void array(unsigned length)
        void integer(int64_t value)
        void text(string_view value)
        const char* data()
        size_t size()
    string_view view "exchange::view"(const char* data, Py_ssize_t size)

cdef extern from "Python.h":
    str PyUnicode_FromStringAndSize(const char* text, Py_ssize_t size)

cdef enum:
    TYPE, ID, CLIENT_ORDER_ID, ACCOUNT_ID, INSTRUMENT_ID, ORDER_ID, SIDE, QUANTITY_LOTS, PRICE_TICKS, ORDER_TYPE, \
        TIME_IN_FORCE, NAMES

cdef struct Value:
    const char* text  # of a text; none for a number
    Py_ssize_t size  # of a text; -1 for a number, 0 where the field is missing or empty
    int64_t number

NAME_LIST = [
    b"type", b"id", b"client_order_id", b"account_id", b"instrument_id", b"order_id", b"side", b"quantity_lots",
    b"price_ticks", b"order_type", b"time_in_force",
]

cdef const char* names[NAMES]
cdef Py_ssize_t name_sizes[NAMES]
for _place in range(NAMES):
    names[_place] = NAME_LIST[_place]
    name_sizes[_place] = len(NAME_LIST[_place])

cdef int64_t MOST = MAX_INTEGER
cdef int64_t LAST_SEQUENCE = MAX_SEQUENCE
cdef int64_t ID_ORDINALS = ORDINALS
cdef int MAX_TEXT = 64

cdef bytes ACCOUNT = b"A%d-" % SHARD
cdef bytes INSTRUMENT = b"I%d-" % SHARD
cdef bytes ORDER = b"O%d-" % SHARD
cdef dict SIDES = {str(side): side for side in Side}
cdef dict ORDER_TYPES = {str(kind): kind for kind in (OrderType.LIMIT, OrderType.MARKET)}
cdef dict TIMES = {
    str(time): time for time in (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK)
}


cdef Writer writer


cdef bint spelled(const char* at, const char* end, Value* values) noexcept:
    """Whether all of the text is one flat object of fields we know, in plain spelling; their values.

    The text ends with a zero, which no step accepts, so none runs past the end.
    """
    cdef const char* start
    cdef int place
    if at[0] != c"{":
        return False
    while True:
        at += 1
        if at[0] != c'"':
            return False
        start = at + 1
        at = end_of_text(start)
        if at == NULL or at[1] != c":":
            return False
        place = place_of(start, at - start)
        if place == NAMES or values[place].size:
            return False
        at += 2
        if at[0] == c'"':
            start = at + 1
            at = end_of_text(start)
            if at == NULL or at - start > MAX_TEXT or at == start:
                return False
            values[place].text, values[place].size = start, at - start
            at += 1
        else:
            at = read_number(at, 16, &values[place].number)
            if at == NULL or values[place].number > MOST:
                return False
            values[place].size = -1
        if at[0] == c"}":
            return at + 1 == end
        if at[0] != c",":
            return False


cdef inline const char* end_of_text(const char* at) noexcept:
    """The quotation mark that ends a text of printable ASCII without escapes; none if it is another text."""
    while at[0] != c'"':
        if at[0] < 0x20 or at[0] > 0x7e or at[0] == c"\\":
            return NULL
        at += 1
    return at


cdef inline int place_of(const char* name, Py_ssize_t size) noexcept:
    cdef int place
    for place in range(NAMES):
        if name_sizes[place] == size and memcmp(names[place], name, size) == 0:
            return place
    return NAMES


cdef inline const char* read_number(const char* at, int digits, int64_t* number) noexcept:
    """Behind a natural number of at most so many digits, without needless zeros; none if there is no such number."""
    cdef const char* start = at
    number[0] = 0
    while c"0" <= at[0] <= c"9":
        if at - start == digits:
            return NULL
        number[0] = 10 * number[0] + (at[0] - c"0")
        at += 1
    if at == start or (start[0] == c"0" and at - start > 1):
        return NULL
    return at


cdef bint identifier(const Value* value, bytes prefix, int64_t* found) noexcept:
    """Whether the value is an identifier with this prefix, in its one canonical spelling (exchange.core.ids)."""
    cdef const char* at = value.text
    cdef int64_t sequence, ordinal = 0
    cdef Py_ssize_t head = len(prefix)
    if value.size <= head or memcmp(at, <const char*>prefix, head) != 0:
        return False
    at = read_number(at + head, 13, &sequence)
    if at == NULL or sequence > LAST_SEQUENCE:
        return False
    if at[0] == c"-":
        at = read_number(at + 1, 4, &ordinal)
        if at == NULL or not 0 < ordinal < ID_ORDINALS:
            return False
    found[0] = sequence * ID_ORDINALS + ordinal
    return at == value.text + value.size


cdef bint is_code(const Value* value) noexcept:
    """Whether the value is a text without spaces; the rest of a Code is in how it is spelled."""
    cdef Py_ssize_t place
    if value.size < 1:
        return False
    for place in range(value.size):
        if value.text[place] == c" ":
            return False
    return True


cdef inline bint is_above_zero(const Value* value) noexcept:
    return value.size == -1 and value.number > 0


cdef inline str text_of(const Value* value):
    if value.size < 0:
        return ""
    return PyUnicode_FromStringAndSize(value.text, value.size)


cdef bint only(const Value* values, unsigned allowed) noexcept:
    """Whether no field came but these, besides type and id."""
    cdef int place
    for place in range(CLIENT_ORDER_ID, NAMES):
        if values[place].size and not (allowed >> place) & 1:
            return False
    return True


cdef inline void put(const Value* value) noexcept:
    writer.text(view(value.text, value.size))


def defaults_behind(kind, *known):
    """The journal bytes of a command's fields behind those we know, all at their defaults.

    Raises: ImportError if the fields we know are not where they were; then requests.py reads every message.
    """
    fields = msgspec.structs.fields(kind)
    if kind.__struct_fields__[: len(known)] != known or any(field.required for field in fields[len(known) :]):
        raise ImportError(f"the fields of {kind.__name__} are not those that were compiled")
    return b"".join(msgspec.msgpack.encode(field.default) for field in fields[len(known) :])


cdef bytes PLACE_REST = defaults_behind(
    PlaceOrder, "client_order_id", "account_id", "instrument_id", "side", "quantity_lots", "price_ticks", "order_type",
    "time_in_force",
)
cdef bytes CANCEL_REST = defaults_behind(CancelOrder, "account_id", "order_id")
cdef bytes REPLACE_REST = defaults_behind(
    ReplaceOrder, "account_id", "order_id", "client_order_id", "price_ticks", "quantity_lots"
)
cdef unsigned PLACE_LENGTH = 1 + len(PlaceOrder.__struct_fields__)
cdef unsigned CANCEL_LENGTH = 1 + len(CancelOrder.__struct_fields__)
cdef unsigned REPLACE_LENGTH = 1 + len(ReplaceOrder.__struct_fields__)

_defaults = {field.name: field.default for field in msgspec.structs.fields(PlaceOrder)}
cdef bytes ANY_TYPE = str(_defaults["order_type"]).encode()
cdef bytes ANY_TIME = str(_defaults["time_in_force"]).encode()


def plain_order(bytes raw not None):
    """A plainly spelled order's `(id, command, key, journal bytes)`; None leaves the message to requests.py."""
    cdef Value values[NAMES]
    cdef const char* text = raw
    cdef Value* kind = &values[TYPE]
    memset(values, 0, sizeof(values))
    if not spelled(text, text + len(raw), values):
        return None
    if says(kind, b"order.place"):
        return place(values)
    if says(kind, b"order.cancel"):
        return cancel(values)
    if says(kind, b"order.replace"):
        return replace(values)
    return None


cdef object place(Value* values):
    cdef int64_t account_id, instrument_id
    cdef Value* code = &values[CLIENT_ORDER_ID]
    if not (
        is_code(code)
        and identifier(&values[ACCOUNT_ID], ACCOUNT, &account_id)
        and identifier(&values[INSTRUMENT_ID], INSTRUMENT, &instrument_id)
        and is_above_zero(&values[QUANTITY_LOTS])
        and is_above_zero(&values[PRICE_TICKS])
        and values[SIDE].size > 0
        and values[ORDER_ID].size == 0
    ):
        return None
    default(&values[ORDER_TYPE], ANY_TYPE)
    default(&values[TIME_IN_FORCE], ANY_TIME)
    side, order_type = SIDES.get(text_of(&values[SIDE])), ORDER_TYPES.get(text_of(&values[ORDER_TYPE]))
    time_in_force = TIMES.get(text_of(&values[TIME_IN_FORCE]))
    if side is None or order_type is None or time_in_force is None:
        return None
    client_order_id = text_of(code)
    command = PlaceOrder(
        client_order_id=client_order_id,
        account_id=account_id,
        instrument_id=instrument_id,
        side=side,
        quantity_lots=values[QUANTITY_LOTS].number,
        price_ticks=values[PRICE_TICKS].number,
        order_type=order_type,
        time_in_force=time_in_force,
    )
    begin(PLACE_LENGTH, &values[TYPE])
    put(code)
    writer.integer(account_id)
    writer.integer(instrument_id)
    put(&values[SIDE])
    writer.integer(values[QUANTITY_LOTS].number)
    writer.integer(values[PRICE_TICKS].number)
    put(&values[ORDER_TYPE])
    put(&values[TIME_IN_FORCE])
    return echo(&values[ID]), command, f"order {account_id} {client_order_id}", written(PLACE_REST)


cdef object cancel(Value* values):
    cdef int64_t account_id, order_id
    if not (
        identifier(&values[ACCOUNT_ID], ACCOUNT, &account_id)
        and identifier(&values[ORDER_ID], ORDER, &order_id)
        and only(values, (1 << ACCOUNT_ID) | (1 << ORDER_ID))
    ):
        return None
    begin(CANCEL_LENGTH, &values[TYPE])
    writer.integer(account_id)
    writer.integer(order_id)
    return echo(&values[ID]), CancelOrder(account_id=account_id, order_id=order_id), "", written(CANCEL_REST)


cdef object replace(Value* values):
    cdef int64_t account_id, order_id
    cdef Value* code = &values[CLIENT_ORDER_ID]
    if not (
        is_code(code)
        and identifier(&values[ACCOUNT_ID], ACCOUNT, &account_id)
        and identifier(&values[ORDER_ID], ORDER, &order_id)
        and is_above_zero(&values[QUANTITY_LOTS])
        and is_above_zero(&values[PRICE_TICKS])
        and only(values, (1 << ACCOUNT_ID) | (1 << ORDER_ID) | (1 << CLIENT_ORDER_ID) | (1 << QUANTITY_LOTS)
                 | (1 << PRICE_TICKS))
    ):
        return None
    client_order_id = text_of(code)
    command = ReplaceOrder(
        account_id=account_id,
        order_id=order_id,
        client_order_id=client_order_id,
        price_ticks=values[PRICE_TICKS].number,
        quantity_lots=values[QUANTITY_LOTS].number,
    )
    begin(REPLACE_LENGTH, &values[TYPE])
    writer.integer(account_id)
    writer.integer(order_id)
    put(code)
    writer.integer(values[PRICE_TICKS].number)
    writer.integer(values[QUANTITY_LOTS].number)
    return echo(&values[ID]), command, f"order {account_id} {client_order_id}", written(REPLACE_REST)


cdef inline bint says(const Value* value, bytes text) noexcept:
    return value.size == len(text) and memcmp(value.text, <const char*>text, len(text)) == 0


cdef inline void default(Value* value, bytes text) noexcept:
    """Let a field that did not come say what it says by default; a number there stays, and no name is like it."""
    if value.size == 0:
        value.text, value.size = <const char*>text, len(text)


cdef inline object echo(const Value* value):
    """The client's own number or name for the message."""
    return value.number if value.size == -1 else text_of(value) if value.size else None


cdef inline void begin(unsigned length, const Value* kind) noexcept:
    writer.clear()
    writer.array(length)
    put(kind)


cdef inline bytes written(bytes rest):
    cdef bytes head = PyBytes_FromStringAndSize(writer.data(), writer.size())
    return head + rest if rest else head
