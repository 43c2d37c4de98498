/** Fee schedules as published: the row that prices one side of a market's book now, by the exchange's clock. */
import { page, read } from "./rest.js";

/** @typedef {import("./numbers.js").FeeRow} FeeRow */

const VENUE_DAY = "T00:00:00+08:00"; // a schedule begins with its day at the venue

export class Fees {
  /** @type {Map<string, {fromMs: number, rows: any[]}[]>} versions by schedule, in the order of their beginnings */
  #versions = new Map();

  /** Read every version that was put in force. @param {Iterable<string>} names */
  async load(names) {
    for (const name of new Set(names)) {
      const found = await page("/v1/rules", { kind: "fee_schedule", name });
      const active = found.items.filter((/** @type {any} */ one) => one.active_since_ns > 0);
      const versions = await Promise.all(active.map((/** @type {any} */ one) => version(name, one)));
      this.#versions.set(
        name,
        versions.sort((one, other) => one.fromMs - other.fromMs),
      );
    }
  }

  /**
   * The row of a side of a market's book, or null: then nothing trades there.
   * @param {any} market
   * @param {string} side
   * @param {number} nowMs
   * @returns {FeeRow | null}
   */
  row(market, side, nowMs) {
    const versions = (market && this.#versions.get(market.fee_schedule)) || [];
    const rows = versions.findLast((one) => one.fromMs <= nowMs)?.rows ?? [];
    return (
      rows.find((row) => row.profile === market.profile && row.method === "order_book" && row.side === side) ?? null
    );
  }
}

/** @param {string} name @param {any} listed */
async function version(name, listed) {
  const { item } = await read(`/v1/rules/fee_schedule/${encodeURIComponent(name)}/${listed.version}`);
  const fromMs = Math.max(Date.parse(listed.effective_from + VENUE_DAY), listed.active_since_ns / 1e6);
  return { fromMs, rows: JSON.parse(item.text).rows };
}
