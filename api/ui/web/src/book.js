/**
 * One instrument's public channels as this page knows them: the book, proved by the exchange's checksum, and the tape.
 *
 * A message covers the events `from_n..n` with absolute sizes. One that begins beyond the next event tells of a gap;
 * one that ends at or before what is known was heard already.
 */

/** @typedef {"taken" | "known" | "gap" | "broken"} Verdict what a channel made of a message */
/** @typedef {{price: number, lots: number}} Level */

const CHECKED_LEVELS = 10;
const TAPE_KEPT = 50;

const TABLE = Uint32Array.from({ length: 256 }, (_, place) => {
  let value = place;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The CRC-32 of zip and PNG. @param {string} ascii */
export function crc32(ascii) {
  let value = 0xffffffff;
  for (let place = 0; place < ascii.length; place++) {
    value = (value >>> 8) ^ TABLE[(value ^ ascii.charCodeAt(place)) & 0xff];
  }
  return (value ^ 0xffffffff) >>> 0;
}

export class Book {
  /** @type {Map<number, number>} */ #bids = new Map();
  /** @type {Map<number, number>} */ #offers = new Map();
  /** @type {Level[]} best first */ bids = [];
  /** @type {Level[]} best first */ offers = [];
  /** @type {string | null} */ phase = null;
  /** The last event this book holds; null before the first snapshot. @type {number | null} */
  n = null;

  /** Where to go on after a loss: the next event, or null for a snapshot. */
  get next() {
    return this.n === null ? null : this.n + 1;
  }

  /** Forget everything: what is here cannot be trusted. */
  reset() {
    this.n = null;
  }

  /** @param {any} message @returns {Verdict} */
  take(message) {
    if (message.type === "book.snapshot") {
      this.#bids = new Map(message.bids);
      this.#offers = new Map(message.offers);
    } else if (this.n === null || message.from_n > this.n + 1) {
      return "gap";
    } else if (message.n < this.n || (message.n === this.n && message.from_n <= this.n)) {
      return "known";
    } else {
      put(this.#bids, message.bids);
      put(this.#offers, message.offers);
    }
    this.n = message.n;
    if (message.phase) this.phase = message.phase;
    this.bids = sorted(this.#bids, -1);
    this.offers = sorted(this.#offers, 1);
    if (this.checksum() !== message.checksum) {
      this.reset();
      return "broken";
    }
    return "taken";
  }

  /** The number that proves the top of the book: see the exchange's reference of the stream. */
  checksum() {
    const top = [...this.bids.slice(0, CHECKED_LEVELS), ...this.offers.slice(0, CHECKED_LEVELS)];
    return crc32(top.map((level) => `${level.price}:${level.lots}`).join("|"));
  }
}

/** @param {Map<number, number>} sizes @param {[number, number][]} changes */
function put(sizes, changes) {
  for (const [price, lots] of changes) {
    if (lots) sizes.set(price, lots);
    else sizes.delete(price);
  }
}

/** @param {Map<number, number>} sizes @param {number} direction @returns {Level[]} */
function sorted(sizes, direction) {
  return [...sizes].sort((one, other) => direction * (one[0] - other[0])).map(([price, lots]) => ({ price, lots }));
}

export class Tape {
  /** @type {any[]} newest first */ trades = [];
  /** @type {number | null} */ n = null;

  get next() {
    return this.n === null ? null : this.n + 1;
  }

  reset() {
    this.n = null;
  }

  /** @param {any} message @returns {Verdict} */
  take(message) {
    if (message.type === "trades.snapshot") {
      this.trades = [...message.trades].reverse();
    } else if (this.n === null || message.from_n > this.n + 1) {
      return "gap";
    } else if (message.n <= this.n) {
      return "known";
    } else {
      const known = this.n;
      const news = message.trades.filter((/** @type {any} */ trade) => trade.n > known);
      this.trades = [...news.reverse(), ...this.trades].slice(0, TAPE_KEPT);
    }
    for (const correction of message.corrections ?? []) this.#correct(correction);
    this.n = message.n;
    return "taken";
  }

  /** A busted trade goes, a repriced one shows its new price. @param {any} correction */
  #correct(correction) {
    const kept = correction.remedy === "repriced";
    this.trades = this.trades
      .filter((trade) => kept || trade.trade_id !== correction.trade_id)
      .map((trade) =>
        trade.trade_id === correction.trade_id ? { ...trade, price_ticks: correction.price_ticks } : trade,
      );
  }
}

/** The instrument's calls and auctions: every message says how all of it stands. */
export class Auction {
  /** @type {any} what the auction would do now; null outside a call */ indicated = null;
  /** @type {any} what the last one did */ fixed = null;
  isKnown = false;
  next = null; // its numbers begin anew with each start of the exchange

  reset() {
    this.isKnown = false;
  }

  /** @param {any} message @returns {Verdict} */
  take(message) {
    this.indicated = message.indicated;
    this.fixed = message.fixed;
    this.isKnown = true;
    return "taken";
  }
}

/** The list of instruments, kept from its snapshot's parts and the changes between and after them. */
export class Instruments {
  /** @type {Map<string, any>} */ all = new Map();
  isWhole = false;
  next = null; // its numbers begin anew with each start of the exchange: it is always read whole

  reset() {
    this.isWhole = false;
  }

  /** @param {any} message @returns {Verdict} */
  take(message) {
    if (message.type === "instruments.snapshot") {
      for (const instrument of message.instruments) this.all.set(instrument.instrument_id, instrument);
      this.isWhole = message.last;
    } else {
      this.all.set(message.instrument.instrument_id, message.instrument);
    }
    return "taken";
  }
}
