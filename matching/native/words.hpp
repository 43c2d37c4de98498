// The words of matching/book_messages.py and the records of matching/book_records.py, number for number.

#pragma once

#include <cstdint>

namespace matching {

inline constexpr std::int64_t kMaxTicks = (std::int64_t{1} << 53) - 1;
inline constexpr std::int64_t kMaxLots = std::int64_t{1} << 44;
inline constexpr std::uint32_t kMaxFollowers = 256;
inline constexpr std::uint32_t kMaxContingent = 256;
inline constexpr std::int64_t kMaxFills = (1 << 16) - 1;
inline constexpr std::int64_t kMaxPriority = (std::int64_t{1} << 53) - 1;

enum Side : std::uint8_t { kNoSide = 0, kBuy = 1, kSell = 2 };

enum Kind : std::uint8_t {
    kLimit = 1,
    kMarket,
    kStop,
    kStopLimit,
    kTrailingStop,
    kTrailingStopLimit,
    kPeggedBest,
    kPeggedMid,
    kPeggedMarket,
};

enum TimeLimit : std::uint8_t { kDay = 1, kGtc, kGtd, kIoc, kFok, kAtOpen, kAtClose };

enum SelfTrade : std::uint8_t { kCancelNewest = 1, kCancelOldest, kCancelBoth, kDecrement };

enum Matching : std::uint8_t { kHalted = 1, kCollect, kContinuous, kUncrossing, kFixedPrice };

enum Call : std::uint8_t { kNoCall = 0, kOpening, kClosing, kVolatility, kOtherCall };

enum Reason : std::uint8_t {
    kNoReason = 0,
    kRequested,
    kSelfTrade,
    kFillLimit,
    kImmediateOrCancel,
    kMarketRemainder,
    kOneCancelsOther,
    kAuctionEnded,
    kReplacedByOwner,
    kWaitsAsStop,
    kWaitsForOpen,
    kWaitsForClose,
};

enum Refusal : std::uint8_t {
    kFine = 0,
    kRecordInvalid,
    kConflict,
    kOrderKnown,
    kOrderUnknown,
    kPhase,
    kNotAtFixedPrice,
    kNoReference,
    kOcoInvalid,
    kTooManyFollowers,
    kTooManyContingent,
    kWouldTrade,
    kNoLiquidity,
    kTooManyFills,
    kNotFillable,
    kMinimumNotMet,
    kNothingChanges,
    kCrossed,
    kPending,
    kNoCross,
};

enum EventKind : std::uint8_t {
    kRefused = 1,
    kRested,
    kParked,
    kFilled,
    kCancelled,
    kReduced,
    kReplaced,
    kTriggered,
    kRefilled,
    kRepriced,
    kReached,
    kPhaseChanged,
    kInterrupted,
    kUncrossingBegan,
    kUncrossed,
    kReferences,
};

enum Flag : std::uint8_t { kFlagHidden = 1, kFlagPegged = 2, kFlagContingent = 4, kFlagAuction = 8, kFlagSelf = 16 };

enum Place : std::uint8_t { kInQueue = 1, kAsStop, kForCall, kInHand, kOutside };

enum AuctionRule : std::uint8_t { kXetra = 1, kEuronext, kLse, kSse, kSzse };
enum Allocation : std::uint8_t { kPriceTime = 1, kProRata };
enum StopTrigger : std::uint8_t { kLastTrade = 1, kOppositeQuote };

enum Op : std::uint8_t {
    kSubmit = 1,
    kCancel,
    kCancelWhere,
    kReplace,
    kSetPhase,
    kSetReferences,
    kUncrossBegin,
    kUncrossContinue,
    kContinue,
    kNumberFrom,
    kMoreOp = 255,
};

enum OrderFlag : std::uint8_t { kHidden = 1, kPostOnly = 2, kAllOrNone = 4, kMore = 8 };

// A command as it stands in a batch; what the numbers mean depends on `op`.
struct CommandRecord {
    std::uint8_t op, side, kind, time_limit, self_trade, flags;
    std::uint16_t max_fills;
    std::int64_t numbers[7];
};
static_assert(sizeof(CommandRecord) == 64);

// What happened, as it stands in an answer.
struct Event {
    std::uint8_t kind, side, reason, flags;
    std::uint32_t command;
    std::int64_t order_id, other_id, price_ticks, lots, remaining_lots, other_remaining_lots, priority;
};
static_assert(sizeof(Event) == 64);

}  // namespace matching
