/**
 * The ticket: side, price, lots, how long; what it costs at most; and a dialog that asks before anything is sent.
 *
 * While the page is stale, or the instrument is not in continuous trading, the button is off, in the dialog too.
 */
import { html } from "lit";
import { PageElement, announce } from "./element.js";
import { countOf, decimal, feeOf, minorOf, whole } from "./numbers.js";
import { refusalView } from "./refusals.js";
import { feed, state } from "./state.js";
import { word } from "./words.js";

/** @typedef {{side: "buy" | "sell", ticks: number, lots: number, tif: string,
 *             notional: number, fee: number, total: number}} Draft */

/** A name for an order that no other has: chance enough that two never meet. */
function ownReference() {
  const chance = crypto.getRandomValues(new Uint8Array(10));
  return `web-${[...chance].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const TIFS = ["day", "gtc", "ioc", "fok"];

class OrderTicket extends PageElement {
  static properties = {
    side: { state: true },
    price: { state: true },
    lots: { state: true },
    tif: { state: true },
    said: { state: true },
    refusal: { state: true },
    asking: { state: true },
    isSending: { state: true },
  };

  constructor() {
    super([feed, "frame"]);
    /** @type {"buy" | "sell"} */ this.side = "buy";
    this.price = "";
    this.lots = "";
    this.tif = "day";
    this.said = "";
    /** @type {any} */ this.refusal = null;
    /** @type {{draft: Draft, instrument: any} | null} */ this.asking = null;
    this.isSending = false;
    this.shown = state.chosen;
    document.addEventListener("take-price", (event) => this.takePrice(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {number} ticks */
  takePrice(ticks) {
    const instrument = state.instrument;
    if (!instrument) return;
    this.price = decimal(ticks * instrument.tick_minor, state.scale(instrument));
    /** @type {HTMLInputElement | null} */ (this.querySelector("[name=lots]"))?.focus();
  }

  willUpdate() {
    if (this.shown === state.chosen) return;
    this.shown = state.chosen; // a price of one instrument must not become an order for another
    this.price = this.lots = this.said = "";
    this.refusal = this.asking = null;
  }

  updated() {
    const dialog = this.querySelector("dialog");
    if (!dialog) return;
    if (this.asking && !dialog.open) dialog.showModal();
    if (!this.asking && dialog.open) dialog.close();
  }

  /** Why no order can be sent now; empty when one can. @param {any} instrument */
  obstacle(instrument) {
    if (!state.account) return "ticket.off.account";
    if (!state.isFresh) return "ticket.off.stale";
    if (state.phase(instrument) !== "continuous") return "ticket.off.phase";
    return this.feeRow(instrument) ? "" : "ticket.off.fee";
  }

  /** @param {any} instrument */
  feeRow(instrument) {
    return state.fees.row(state.markets.get(instrument.market_id), this.side, feed.nowMs);
  }

  /** What is typed as integers, or what is wrong with it. @param {any} instrument @returns {Draft | {wrong: string}} */
  draft(instrument) {
    const tick = state.price(instrument, 1);
    const minor = minorOf(this.price, state.scale(instrument));
    if (!minor || minor % instrument.tick_minor) return { wrong: word("ticket.bad.price", { tick }) };
    const ticks = minor / instrument.tick_minor;
    if (ticks < instrument.band_low_ticks || ticks > instrument.band_high_ticks) {
      const [low, high] = state.band(instrument);
      return { wrong: word("ticket.bad.band", { low, high }) };
    }
    const lots = countOf(this.lots);
    if (!lots) return { wrong: word("ticket.bad.lots") };
    const notional = minor * lots;
    const row = this.feeRow(instrument);
    const fee = row ? feeOf(row, notional) : 0;
    const total = this.side === "buy" ? notional + fee : notional - fee;
    if (!Number.isSafeInteger(total)) return { wrong: word("ticket.bad.size") };
    return { side: this.side, ticks, lots, tif: this.tif, notional, fee, total };
  }

  /** @param {SubmitEvent} event */
  review(event) {
    event.preventDefault();
    const instrument = state.instrument;
    if (!instrument || this.obstacle(instrument)) return;
    const draft = this.draft(instrument);
    if ("wrong" in draft) return;
    this.said = "";
    this.refusal = null;
    this.asking = { draft, instrument };
  }

  /** Back to the ticket; an order on its way cannot be called back. @param {Event} event */
  back(event) {
    event.preventDefault();
    if (!this.isSending) this.asking = null;
  }

  async send() {
    if (!this.asking || this.isSending || this.obstacle(this.asking.instrument)) return;
    const { draft, instrument } = this.asking;
    this.isSending = true;
    try {
      const answer = await feed.request({
        type: "order.place",
        client_order_id: ownReference(),
        account_id: state.account?.id,
        instrument_id: instrument.instrument_id,
        side: draft.side,
        price_ticks: draft.ticks,
        quantity_lots: draft.lots,
        time_in_force: draft.tif,
      });
      this.said = word(`ticket.done.${answer.status}`, { lots: whole(answer.remaining_lots ?? 0) });
      this.lots = "";
      announce(this.said);
    } catch (refusal) {
      if (/** @type {any} */ (refusal).code === "feed.unknown") this.said = word("ticket.unknown");
      else this.refusal = refusal;
    }
    this.isSending = false;
    this.asking = null;
  }

  render() {
    const instrument = state.instrument;
    if (!instrument)
      return html`<h2>${word("ticket")}</h2>
        <p class="empty">${word("book.none")}</p>`;
    const draft = this.draft(instrument);
    const obstacle = this.obstacle(instrument);
    const isTyped = this.price !== "" && this.lots !== "";
    const wrong = isTyped && "wrong" in draft ? draft.wrong : "";
    return html`
      <h2>${word("ticket")}</h2>
      <form @submit=${this.review} autocomplete="off">
        <fieldset class="sides">
          <legend class="unseen">${word("side")}</legend>
          ${["buy", "sell"].map(
            (side) =>
              html`<label class=${side}
                ><input
                  type="radio"
                  name="side"
                  .value=${side}
                  .checked=${this.side === side}
                  @change=${() => (this.side = /** @type {any} */ (side))}
                />
                <span>${word(`side.${side}`)}</span></label
              >`,
          )}
        </fieldset>
        <label
          >${word("ticket.price")} <span class="fine">${state.currency(instrument)}</span>
          <input
            name="price"
            inputmode="decimal"
            maxlength="20"
            .value=${this.price}
            aria-describedby="ticket-wrong"
            @input=${(/** @type {any} */ event) => (this.price = event.target.value)}
        /></label>
        <label
          >${word("ticket.lots")}
          <input
            name="lots"
            inputmode="numeric"
            maxlength="20"
            .value=${this.lots}
            aria-describedby="ticket-wrong"
            @input=${(/** @type {any} */ event) => (this.lots = event.target.value)}
        /></label>
        <label
          >${word("ticket.tif")}
          <select name="tif" @change=${(/** @type {any} */ event) => (this.tif = event.target.value)}>
            ${TIFS.map((tif) => html`<option value=${tif} ?selected=${tif === this.tif}>${word(`tif.${tif}`)}</option>`)}
          </select></label
        >
        <p id="ticket-wrong" class="wrong" role="status">${wrong}</p>
        ${this.costs(instrument, "wrong" in draft ? null : draft)} ${this.available(instrument)}
        <button
          class="primary ${this.side}"
          name="review"
          ?disabled=${obstacle !== "" || "wrong" in draft}
          aria-describedby="ticket-off"
        >
          ${word("ticket.review")}
        </button>
        <p id="ticket-off" class="fine">${obstacle ? word(obstacle) : ""}</p>
      </form>
      ${this.said ? html`<p class="notice good" data-said>${this.said}</p>` : ""}
      ${this.refusal ? refusalView(this.refusal) : ""} ${this.dialog()}
    `;
  }

  /** @param {any} instrument @param {Draft | null} draft */
  costs(instrument, draft) {
    const write = (/** @type {number} */ minor) => decimal(minor, state.scale(instrument));
    const lines = [
      ["ticket.notional", draft?.notional],
      ["ticket.fee", draft?.fee],
      [`ticket.total.${this.side}`, draft?.total],
    ];
    return html`<dl class="costs">
      ${lines.map(
        ([label, minor]) =>
          html`<div>
            <dt>${word(String(label))}</dt>
            <dd>${minor === undefined ? "–" : write(Number(minor))}</dd>
          </div>`,
      )}
    </dl>`;
  }

  /** @param {any} instrument */
  available(instrument) {
    const account = state.account;
    if (!account?.isLoaded) return "";
    const units =
      this.side === "buy"
        ? `${decimal(account.available(instrument.money_asset_id), state.scale(instrument))} ${state.currency(instrument)}`
        : `${whole(account.available(instrument.asset_id))} ${word("holdings.units")}`;
    return html`<p class="fine available">${word("ticket.available")} <span>${units}</span></p>`;
  }

  dialog() {
    const asking = this.asking;
    return html`<dialog aria-labelledby="confirm-title" @cancel=${this.back}>
      ${asking ? this.question(asking.draft, asking.instrument) : ""}
    </dialog>`;
  }

  /** @param {Draft} draft @param {any} instrument */
  question(draft, instrument) {
    const write = (/** @type {number} */ minor) =>
      `${decimal(minor, state.scale(instrument))} ${state.currency(instrument)}`;
    const obstacle = this.obstacle(instrument);
    const lines = [
      ["ticket.instrument", `${instrument.code} ${instrument.name}`],
      ["side", word(`side.${draft.side}`)],
      ["book.lots", whole(draft.lots)],
      ["ticket.price", write(draft.ticks * instrument.tick_minor)],
      ["ticket.tif", word(`tif.${draft.tif}`)],
      ["ticket.notional", write(draft.notional)],
      ["ticket.fee", write(draft.fee)],
    ];
    return html`<h2 id="confirm-title">${word("ticket.check")}</h2>
      ${state.isSimulated ? html`<p class="fine">${word("banner.simulated")}</p>` : ""}
      <dl class="costs">
        ${lines.map(
          ([label, value]) =>
            html`<div>
              <dt>${word(label)}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
        <div class="total">
          <dt>${word(`ticket.total.${draft.side}`)}</dt>
          <dd>${write(draft.total)}</dd>
        </div>
      </dl>
      ${obstacle ? html`<p class="notice bad" role="alert">${word(obstacle)}</p>` : ""}
      <div class="buttons">
        <button class="quiet" ?disabled=${this.isSending} @click=${this.back}>${word("ticket.back")}</button>
        <button
          class="primary ${draft.side}"
          name="send"
          autofocus
          ?disabled=${this.isSending || obstacle !== ""}
          @click=${this.send}
        >
          ${word(this.isSending ? "ticket.sending" : `ticket.send.${draft.side}`)}
        </button>
      </div>`;
  }
}

customElements.define("order-ticket", OrderTicket);
