"""The numbers of the private channels from journal bytes: `api.stream.numbers.ChannelNumbers`, compiled."""

from libc.stdint cimport int64_t
from libcpp cimport bool as cbool

from api.stream.private import told
from exchange.core.messages import Rejected


cdef extern from *:
    """
    #include <unordered_map>
    #include <utility>
    #include <vector>

    #include "order_events.hpp"

    namespace {

    struct Channel {
        std::int64_t n = 0;
        bool followed = false;
    };

    enum Told { nobody, followed, unread };

    class Channels {
    public:
        Channel& at(std::int64_t account_id) { return channels_[account_id]; }

        std::int64_t n(std::int64_t account_id) const {
            const auto found = channels_.find(account_id);
            return found == channels_.end() ? 0 : found->second.n;
        }

        // Whether an account that somebody follows is told.
        bool tell(std::int64_t account_id, std::int64_t n) {
            Channel& channel = channels_[account_id];
            channel.n = n;
            return channel.followed;
        }

        // Count one row; unread, and nothing counted, where an event is not of the order's path.
        Told row(const char* data, std::size_t size) {
            marks_.clear();
            try {
                exchange::Reader from(data, size);
                for (auto left = from.array(); left; --left)
                    if (!mark(from)) return unread;
                if (!from.at_end()) return unread;
            } catch (const exchange::Unreadable&) {
                return unread;
            }
            bool hit = false;
            for (const auto& [account_id, n] : marks_) hit |= tell(account_id, n);
            return hit ? followed : nobody;
        }

    private:
        bool mark(exchange::Reader& from) {
            switch (exchange::begin(from)) {
                case exchange::Kind::accepted: return mark(from, exchange::Accepted());
                case exchange::Kind::cancelled: return mark(from, exchange::Cancelled());
                case exchange::Kind::replaced: return mark(from, exchange::Replaced());
                case exchange::Kind::trade: {
                    exchange::Trade event;
                    read(from, event);
                    marks_.emplace_back(event.buyer.account_id, event.buyer.mark.n);
                    marks_.emplace_back(event.seller.account_id, event.seller.mark.n);
                    return true;
                }
                default: return false;
            }
        }

        template <class Event>
        bool mark(exchange::Reader& from, Event event) {
            read(from, event);
            marks_.emplace_back(event.account_id, event.mark.n);
            return true;
        }

        std::unordered_map<std::int64_t, Channel> channels_;
        std::vector<std::pair<std::int64_t, std::int64_t>> marks_;
    };

    }  // namespace
    """
    cdef cppclass Channel:
        int64_t n
        cbool followed

    enum Told:
        nobody, followed, unread

    cdef cppclass Channels:
        Channels()
        Channel& at(int64_t) except +
        int64_t n(int64_t)
        cbool tell(int64_t, int64_t) except +
        Told row(const char*, size_t) except +


cdef class ChannelNumbers:
    """How far every account's channel has come, and which of them are followed."""

    cdef Channels _channels

    def restore(self, numbers):
        """Start from the tables. Nobody follows yet."""
        self._channels = Channels()
        for account_id, n in numbers.items():
            self._channels.tell(account_id, n)

    def __getitem__(self, account_id):
        return self._channels.n(account_id)

    def follow(self, account_id):
        """Pick out the rows that tell this account something."""
        self._channels.at(account_id).followed = True

    def unfollow(self, account_id):
        """Pick them out no longer."""
        self._channels.at(account_id).followed = False

    def rows(self, rows):
        """Count what committed rows told, in order; answers the rows that told a followed account something."""
        cdef list found = []
        cdef bytes events
        cdef Told hit
        for row in rows:
            events = row.events_bytes
            hit = self._channels.row(events, len(events))
            if hit == unread:
                hit = self._read(row.events)
            if hit == followed:
                found.append(row)
        return found

    cdef Told _read(self, events):
        cdef cbool hit = False
        for event in events:
            if type(event) is Rejected:  # the most frequent of the others tells no channel
                continue
            for account_id, mark, _ in told(event):
                hit |= self._channels.tell(account_id, mark.n)
        return followed if hit else nobody
