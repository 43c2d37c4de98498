# cython: boundscheck=False, wraparound=False, initializedcheck=False
# distutils: language = c++
"""The compiled book as Python sees it: the contract of matching.book_messages.Book, and two faster ways to speak to it.

`CompiledBook` answers every call of the contract as the plain book does. `enter` takes a plain limit order without
making a BookOrder of it and answers light events; `run` takes a batch of command records and answers event records,
without the interpreter's lock.
"""

cimport cython
from cpython.object cimport PyTypeObject
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libcpp cimport bool as truth

import numpy

from exchange.core.rejections import InvariantBroken
from matching.book_messages import (
    NO_INDICATION,
    BookEvent,
    BookLevel,
    BookOrder,
    BookRules,
    BookSide,
    BookState,
    Call,
    Indication,
    Kind,
    Matching,
    OrderState,
    Place,
    Reason,
    Refusal,
    SelfTrade,
    TimeLimit,
)


cdef extern from "Python.h":
    int64_t PyLong_AsLongLongAndOverflow(object, int*) except? -1
    object PyType_GenericAlloc(PyTypeObject*, Py_ssize_t)
    object PyBytes_FromStringAndSize(const char*, Py_ssize_t)


cdef extern from *:
    """
    #ifdef MATCHING_BREAKAGES
    static void break_book(int number) { matching::breakage = number; }
    #else
    static void break_book(int) {}
    #endif
    """
    void break_book(int)


EVENT_RECORD = numpy.dtype(
    [
        ("kind", "u1"),
        ("side", "u1"),
        ("reason", "u1"),
        ("flags", "u1"),
        ("command", "<u4"),
        ("order_id", "<i8"),
        ("other_id", "<i8"),
        ("price_ticks", "<i8"),
        ("lots", "<i8"),
        ("remaining_lots", "<i8"),
        ("other_remaining_lots", "<i8"),
        ("priority", "<i8"),
    ]
)

cdef object new_array = numpy.frombuffer
cdef object record_type = EVENT_RECORD
cdef PyTypeObject* event_type = <PyTypeObject*>BookEvent
cdef int CONTINUOUS = Matching.CONTINUOUS
cdef tuple REFUSALS = tuple(Refusal(number) for number in range(len(Refusal)))
cdef dict SIDES = {int(side): side for side in BookSide}


@cython.final
@cython.freelist(1024)
cdef class LightEvent:
    """One change, with the fields of BookEvent; they become Python's integers when they are read."""

    cdef Event event

    @property
    def kind(self):
        return self.event.kind

    @property
    def side(self):
        return self.event.side

    @property
    def reason(self):
        return self.event.reason

    @property
    def flags(self):
        return self.event.flags

    @property
    def order_id(self):
        return self.event.order_id

    @property
    def other_id(self):
        return self.event.other_id

    @property
    def price_ticks(self):
        return self.event.price_ticks

    @property
    def lots(self):
        return self.event.lots

    @property
    def remaining_lots(self):
        return self.event.remaining_lots

    @property
    def other_remaining_lots(self):
        return self.event.other_remaining_lots

    @property
    def priority(self):
        return self.event.priority

    def full(self):
        """The same as a BookEvent."""
        return named(&self.event)

    def __eq__(self, other):
        return isinstance(other, LightEvent) and self.full() == other.full()

    def __repr__(self):
        return f"Light{self.full()!r}"


cdef inline int put(object row, Py_ssize_t place, int64_t number) except -1:
    cdef object value = number
    Py_INCREF(value)  # the row keeps it
    PyTuple_SET_ITEM(row, place, value)
    return 0


cdef object named(const Event* event):
    """A BookEvent, laid out field by field: its own constructor takes longer than the match."""
    cdef object row = PyType_GenericAlloc(event_type, 11)
    put(row, 0, event.kind)
    put(row, 1, event.side)
    put(row, 2, event.reason)
    put(row, 3, event.flags)
    put(row, 4, event.order_id)
    put(row, 5, event.other_id)
    put(row, 6, event.price_ticks)
    put(row, 7, event.lots)
    put(row, 8, event.remaining_lots)
    put(row, 9, event.other_remaining_lots)
    put(row, 10, event.priority)
    return row


cdef inline int64_t number(object value) except? -2:
    """A Python integer as 64 bits; what does not fit is as invalid as a negative number."""
    cdef int overflow = 0
    cdef int64_t read = PyLong_AsLongLongAndOverflow(value, &overflow)
    return -1 if overflow else read


cdef inline uint8_t word(object value) except? 255:
    """A small integer; what does not fit is no word at all."""
    cdef int64_t read = number(value)
    return <uint8_t>read if 0 <= read < 255 else 255


