/**
 * One account as its owner sees it: open orders, fills, balances and holds.
 *
 * It begins with what the tables say as of one sequence; the private channel tells the rest, and what it tells of
 * commands up to that sequence is known already. Every message carries after-values, so nothing is added up here.
 */

/** @typedef {import("./book.js").Verdict} Verdict */
/** @typedef {{order_id: string, client_order_id: string, instrument_id: string, side: string, price_ticks: number,
 *             quantity_lots: number, remaining_lots: number, time_in_force: string, order_type: string,
 *             conditions?: any, standing?: {place: string, price: number, level: number, shown: number}}} OwnOrder
 *          `standing` is where the book has an order that is not plain; a plain one stands at its price, all of it shown */

const FILLS_KEPT = 100;
const NOWHERE = { place: "", price: 0, level: 0, shown: 0 };

/** An order as the tables have it. @param {any} order @returns {OwnOrder} */
function loaded(order) {
  const asked = order.conditions;
  if (!asked) return order;
  const { place, standing_ticks, level_ticks, shown_lots } = asked;
  return { ...order, standing: { place, price: standing_ticks, level: level_ticks, shown: shown_lots } };
}

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
    this.orders = new Map(orders.toReversed().map((order) => [order.order_id, loaded(order)]));
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

  /** What own open orders show by price, of one instrument and side. @param {string} instrument @param {string} side */
  ownLots(instrument, side) {
    /** @type {Map<number, number>} */
    const lots = new Map();
    for (const order of this.orders.values()) {
      if (order.instrument_id !== instrument || order.side !== side) continue;
      const { price, shown } = order.standing ?? { price: order.price_ticks, shown: order.remaining_lots };
      if (shown) lots.set(price, (lots.get(price) ?? 0) + shown);
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
        this.orders.set(message.order_id, {
          ...message,
          remaining_lots: message.quantity_lots,
          ...(message.conditions ? { standing: NOWHERE } : {}),
        });
        this.#hold(message);
        break;
      case "order.moved":
        this.#change(message.order_id, {
          standing: {
            place: message.place,
            price: message.price_ticks,
            level: message.stop_ticks,
            shown: message.shown_lots,
          },
        });
        break;
      case "order.reduced":
        this.#change(message.order_id, { remaining_lots: message.remaining_lots }, message.shown_lots);
        this.#hold(message);
        break;
      case "order.covered":
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
        if (order) this.#replace(order, message);
        this.#hold(message);
        break;
      }
      case "account.moved":
        this.#post(message.postings);
        for (const hold of message.holds) this.#holding(hold.asset_id).held = hold.held_after;
        break;
    }
  }

  /** An order is otherwise now. @param {string} id @param {Partial<OwnOrder>} values @param {number} [shown] */
  #change(id, values, shown) {
    const order = this.orders.get(id);
    if (!order) return;
    const standing = order.standing && shown !== undefined ? { standing: { ...order.standing, shown } } : {};
    this.orders.set(id, { ...order, ...standing, ...values });
  }

  /**
   * New terms. In its place an order merely shrinks; else one that is not plain stands nowhere until it is told where.
   * @param {OwnOrder} order @param {any} message
   */
  #replace(order, message) {
    const { price_ticks, quantity_lots, remaining_lots, client_order_id } = message;
    const shrank = price_ticks === order.price_ticks && remaining_lots < order.remaining_lots;
    let standing = order.conditions ? NOWHERE : undefined;
    if (shrank && order.standing) {
      standing = { ...order.standing, shown: Math.min(order.standing.shown, remaining_lots) };
    }
    this.orders.set(order.order_id, {
      ...order,
      price_ticks,
      quantity_lots,
      remaining_lots,
      client_order_id,
      standing,
    });
  }

  /** @param {any} message */
  #fill(message) {
    const order = this.orders.get(message.order_id);
    if (order && message.remaining_lots) {
      const shown = Math.max(0, (order.standing?.shown ?? 0) - message.quantity_lots);
      this.#change(order.order_id, { remaining_lots: message.remaining_lots }, shown);
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
