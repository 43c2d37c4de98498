/** Which orders a market takes, and what each kind of order is asked for. */

/** @typedef {{types: string[], times: string[], conditions: string[], preventions: string[]}} Allowed */

/** A market without trading rules takes these. @type {Allowed} */
export const PLAIN = {
  types: ["limit", "market"],
  times: ["day", "gtc", "ioc", "fok"],
  conditions: [],
  preventions: ["cancel_newest"],
};

/** The prices that each type of order names; of a peg and a trailing stop's limit, the outermost. */
const PRICES = {
  limit: ["price"],
  market: [],
  stop: ["stop"],
  stop_limit: ["stop", "price"],
  trailing_stop: ["trail"],
  trailing_stop_limit: ["trail", "offset", "price"],
  pegged_best: ["price"],
  pegged_mid: ["price"],
  pegged_market: ["offset", "price"],
};

/** The fields of order.place for the prices a ticket asks for. */
export const FIELDS = { price: "price_ticks", stop: "stop_ticks", trail: "trail_ticks", offset: "offset_ticks" };

/** @param {string} type @returns {string[]} */
export function pricesOf(type) {
  return /** @type {any} */ (PRICES)[type] ?? ["price"];
}

/** Whether a type stays until its price comes: none of it trades, or is refused, at once. @param {string} type */
export function waits(type) {
  return type.includes("stop");
}

/**
 * The times that go with a type: what is to be filled at once does not wait, and what never rests has no such time.
 * @param {Allowed} allowed @param {string} type
 */
export function timesOf(allowed, type) {
  const pegged = type.startsWith("pegged");
  return allowed.times.filter((time) => {
    if (pegged) return ["day", "gtc", "gtd"].includes(time);
    if (waits(type)) return !["fok", "at_open", "at_close"].includes(time);
    return true;
  });
}

/**
 * The conditions that go with a type; the exchange refuses those that exclude each other.
 * @param {Allowed} allowed @param {string} type
 */
export function furtherOf(allowed, type) {
  const pegged = type.startsWith("pegged");
  return allowed.conditions.filter((condition) => {
    if (condition === "market_cap") return false; // the band's edge is what the ticket reckons with
    if (condition === "one_cancels_other") return !pegged;
    if (type === "market") return condition === "minimum";
    if (waits(type)) return ["iceberg", "hidden"].includes(condition) && type.endsWith("limit");
    return !pegged || ["hidden", "post_only"].includes(condition);
  });
}

/** What trading rules, as published, allow. @param {any} document @returns {Allowed} */
export function allowedBy(document) {
  const { fields } = document;
  return {
    types: fields.order_types.value,
    times: fields.times_in_force.value,
    conditions: fields.conditions.value,
    preventions: fields.self_trade_preventions.value,
  };
}
