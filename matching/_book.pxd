# The compiled book as other compiled code sees it: matching/native/book.hpp, and the Python class around it.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libcpp cimport bool as truth
from libcpp.memory cimport unique_ptr


cdef extern from "book.hpp" namespace "matching" nogil:
    cdef struct Event "matching::Event":
        uint8_t kind
        uint8_t side
        uint8_t reason
        uint8_t flags
        uint32_t command
        int64_t order_id
        int64_t other_id
        int64_t price_ticks
        int64_t lots
        int64_t remaining_lots
        int64_t other_remaining_lots
        int64_t priority

    cdef struct CommandRecord "matching::CommandRecord":
        pass

    cdef cppclass NewOrder "matching::NewOrder":
        NewOrder()
        int64_t order_id
        int64_t account_id
        int64_t group_id
        int64_t price_ticks
        int64_t quantity_lots
        int64_t max_notional_ticks
        int64_t display_lots
        int64_t minimum_lots
        int64_t stop_ticks
        int64_t trail_ticks
        int64_t offset_ticks
        int64_t oco_id
        uint8_t side
        uint8_t kind
        uint8_t time_limit
        uint8_t self_trade
        truth hidden
        truth post_only
        truth all_or_none

    cdef cppclass View "matching::View":
        View()
        NewOrder order
        uint8_t place
        int64_t price
        int64_t stop
        int64_t remaining
        int64_t shown
        int64_t priority
        int64_t oco

    cdef cppclass EventList "matching::List<matching::Event>":
        size_t size()
        const Event* begin()
        void clear()

    cdef cppclass PlaceList "matching::List<std::uint32_t>":
        size_t size()
        const uint32_t* begin()

    cdef struct LevelView "matching::LevelView":
        int64_t price
        int64_t lots
        uint32_t orders

    cdef cppclass LevelList "matching::List<matching::LevelView>":
        size_t size()
        const LevelView* begin()

    cdef struct Reach "matching::Reach":
        uint8_t side
        int64_t price
        uint64_t before

    cdef cppclass ReachList "matching::List<matching::Reach>":
        size_t size()
        const Reach* begin()

    cdef struct Share "matching::Share":
        int64_t order_id
        int64_t lots

    cdef cppclass ShareList "matching::List<matching::Share>":
        size_t size()
        const Share* begin()

    cdef struct CppIndication "matching::Indication":
        int64_t price
        int64_t lots
        int64_t imbalance
        uint8_t side

    cdef cppclass CppState "matching::State":
        CppState()
        uint8_t matching
        uint8_t call
        int64_t fixed
        int64_t last
        int64_t reference
        int64_t band_low
        int64_t band_high
        uint64_t next_priority
        int64_t uncross_price
        int64_t uncross_lots
        int64_t pegged_to[4]

    cdef cppclass Core "matching::Book":
        Core(uint8_t, uint8_t, uint8_t) except +
        EventList& events()
        uint64_t memory_requests()
        void set_command(uint32_t)
        size_t size()
        uint32_t find(int64_t)
        View view(uint32_t)
        const PlaceList& by_priority() except +
        CppState state()
        const ReachList& reached()
        const ShareList& shares() except +
        int64_t best(uint8_t)
        const LevelList& levels(uint8_t, size_t) except +
        truth pending()
        CppIndication indication() except +
        uint8_t check(const NewOrder&, int64_t) except +
        uint8_t check_replace(int64_t, int64_t, int64_t, int64_t) except +
        void fetch(int, int64_t)
        void submit(const NewOrder&, int64_t) except +
        void cancel(int64_t, uint8_t) except +
        void cancel_where(int64_t, int64_t, uint8_t, uint8_t, int64_t) except +
        void replace(int64_t, int64_t, int64_t, int64_t, int64_t) except +
        void set_phase(uint8_t, uint8_t, int64_t, int64_t) except +
        void set_references(int64_t, int64_t, int64_t, int64_t) except +
        void uncross_begin() except +
        void uncross_continue(int64_t) except +
        void go_on(int64_t) except +
        truth carries(int64_t)
        void number_from(int64_t)
        void restore_state(const CppState&) except +
        void restore_reach(const Reach&) except +
        void restore_order(const View&) except +
        void restore_share(const Share&) except +
        const char* fault() except +
        const char* malformed(const CommandRecord*, size_t)
        void run(const CommandRecord*, size_t) except +
        uint64_t replay(const CommandRecord*, size_t) except +


cdef class CompiledBook:
    cdef unique_ptr[Core] core
    cdef bint takes_plain(self, const NewOrder& order, int64_t max_fills) except -1
    cdef const Event* submit_plain(
        self, const NewOrder& order, int64_t max_fills, int64_t priority, size_t* count
    ) except NULL
    cdef const Event* cancel_plain(self, int64_t order_id, uint8_t reason, size_t* count) except NULL
    cdef void told_all(self) noexcept
    cdef list told(self)
    cdef list lightly(self)
