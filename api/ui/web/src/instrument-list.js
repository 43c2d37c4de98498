/** What can be traded here: code, name, phase and last price; the chosen one is what the rest of the page shows. */
import { html } from "lit";
import { PageElement } from "./element.js";
import { feed, state } from "./state.js";
import { word } from "./words.js";

const SEARCH_FROM = 8;

class InstrumentList extends PageElement {
  static properties = { sought: { state: true } };

  constructor() {
    super([feed, "frame"]);
    this.sought = "";
  }

  /** Up and down move between the lines, as in any list. @param {KeyboardEvent} event */
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const lines = [...this.querySelectorAll("button")];
    lines[lines.indexOf(/** @type {HTMLButtonElement} */ (event.target)) + step]?.focus();
  }

  render() {
    const known = [...state.instruments.all.values()];
    const sought = this.sought.trim().toLowerCase();
    const shown = sought ? known.filter((one) => `${one.code} ${one.name}`.toLowerCase().includes(sought)) : known;
    return html`
      <h2>${word("instruments")}</h2>
      ${
        known.length >= SEARCH_FROM
          ? html`<input
              type="search"
              aria-label=${word("instruments.search")}
              placeholder=${word("instruments.search")}
              @input=${(/** @type {any} */ event) => (this.sought = event.target.value)}
            />`
          : ""
      }
      <ul class="list" @keydown=${this.move}>
        ${shown.map((one) => this.line(one))}
      </ul>
      ${known.length ? "" : html`<p class="empty">${word(state.instruments.isWhole ? "instruments.none" : "loading")}</p>`}
    `;
  }

  /** @param {any} one */
  line(one) {
    const last = state.lastPrice(one);
    const phase = state.phase(one);
    return html`<li>
      <button
        aria-current=${one.instrument_id === state.chosen}
        data-instrument=${one.instrument_id}
        @click=${() => state.choose(one.instrument_id)}
      >
        <span class="code">${one.code}</span>
        <span class="last">${last === null ? "–" : state.price(one, last)}</span>
        <span class="name">${one.name}</span>
        <span class="phase ${phase}">${word(`phase.${phase}`)}</span>
      </button>
    </li>`;
  }
}

customElements.define("instrument-list", InstrumentList);
