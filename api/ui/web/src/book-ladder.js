/** The book as a ladder of prices, own orders marked; a price can be put into the ticket. */
import { html } from "lit";
import { PageElement } from "./element.js";
import { whole } from "./numbers.js";
import { feed, state } from "./state.js";
import { word } from "./words.js";

/** @typedef {import("./book.js").Level} Level */

const ROWS = 10; // a side; the ladder keeps its height whatever the book holds

class BookLadder extends PageElement {
  constructor() {
    super([feed, "frame"]);
  }

  /** Up and down move between the prices. @param {KeyboardEvent} event */
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const prices = [...this.querySelectorAll("button")];
    prices[prices.indexOf(/** @type {HTMLButtonElement} */ (event.target)) + step]?.focus();
  }

  /** @param {number} ticks */
  takePrice(ticks) {
    document.dispatchEvent(new CustomEvent("take-price", { detail: ticks }));
  }

  render() {
    const instrument = state.instrument;
    if (!instrument)
      return html`<h2>${word("book")}</h2>
        <p class="empty">${word("book.none")}</p>`;
    const { bids, offers } = state.book;
    const isStale = !state.isFresh;
    const most = Math.max(
      1,
      ...bids.slice(0, ROWS).map((one) => one.lots),
      ...offers.slice(0, ROWS).map((one) => one.lots),
    );
    const phase = state.phase(instrument);
    const [low, high] = state.band(instrument);
    return html`
      <header>
        <h2>${instrument.code} <span class="name">${instrument.name}</span></h2>
        <span class="phase ${phase}">${word(`phase.${phase}`)}</span>
      </header>
      <p class="fine">
        ${word("book.lot", { units: whole(instrument.lot_units) })} ·
        ${word("book.tick", { tick: state.price(instrument, 1) })} ${state.currency(instrument)} ·
        ${word("book.band", { low, high })}
      </p>
      ${this.auction(instrument)}
      <table class="ladder ${isStale ? "is-stale" : ""}" @keydown=${this.move}>
        <caption class="unseen">
          ${word("book")}
        </caption>
        <thead>
          <tr>
            <th scope="col">${word("book.own")}</th>
            <th scope="col">${word("book.bids")}</th>
            <th scope="col">${word("book.price")}</th>
            <th scope="col">${word("book.offers")}</th>
          </tr>
        </thead>
        <tbody class="offers">
          ${this.side(instrument, "sell", offers, most)}
        </tbody>
        <tbody class="spread">
          <tr>
            <td colspan="4">${this.spread(instrument, bids[0], offers[0])}</td>
          </tr>
        </tbody>
        <tbody class="bids">
          ${this.side(instrument, "buy", bids, most)}
        </tbody>
      </table>
    `;
  }

  /** What the call's auction would do now, or what the last one did. @param {any} instrument */
  auction(instrument) {
    const { indicated, fixed } = state.auction;
    const now = indicated ?? fixed;
    if (!now) return "";
    const price = now.price_ticks === null ? "–" : state.price(instrument, now.price_ticks);
    const paired = whole(now.paired_lots ?? now.quantity_lots);
    const side = now.imbalance_side;
    return html`<p class="auction ${indicated ? "is-called" : "fine"}" data-auction=${indicated ? "indicated" : "fixed"}>
      ${word(indicated ? "auction.indicated" : "auction.fixed")} <b>${price}</b> ·
      ${word("auction.paired", { lots: paired })}
      ${side ? html`· ${word(`auction.over.${side}`, { lots: whole(now.imbalance_lots) })}` : ""}
    </p>`;
  }

  /** @param {any} instrument @param {Level | undefined} bid @param {Level | undefined} offer */
  spread(instrument, bid, offer) {
    const last = state.lastPrice(instrument);
    const gap = bid && offer ? state.price(instrument, offer.price - bid.price) : "–";
    return html`${word("instruments.last")} <b>${last === null ? "–" : state.price(instrument, last)}</b>
      <span class="fine">${word("book.spread")} ${gap}</span>`;
  }

  /** @param {any} instrument @param {"buy" | "sell"} side @param {Level[]} levels @param {number} most */
  side(instrument, side, levels, most) {
    const own = state.account?.ownLots(instrument.instrument_id, side) ?? new Map();
    /** @type {(Level | null)[]} */
    const rows = Array.from({ length: ROWS }, (_, place) => levels[place] ?? null);
    if (side === "sell") rows.reverse();
    return rows.map((level) => (level ? this.row(instrument, side, level, own.get(level.price), most) : EMPTY));
  }

  /**
   * @param {any} instrument
   * @param {string} side
   * @param {Level} level
   * @param {number | undefined} own
   * @param {number} most
   */
  row(instrument, side, level, own, most) {
    const price = state.price(instrument, level.price);
    const lots = html`<span
        class="bar"
        .style=${`width: ${Math.max(2, Math.round((100 * level.lots) / most))}%`}
      ></span>
      <span class="lots">${whole(level.lots)}</span>`;
    return html`<tr class=${own ? "own" : ""} data-price=${level.price}>
      <td class="mine">${own ? html`<span class="mark">${whole(own)}</span>` : ""}</td>
      <td class="size bid">${side === "buy" ? lots : ""}</td>
      <td class="price">
        <button aria-label=${word("book.take", { price })} @click=${() => this.takePrice(level.price)}>${price}</button>
      </td>
      <td class="size offer">${side === "sell" ? lots : ""}</td>
    </tr>`;
  }
}

const EMPTY = html`<tr class="none">
  <td></td>
  <td></td>
  <td class="price"></td>
  <td></td>
</tr>`;

customElements.define("book-ladder", BookLadder);
