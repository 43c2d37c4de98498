/** The tape: the instrument's last trades, newest first. */
import { html } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement } from "./element.js";
import { clock, whole } from "./numbers.js";
import { feed, state } from "./state.js";
import { word } from "./words.js";

class TradeTape extends PageElement {
  constructor() {
    super([feed, "frame"]);
  }

  render() {
    const instrument = state.instrument;
    const trades = (instrument && state.tapes.get(instrument.instrument_id)?.trades) || [];
    return html`
      <h2>${word("tape")}</h2>
      ${
        trades.length
          ? html`<div class="scroll" tabindex="0" role="region" aria-label=${word("tape")}>
              <table class="tape">
                <thead>
                  <tr>
                    <th scope="col">${word("time")}</th>
                    <th scope="col">${word("side")}</th>
                    <th scope="col" class="number">${word("book.price")}</th>
                    <th scope="col" class="number">${word("book.lots")}</th>
                  </tr>
                </thead>
                <tbody>
                  ${repeat(
                    trades,
                    (trade) => trade.trade_id,
                    (trade) => this.row(instrument, trade),
                  )}
                </tbody>
              </table>
            </div>`
          : html`<p class="empty">${word("tape.none")}</p>`
      }
    `;
  }

  /** @param {any} instrument @param {any} trade */
  row(instrument, trade) {
    return html`<tr data-trade=${trade.trade_id}>
      <td class="time">${clock(trade.at_ns)}</td>
      <td class=${trade.aggressor ?? "auction"}>${word(trade.aggressor ? `side.${trade.aggressor}` : "tape.auction")}</td>
      <td class="number">${state.price(instrument, trade.price_ticks)}</td>
      <td class="number">${whole(trade.quantity_lots)}</td>
    </tr>`;
  }
}

customElements.define("trade-tape", TradeTape);
