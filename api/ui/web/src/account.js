/**
 * One account as its owner sees it: open orders, fills, balances and holds.
 *
 * It begins with what the tables say as of one sequence; the private channel tells the rest, and what it tells of
 * commands up to that sequence is known already. Every message carries after-values, so nothing is added up here.
 */

/** @typedef {import("./book.js").Verdict} Verdict */
/** @typedef {{order_id: string, client_order_id: string, instrument_id: string, side: string, price_ticks: number,
 *             quantity_lots: number, remaining_lots: number, time_in_force: string}} OwnOrder */

const FILLS_KEPT = 100;

export class Account {
  /** @type {Map<string, OwnOrder>} oldest first */ orders = new Map();
  /** @type {any[]} newest first */ fills = [];
  /** @type {Map<string, {balance: number, held: number}>} */ holdings = new Map();
  /** The last message taken; null before the channel said where it stands. @type {number | null} */
  n = null;
  isLoaded = false;
  onReset = () => {};
  #asOf = 0;
  /** @type {any[]} */ #early = [];

  /** @param {string} id */
  constructor(id) {
    this.id = id;
  }

  get next() {
    return this.n === null ? null : this.n + 1;
  }

  /** The channel cannot go on from here, so what is shown cannot either: `onReset` loads it again. */
  reset() {
    this.n = null;
    this.isLoaded = false;
    this.#early = [];
    this.onReset();
  }

  /** The channel is followed from the message after `n` on. @param {number} n */
  begin(n) {
    this.n ??= n;
  }

  /**
   * Start from the tables as of a sequence, then take what the channel told meanwhile.
   * @param {number} asOf
   * @param {OwnOrder[]} orders newest first
   * @param {any[]} fills newest first
   * @param {{asset_id: string, balance: number, held: number}[]} holdings
   */
  load(asOf, orders, fills, holdings) {
    this.#asOf = asOf;
    this.orders = new Map(orders.toReversed().map((order) => [order.order_id, order]));
    this.fills = fills.slice(0, FILLS_KEPT);
    this.holdings = new Map(holdings.map(({ asset_id, balance, held }) => [asset_id, { balance, held }]));
    this.isLoaded = true;
    for (const message of this.#early.splice(0)) this.#apply(message);
  }

  /** @param {any} message @returns {Verdict} */
  take(message) {
    if (this.n === null || message.n > this.n + 1) return "gap";
    if (message.n <= this.n) return "known";
    this.n = message.n;
    if (this.isLoaded) this.#apply(message);
    else this.#early.push(message);
    return "taken";
  }

  /** Lots of own open orders by price, of one instrument and side. @param {string} instrument @param {string} side */
  ownLots(instrument, side) {
    /** @type {Map<number, number>} */
    const lots = new Map();
    for (const order of this.orders.values()) {
      if (order.instrument_id === instrument && order.side === side) {
        lots.set(order.price_ticks, (lots.get(order.price_ticks) ?? 0) + order.remaining_lots);
      }
    }
    return lots;
  }

  /** What of an asset is not promised. @param {string} asset */
  available(asset) {
    const held = this.holdings.get(asset);
    return held ? held.balance - held.held : 0;
  }

  /** @param {any} message */
  #apply(message) {
    if (message.sequence <= this.#asOf) return;
    switch (message.type) {
      case "order.accepted":
        this.orders.set(message.order_id, { ...message, remaining_lots: message.quantity_lots });
        this.#hold(message);
        break;
      case "trade.made":
        this.#fill(message);
        break;
      case "order.cancelled":
        this.orders.delete(message.order_id);
        this.#hold(message);
        break;
      case "order.replaced": {
        const order = this.orders.get(message.order_id);
        if (order) this.orders.set(message.order_id, { ...order, ...message, type: "order.accepted" });
        this.#hold(message);
        break;
      }
      case "account.moved":
        this.#post(message.postings);
        for (const hold of message.holds) this.#holding(hold.asset_id).held = hold.held_after;
        break;
    }
  }

  /** @param {any} message */
  #fill(message) {
    const order = this.orders.get(message.order_id);
    if (order && message.remaining_lots) {
      this.orders.set(order.order_id, { ...order, remaining_lots: message.remaining_lots });
    } else {
      this.orders.delete(message.order_id);
    }
    this.#post(message.postings);
    this.#hold(message);
    const isKnown = this.fills.some((fill) => fill.trade_id === message.trade_id && fill.side === message.side);
    if (!isKnown) this.fills = [message, ...this.fills].slice(0, FILLS_KEPT);
  }

  /** @param {any} message */
  #hold(message) {
    this.#holding(message.hold_asset_id).held = message.held_after;
  }

  /** @param {{asset_id: string, balance_after: number}[]} postings */
  #post(postings) {
    for (const posting of postings) this.#holding(posting.asset_id).balance = posting.balance_after;
  }

  /** @param {string} asset */
  #holding(asset) {
    let holding = this.holdings.get(asset);
    if (!holding) this.holdings.set(asset, (holding = { balance: 0, held: 0 }));
    return holding;
  }
}