cdef int read_order(object order, NewOrder* into) except -1:
    """A BookOrder's fields as numbers."""
    into.order_id = number(order.order_id)
    into.account_id = number(order.account_id)
    into.group_id = number(order.group_id)
    into.side = word(order.side)
    into.price_ticks = number(order.price_ticks)
    into.quantity_lots = number(order.quantity_lots)
    into.kind = word(order.kind)
    into.time_limit = word(order.time_limit)
    into.self_trade = word(order.self_trade)
    into.max_notional_ticks = number(order.max_notional_ticks)
    into.hidden = order.hidden
    into.post_only = order.post_only
    into.all_or_none = order.all_or_none
    into.display_lots = number(order.display_lots)
    into.minimum_lots = number(order.minimum_lots)
    into.stop_ticks = number(order.stop_ticks)
    into.trail_ticks = number(order.trail_ticks)
    into.offset_ticks = number(order.offset_ticks)
    into.oco_id = number(order.oco_id)
    return 0


cdef object state_of(const View& view):
    """What `restore` takes."""
    return OrderState(
        order=BookOrder(
            order_id=view.order.order_id,
            account_id=view.order.account_id,
            group_id=view.order.group_id,
            side=BookSide(view.order.side),
            price_ticks=view.order.price_ticks,
            quantity_lots=view.order.quantity_lots,
            kind=Kind(view.order.kind),
            time_limit=TimeLimit(view.order.time_limit),
            self_trade=SelfTrade(view.order.self_trade),
            max_notional_ticks=view.order.max_notional_ticks,
            hidden=view.order.hidden,
            post_only=view.order.post_only,
            all_or_none=view.order.all_or_none,
            display_lots=view.order.display_lots,
            minimum_lots=view.order.minimum_lots,
            stop_ticks=view.order.stop_ticks,
            trail_ticks=view.order.trail_ticks,
            offset_ticks=view.order.offset_ticks,
            oco_id=view.order.oco_id,
        ),
        place=Place(view.place),
        price_ticks=view.price,
        stop_ticks=view.stop,
        remaining_lots=view.remaining,
        shown_lots=view.shown,
        priority=view.priority,
        oco_id=view.oco,
    )


