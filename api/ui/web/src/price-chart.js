/** The chart: the chosen instrument's newest candles. Read over REST, again after a trade, once a second at most. */
import { html, svg } from "lit";
import { PageElement } from "./element.js";
import { clock } from "./numbers.js";
import { all } from "./rest.js";
import { feed, state } from "./state.js";
import { word } from "./words.js";

/** @type {Record<string, number>} */
const SECONDS = { "1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "1d": 86_400 };
const SHOWN = 60;
const SLOT = 10;
const WIDTH = SHOWN * SLOT;
const HEIGHT = 110;
const AGAIN_MS = 1_000;

class PriceChart extends PageElement {
  static properties = { interval: { state: true } };

  /** @type {any[]} */ #candles = [];
  #shown = ""; // instrument, interval and last trade of the candles
  #isAsking = false;

  constructor() {
    super([feed, "frame"]);
    this.interval = "1m";
  }

  /** What the candles should be of; empty without a trade. */
  get wanted() {
    const id = state.instrument?.instrument_id;
    const newest = id && state.tapes.get(id)?.trades[0];
    return newest ? `${id} ${this.interval} ${newest.n}` : "";
  }

  updated() {
    if (this.wanted !== this.#shown && !this.#isAsking) this.ask();
  }

  /** Read the candles up to the newest trade. */
  async ask() {
    const wanted = this.wanted;
    const instrument = state.instrument;
    this.#isAsking = true;
    try {
      if (wanted) {
        const step = SECONDS[this.interval];
        const newest = Math.floor(state.tapes.get(instrument.instrument_id).trades[0].at_ns / 1e9);
        // Without an end the stretch would reach to now, and be too long for a book that has rested for some days.
        const from_s = Math.max(newest - (SHOWN - 1) * step, 0);
        const values = { interval: this.interval, from_s, until_s: newest + 1 };
        this.#candles = await all(`/v1/instruments/${instrument.instrument_id}/candles`, values);
      } else {
        this.#candles = [];
      }
      this.#shown = wanted;
      this.requestUpdate();
    } catch {
      // Asked again below; meanwhile the candles that are known stay.
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    this.#isAsking = false;
    this.requestUpdate();
  }

  render() {
    const instrument = state.instrument;
    const mine = instrument && this.#shown.startsWith(`${instrument.instrument_id} ${this.interval} `);
    return html`
      <div class="chart-head">
        <h2>${word("chart")}</h2>
        <select
          name="interval"
          aria-label=${word("chart.interval")}
          @change=${(/** @type {any} */ event) => (this.interval = event.target.value)}
        >
          ${Object.keys(SECONDS).map((one) => html`<option value=${one} ?selected=${one === this.interval}>${one}</option>`)}
        </select>
      </div>
      ${mine && this.#candles.length ? this.picture(instrument, this.#candles) : html`<p class="empty">${word("tape.none")}</p>`}
    `;
  }

  /** @param {any} instrument @param {any[]} candles */
  picture(instrument, candles) {
    const high = Math.max(...candles.map((one) => one.high_ticks));
    const low = Math.min(...candles.map((one) => one.low_ticks));
    const down = (/** @type {number} */ price) => (high > low ? ((high - price) / (high - low)) * HEIGHT : HEIGHT / 2);
    const last = candles[candles.length - 1];
    const stepNs = SECONDS[this.interval] * 1e9;
    const drawn = candles.map((one) => {
      const slot = SHOWN - 1 - Math.round((last.start_ns - one.start_ns) / stepNs);
      const x = slot * SLOT + SLOT / 2;
      const top = down(Math.max(one.open_ticks, one.close_ticks));
      const bottom = Math.max(down(Math.min(one.open_ticks, one.close_ticks)), top + 1.5);
      return svg`<g class=${one.close_ticks < one.open_ticks ? "falls" : "rises"} data-candle=${one.start_ns}>
        <line x1=${x} x2=${x} y1=${down(one.high_ticks)} y2=${down(one.low_ticks)}></line>
        <rect x=${x - SLOT * 0.35} y=${top} width=${SLOT * 0.7} height=${bottom - top}></rect>
      </g>`;
    });
    const prices = { low: state.price(instrument, low), high: state.price(instrument, high) };
    const said = word("chart.said", { code: instrument.code, interval: this.interval, ...prices });
    return html`
      <svg viewBox="-4 -6 ${WIDTH + 8} ${HEIGHT + 12}" role="img" aria-label=${said}>${drawn}</svg>
      <p class="chart-foot"><span>${prices.low} – ${prices.high}</span><span>${clock(last.start_ns)}</span></p>
    `;
  }
}

customElements.define("price-chart", PriceChart);
