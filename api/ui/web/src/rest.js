/** What the market page reads over REST; everything that moves afterwards comes by the stream. */
import { session } from "./frame.js";

/** @param {string} path @param {Record<string, string | number>} [values] */
function address(path, values = {}) {
  const query = new URLSearchParams(Object.entries(values).map(([name, value]) => [name, String(value)]));
  return query.size ? `${path}?${query}` : path;
}

/**
 * Every item of a list, page by page.
 * @param {string} path
 * @param {Record<string, string | number>} [values]
 * @returns {Promise<any[]>}
 */
export async function all(path, values = {}) {
  const found = [];
  let cursor = "";
  do {
    const page = await session.get(
      address(path, cursor ? { ...values, limit: 500, cursor } : { ...values, limit: 500 }),
    );
    found.push(...page.items);
    cursor = page.next_cursor ?? "";
  } while (cursor);
  return found;
}

/**
 * One page of a list.
 * @param {string} path
 * @param {Record<string, string | number>} [values]
 * @returns {Promise<any>}
 */
export function page(path, values) {
  return session.get(address(path, values));
}

/** One thing. @param {string} path @returns {Promise<any>} */
export function read(path) {
  return session.get(path);
}

/**
 * What an account has, as of one sequence at least: open orders, newest fills, balances. The three answers may stand at
 * different sequences; the earliest counts, for messages carry values after the change and may be taken twice.
 * @param {string} id
 */
export async function accountNow(id) {
  const [orders, trades, holdings] = await Promise.all([
    openOrders(id),
    page("/v1/trades", { account_id: id, limit: 50 }),
    session.get(`/v1/accounts/${id}/balances`),
  ]);
  return {
    asOf: Math.min(orders.asOf, trades.as_of_sequence, holdings.as_of_sequence),
    orders: orders.items,
    fills: trades.items.flatMap((/** @type {any} */ trade) => fillsOf(trade, id)),
    holdings: holdings.items.map((/** @type {any} */ held) => ({
      ...held,
      balance: held.units,
      held: held.held_units,
    })),
  };
}

/** @param {string} id */
async function openOrders(id) {
  const values = { account_id: id, status: "open", limit: 500 };
  let found = await page("/v1/orders", values);
  const items = [...found.items];
  const asOf = found.as_of_sequence;
  while (found.next_cursor) {
    found = await page("/v1/orders", { ...values, cursor: found.next_cursor });
    items.push(...found.items);
  }
  return { asOf, items };
}

/** A trade of the tables as the stream tells it: one fill a side of the account. @param {any} trade @param {string} id */
function fillsOf(trade, id) {
  return trade.fills
    .filter((/** @type {any} */ fill) => fill.account_id === id)
    .map((/** @type {any} */ fill) => ({ ...trade, ...fill }));
}