cdef class CompiledBook:
    """The open orders of one instrument (matching.book_messages.Book)."""

    def __init__(self, rules=None):
        if rules is None:
            rules = BookRules()
        self.core.reset(new Core(rules.auction, rules.allocation, rules.stop_trigger))

    # Reading

    def __len__(self):
        return self.core.get().size()

    def __contains__(self, order_id):
        return self.core.get().find(number(order_id)) != 0

    def order(self, order_id):
        """An open order."""
        cdef uint32_t place = self.core.get().find(number(order_id))
        return None if place == 0 else state_of(self.core.get().view(place))

    def orders(self):
        """Every open order, in ascending priority."""
        cdef const PlaceList* places = &self.core.get().by_priority()
        cdef size_t at
        return [state_of(self.core.get().view(places.begin()[at])) for at in range(places.size())]

    def state(self):
        """All beside the orders."""
        cdef CppState state = self.core.get().state()
        cdef const ReachList* reached = &self.core.get().reached()
        cdef const ShareList* shares = &self.core.get().shares()
        cdef size_t at
        return BookState(
            matching=Matching(state.matching),
            call=Call(state.call),
            fixed_ticks=state.fixed,
            last_ticks=state.last,
            reference_ticks=state.reference,
            band_low_ticks=state.band_low,
            band_high_ticks=state.band_high,
            next_priority=state.next_priority,
            reached=tuple([
                (reached.begin()[at].side, reached.begin()[at].price, reached.begin()[at].before)
                for at in range(reached.size())
            ]),
            uncross_ticks=state.uncross_price,
            uncross_lots=state.uncross_lots,
            shares=tuple([(shares.begin()[at].order_id, shares.begin()[at].lots) for at in range(shares.size())]),
            pegged_to=(state.pegged_to[0], state.pegged_to[1], state.pegged_to[2], state.pegged_to[3]),
        )

    def best(self, side):
        """The best visible price of a side, NO_PRICE if none."""
        return self.core.get().best(word(side))

    def levels(self, side, limit=0):
        """The visible prices, best first; zero: all of them."""
        cdef const LevelList* views = &self.core.get().levels(word(side), limit)
        cdef size_t at
        return [
            BookLevel(views.begin()[at].price, views.begin()[at].lots, views.begin()[at].orders)
            for at in range(views.size())
        ]

    @property
    def pending(self):
        """Whether something waits to be continued."""
        return self.core.get().pending()

    def indication(self):
        """What an auction would do now."""
        cdef CppIndication found = self.core.get().indication()
        if found.price == 0:
            return NO_INDICATION
        return Indication(found.price, found.lots, found.imbalance, found.side)

    def check(self, order, max_fills):
        """What `submit` would refuse with."""
        cdef NewOrder given
        read_order(order, &given)
        return REFUSALS[self.core.get().check(given, number(max_fills))]

    def check_replace(self, order_id, price_ticks, quantity_lots, stop_ticks):
        """What `replace` would refuse with."""
        return REFUSALS[
            self.core.get().check_replace(
                number(order_id), number(price_ticks), number(quantity_lots), number(stop_ticks)
            )
        ]

    # Changing

    def submit(self, order, max_fills):
        """Take what the order may take, then let it rest, wait or end, and what follows from that happen."""
        cdef NewOrder given
        read_order(order, &given)
        self.core.get().submit(given, number(max_fills))
        return self.told()

    def cancel(self, order_id, reason=Reason.REQUESTED):
        """End an open order, wherever it is."""
        self.core.get().cancel(number(order_id), word(reason))
        return self.told()

    def cancel_where(self, account_id, group_id, side, reason, max_orders):
        """End open orders by ascending id, at most `max_orders`; zero means any account, group or side."""
        self.core.get().cancel_where(
            number(account_id), number(group_id), word(side), word(reason), number(max_orders)
        )
        return self.told()

    def replace(self, order_id, price_ticks, quantity_lots, stop_ticks, max_fills):
        """Give an open order a new price and a new remaining quantity: in place if it merely shrinks, else anew."""
        self.core.get().replace(
            number(order_id), number(price_ticks), number(quantity_lots), number(stop_ticks), number(max_fills)
        )
        return self.told()

    def set_phase(self, matching, call, fixed_ticks, max_fills):
        """Change what the book does, then go on with what that sets free."""
        self.core.get().set_phase(word(matching), word(call), number(fixed_ticks), number(max_fills))
        return self.told()

    def set_references(self, last_ticks, reference_ticks, band_low_ticks, band_high_ticks):
        """Tell the last price, the reference price and the band."""
        self.core.get().set_references(
            number(last_ticks), number(reference_ticks), number(band_low_ticks), number(band_high_ticks)
        )
        return self.told()

    def uncross_begin(self):
        """Fix price, volume and allocation of the call's auction."""
        self.core.get().uncross_begin()
        return self.told()

    def uncross_continue(self, max_fills):
        """Hand out the next fills; at the end, end what lives only for the auction, and collect again."""
        self.core.get().uncross_continue(number(max_fills))
        return self.told()

    def continue_(self, max_fills):
        """Go on with what earlier operations left pending."""
        self.core.get().go_on(number(max_fills))
        return self.told()

    def number_from(self, priority):
        """The next to join a queue gets at least this number."""
        cdef int64_t given = number(priority)
        if not self.core.get().carries(given):
            raise InvariantBroken("a number fits what carries it")
        self.core.get().number_from(given)

    # Faster ways to say the same

    def enter(
        self,
        int64_t order_id,
        int64_t account_id,
        int side,
        int64_t price_ticks,
        int64_t quantity_lots,
        int kind=1,
        int time_limit=2,
        int64_t max_fills=1_000,
    ):
        """`submit` of an order without further conditions: no BookOrder is made, and the events are light ones."""
        cdef NewOrder given
        self.core.get().fetch(side, price_ticks)
        given.order_id = order_id
        given.account_id = account_id
        given.side = <uint8_t>side if 0 <= side < 255 else 255
        given.price_ticks = price_ticks
        given.quantity_lots = quantity_lots
        given.kind = <uint8_t>kind if 0 <= kind < 255 else 255
        given.time_limit = <uint8_t>time_limit if 0 <= time_limit < 255 else 255
        self.core.get().submit(given, max_fills)
        return self.lightly()

    def leave(self, int64_t order_id):
        """`cancel` as its owner asked; the events are light ones."""
        self.core.get().cancel(order_id, 1)
        return self.lightly()

    def run(self, const unsigned char[::1] commands not None):
        """Perform a batch of command records; the event records of all, in order.

        Raises: ValueError, before anything is done, if the bytes are not whole records in a known order.
        """
        cdef size_t count = <size_t>commands.shape[0] // 64
        if commands.shape[0] % 64:
            raise ValueError("a record is 64 bytes")
        if count == 0:
            return new_array(b"", record_type)
        cdef const CommandRecord* first = <const CommandRecord*>&commands[0]
        cdef const char* wrong = self.core.get().malformed(first, count)
        if wrong != NULL:
            raise ValueError(wrong.decode())
        with nogil:
            self.core.get().run(first, count)
        cdef EventList* events = &self.core.get().events()
        cdef object answer = PyBytes_FromStringAndSize(<const char*>events.begin(), <Py_ssize_t>events.size() * 64)
        events.clear()
        return new_array(answer, record_type)

    def replay(self, const unsigned char[::1] commands not None):
        """Perform command records whose answers nobody needs; how many events there were.

        Raises: ValueError as `run`.
        """
        cdef size_t count = <size_t>commands.shape[0] // 64
        if commands.shape[0] % 64:
            raise ValueError("a record is 64 bytes")
        if count == 0:
            return 0
        cdef const CommandRecord* first = <const CommandRecord*>&commands[0]
        cdef const char* wrong = self.core.get().malformed(first, count)
        if wrong != NULL:
            raise ValueError(wrong.decode())
        cdef uint64_t told
        with nogil:
            told = self.core.get().replay(first, count)
        return told

    # Loading and proof

    def restore(self, state, orders):
        """Become the book that answered these; only on an empty one."""
        cdef CppState given
        cdef View view
        cdef Reach reach
        cdef Share share
        cdef int at
        if self.core.get().size() or self.core.get().state().next_priority != 1:
            raise InvariantBroken("only an empty book is loaded")
        given.matching = word(state.matching)
        given.call = word(state.call)
        given.fixed = state.fixed_ticks
        given.last = state.last_ticks
        given.reference = state.reference_ticks
        given.band_low = state.band_low_ticks
        given.band_high = state.band_high_ticks
        given.next_priority = state.next_priority
        given.uncross_price = state.uncross_ticks
        given.uncross_lots = state.uncross_lots
        for at in range(4):
            given.pegged_to[at] = state.pegged_to[at]
        self.core.get().restore_state(given)
        for side, price, before in state.reached:
            reach.side, reach.price, reach.before = side, price, before
            self.core.get().restore_reach(reach)
        for each in orders:
            read_order(each.order, &view.order)
            view.place = word(each.place)
            view.price = each.price_ticks
            view.stop = each.stop_ticks
            view.remaining = each.remaining_lots
            view.shown = each.shown_lots
            view.priority = each.priority
            view.oco = each.oco_id
            self.core.get().restore_order(view)
        for order_id, lots in state.shares:
            share.order_id, share.lots = order_id, lots
            self.core.get().restore_share(share)

    def validate(self):
        """Check every promise the book makes to itself.

        Raises: InvariantBroken.
        """
        cdef const char* promise = self.core.get().fault()
        if promise != NULL:
            raise InvariantBroken(promise.decode())

    @property
    def memory_requests(self):
        """How often this book has asked for memory; it stands still while the book does not grow."""
        return self.core.get().memory_requests()

    # For compiled callers, who read the events where they lie

    cdef bint takes_plain(self, const NewOrder& order, int64_t max_fills) except -1:
        """Whether `submit` would take an order, in continuous trading without a band."""
        cdef CppState state = self.core.get().state()
        if state.matching != <uint8_t>CONTINUOUS or state.band_low != 0 or state.band_high != 0:
            return False
        return self.core.get().check(order, max_fills) == 0

    cdef const Event* submit_plain(
        self, const NewOrder& order, int64_t max_fills, int64_t priority, size_t* count
    ) except NULL:
        """`number_from`, then `submit`; the events stay until `told_all`."""
        self.core.get().number_from(priority)
        self.core.get().submit(order, max_fills)
        count[0] = self.core.get().events().size()
        return self.core.get().events().begin()

    cdef const Event* cancel_plain(self, int64_t order_id, uint8_t reason, size_t* count) except NULL:
        """`cancel`; the events stay until `told_all`."""
        self.core.get().cancel(order_id, reason)
        count[0] = self.core.get().events().size()
        return self.core.get().events().begin()

    cdef void told_all(self) noexcept:
        """Forget the events that were read."""
        self.core.get().events().clear()

    # Inside

    cdef list told(self):
        """The events since the last answer."""
        cdef EventList* events = &self.core.get().events()
        cdef size_t at
        cdef list answer = [named(&events.begin()[at]) for at in range(events.size())]
        events.clear()
        return answer

    cdef list lightly(self):
        """The same as light objects, in a list that is as long as it will be from the beginning."""
        cdef EventList* events = &self.core.get().events()
        cdef Py_ssize_t at
        cdef LightEvent light
        cdef list answer = PyList_New(<Py_ssize_t>events.size())
        for at in range(<Py_ssize_t>events.size()):
            light = LightEvent.__new__(LightEvent)
            light.event = events.begin()[at]
            Py_INCREF(light)  # the list keeps it
            PyList_SET_ITEM(answer, at, light)
        events.clear()
        return answer


def make_one_mistake(int number):
    """Break every book of this module in one way; only a test build can (0: not at all)."""
    break_book(number)
