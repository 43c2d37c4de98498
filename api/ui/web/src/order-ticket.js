/**
 * The ticket: side, type, prices, lots, how long, on what conditions; what it costs at most; and a dialog that asks
 * before anything is sent.
 *
 * It offers what the instrument's market allows. While the page is stale, or the phase takes no orders, the button is
 * off, in the dialog too.
 */
import { html } from "lit";
import { AskingElement, figures, numberField } from "./asking.js";
import { countOf, decimal, feeOf, minorOf, whole } from "./numbers.js";
import { FIELDS, furtherOf, pricesOf, timesOf, waits } from "./order-kinds.js";
import { feed, state } from "./state.js";
import { word } from "./words.js";

/** @typedef {{side: "buy" | "sell", type: string, tif: string, lots: number, prices: Record<string, number>,
 *             more: Record<string, any>, notional: number, fee: number, total: number}} Draft */

/** A name for an order that no other has: chance enough that two never meet. */
function ownReference() {
  const chance = crypto.getRandomValues(new Uint8Array(10));
  return `web-${[...chance].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

const TAKES_ORDERS = ["pre_open", "opening_call", "continuous", "volatility_call", "closing_call", "post_close"];
const LOTS_OF = { iceberg: "display_lots", minimum: "minimum_lots" };
const SWITCHES = ["hidden", "post_only", "all_or_none"];

class OrderTicket extends AskingElement {
  static properties = {
    side: { state: true },
    type: { state: true },
    typed: { state: true },
    lots: { state: true },
    tif: { state: true },
    until: { state: true },
    more: { state: true },
  };

  constructor() {
    super([feed, "frame"]);
    /** @type {"buy" | "sell"} */ this.side = "buy";
    this.empty();
    this.shown = state.chosen;
    document.addEventListener("take-price", (event) => this.takePrice(/** @type {CustomEvent} */ (event).detail));
  }

  /** Nothing is typed. */
  empty() {
    this.type = "limit";
    /** What is typed of each price. @type {Record<string, string>} */ this.typed = {};
    this.lots = this.until = "";
    this.tif = "day";
    /** What is chosen of the conditions. @type {Record<string, any>} */ this.more = {};
  }

  /** @param {number} ticks */
  takePrice(ticks) {
    const instrument = state.instrument;
    if (!instrument) return;
    const first = pricesOf(this.type)[0];
    if (first) this.typed = { ...this.typed, [first]: decimal(ticks * instrument.tick_minor, state.scale(instrument)) };
    /** @type {HTMLInputElement | null} */ (this.querySelector("[name=lots]"))?.focus();
  }

  willUpdate() {
    if (this.shown !== state.chosen) {
      this.shown = state.chosen; // a price of one instrument must not become an order for another
      this.empty();
      this.forget();
    }
    const allowed = state.allowed(state.instrument);
    if (!allowed.types.includes(this.type)) this.type = allowed.types[0];
    const times = timesOf(allowed, this.type);
    if (!times.includes(this.tif)) this.tif = times[0];
  }

  /** Why no order can be sent now; empty when one can. @param {any} instrument */
  obstacle(instrument) {
    if (!state.account) return "ticket.off.account";
    if (!state.isFresh) return "ticket.off.stale";
    if (!TAKES_ORDERS.includes(state.phase(instrument))) return "ticket.off.phase";
    return this.feeRow(instrument) ? "" : "ticket.off.fee";
  }

  /** @param {any} instrument */
  feeRow(instrument) {
    return state.fees.row(state.markets.get(instrument.market_id), this.side, feed.nowMs);
  }

  /** What is typed as integers, or what is wrong with it. @param {any} instrument @returns {Draft | {wrong: string}} */
  draft(instrument) {
    const prices = this.prices(instrument);
    if ("wrong" in prices) return /** @type {any} */ (prices);
    const lots = countOf(this.lots);
    if (!lots) return { wrong: word("ticket.bad.lots") };
    const more = this.conditions();
    if ("wrong" in more) return /** @type {any} */ (more);
    // Without a limit an order trades up to the band's edge, and holds as much.
    const worst = prices.price ?? (this.side === "buy" ? instrument.band_high_ticks : instrument.band_low_ticks);
    const notional = worst * instrument.tick_minor * lots;
    const row = this.feeRow(instrument);
    const fee = row ? feeOf(row, notional) : 0;
    const total = this.side === "buy" ? notional + fee : notional - fee;
    if (!Number.isSafeInteger(total)) return { wrong: word("ticket.bad.size") };
    return { side: this.side, type: this.type, tif: this.tif, lots, prices, more, notional, fee, total };
  }

  /** @param {any} instrument @returns {Record<string, number> | {wrong: string}} */
  prices(instrument) {
    /** @type {Record<string, number>} */
    const found = {};
    for (const name of pricesOf(this.type)) {
      const minor = minorOf(this.typed[name] ?? "", state.scale(instrument));
      if (!minor || minor % instrument.tick_minor)
        return { wrong: word("ticket.bad.price", { tick: state.price(instrument, 1) }) };
      const ticks = (found[name] = minor / instrument.tick_minor);
      const isLevel = name === "price" || name === "stop";
      if (isLevel && (ticks < instrument.band_low_ticks || ticks > instrument.band_high_ticks)) {
        const [low, high] = state.band(instrument);
        return { wrong: word("ticket.bad.band", { low, high }) };
      }
    }
    return found;
  }

  /** The conditions as fields of the order, or what is wrong with them. @returns {Record<string, any>} */
  conditions() {
    const offered = furtherOf(state.allowed(state.instrument), this.type);
    /** @type {Record<string, any>} */
    const found = {};
    for (const [condition, field] of Object.entries(LOTS_OF)) {
      const text = this.more[condition];
      if (!offered.includes(condition) || !text) continue;
      const lots = countOf(text);
      if (!lots) return { wrong: word("ticket.bad.lots") };
      found[field] = lots;
    }
    for (const condition of SWITCHES)
      if (offered.includes(condition) && this.more[condition]) found[condition] = true;
    if (offered.includes("one_cancels_other") && this.more.one_cancels_other)
      found.oco_order_id = this.more.one_cancels_other;
    if (this.more.prevention) found.self_trade_prevention = this.more.prevention;
    if (this.tif === "gtd") {
      const until = Date.parse(this.until);
      if (!(until > feed.nowMs)) return { wrong: word("ticket.bad.until") };
      found.expires_at_ns = until * 1_000_000;
    }
    return found;
  }

  /** @param {SubmitEvent} event */
  review(event) {
    event.preventDefault();
    const instrument = state.instrument;
    if (!instrument || this.obstacle(instrument)) return;
    const draft = this.draft(instrument);
    if (!("wrong" in draft)) this.ask({ draft, instrument });
  }

  async send() {
    if (!this.asking || this.isSending || this.obstacle(this.asking.instrument)) return;
    const { draft, instrument } = this.asking;
    await this.sending(async () => {
      const prices = Object.entries(draft.prices).map(([name, ticks]) => [/** @type {any} */ (FIELDS)[name], ticks]);
      const answer = await feed.request({
        type: "order.place",
        client_order_id: ownReference(),
        account_id: state.account?.id,
        instrument_id: instrument.instrument_id,
        side: draft.side,
        quantity_lots: draft.lots,
        ...(draft.type === "limit" ? {} : { order_type: draft.type }),
        time_in_force: draft.tif,
        ...Object.fromEntries(prices),
        ...draft.more,
      });
      this.lots = "";
      this.more = {}; // what one order asked for, the next does not by itself
      const left = { lots: whole(answer.remaining_lots ?? 0) };
      const isWaiting = answer.status === "open" && waits(draft.type);
      return word(isWaiting ? "ticket.done.waits" : `ticket.done.${answer.status}`, left);
    }, "ticket.unknown");
  }

  render() {
    const instrument = state.instrument;
    if (!instrument)
      return html`<h2>${word("ticket")}</h2>
        <p class="empty">${word("book.none")}</p>`;
    const allowed = state.allowed(instrument);
    const draft = this.draft(instrument);
    const obstacle = this.obstacle(instrument);
    const isTyped = pricesOf(this.type).every((name) => this.typed[name]) && this.lots !== "";
    const wrong = isTyped && "wrong" in draft ? draft.wrong : "";
    return html`
      <h2>${word("ticket")}</h2>
      <form @submit=${this.review} autocomplete="off">
        ${this.sides()}
        ${this.select("type", allowed.types, this.type, (type) => (this.type = type))}
        ${pricesOf(this.type).map((name) => this.priceField(instrument, name))}
        ${numberField({ name: "lots", label: word("ticket.lots"), value: this.lots, wrong: "ticket-wrong", mode: "numeric", typed: (text) => (this.lots = text) })}
        ${this.select("tif", timesOf(allowed, this.type), this.tif, (tif) => (this.tif = tif))}
        ${
          this.tif === "gtd"
            ? html`<label
                >${word("ticket.until")}
                <input
                  type="datetime-local"
                  name="until"
                  .value=${this.until}
                  @input=${(/** @type {any} */ event) => (this.until = event.target.value)}
              /></label>`
            : ""
        }
        ${this.furtherConditions(allowed)}
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
      ${this.verdict()} ${this.dialog("confirm-title", ({ draft, instrument }) => this.question(draft, instrument))}
    `;
  }

  sides() {
    return html`<fieldset class="sides">
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
    </fieldset>`;
  }

  /** @param {string} name @param {string[]} options @param {string} chosen @param {(value: string) => void} choose */
  select(name, options, chosen, choose) {
    return html`<label
      >${word(`ticket.${name}`)}
      <select name=${name} @change=${(/** @type {any} */ event) => choose(event.target.value)}>
        ${options.map((option) => html`<option value=${option} ?selected=${option === chosen}>${word(`${name}.${option}`)}</option>`)}
      </select></label
    >`;
  }

  /** @param {any} instrument @param {string} name */
  priceField(instrument, name) {
    const isOutermost = name === "price" && (this.type.startsWith("pegged") || this.type === "trailing_stop_limit");
    const label = word(isOutermost ? "ticket.outermost" : `ticket.${name}`);
    return numberField({
      name,
      label: html`${label} <span class="fine">${state.currency(instrument)}</span>`,
      value: this.typed[name] ?? "",
      wrong: "ticket-wrong",
      typed: (text) => (this.typed = { ...this.typed, [name]: text }),
    });
  }

  /** @param {import("./order-kinds.js").Allowed} allowed */
  furtherConditions(allowed) {
    const offered = furtherOf(allowed, this.type);
    if (!offered.length && allowed.preventions.length < 2) return "";
    const set = (/** @type {string} */ name, /** @type {any} */ value) => (this.more = { ...this.more, [name]: value });
    const others = [...(state.account?.orders.values() ?? [])].filter((one) => one.instrument_id === state.chosen);
    return html`<details class="more">
      <summary>${word("ticket.more")}</summary>
      ${Object.keys(LOTS_OF)
        .filter((name) => offered.includes(name))
        .map((name) =>
          numberField({
            name,
            label: word(`condition.${name}`),
            value: this.more[name] ?? "",
            wrong: "ticket-wrong",
            mode: "numeric",
            typed: (text) => set(name, text),
          }),
        )}
      ${SWITCHES.filter((name) => offered.includes(name)).map(
        (name) =>
          html`<label class="switch"
            ><input
              type="checkbox"
              name=${name}
              .checked=${Boolean(this.more[name])}
              @change=${(/** @type {any} */ event) => set(name, event.target.checked)}
            />
            ${word(`condition.${name}`)}</label
          >`,
      )}
      ${
        offered.includes("one_cancels_other") && others.length
          ? html`<label
              >${word("condition.one_cancels_other")}
              <select
                name="one_cancels_other"
                @change=${(/** @type {any} */ event) => set("one_cancels_other", event.target.value)}
              >
                <option value="">–</option>
                ${others.map((one) => html`<option value=${one.order_id}>${word(`side.${one.side}`)} ${whole(one.remaining_lots)} ${one.client_order_id}</option>`)}
              </select></label
            >`
          : ""
      }
      ${
        allowed.preventions.length > 1
          ? this.select("prevention", allowed.preventions, this.more.prevention ?? allowed.preventions[0], (value) =>
              set("prevention", value),
            )
          : ""
      }
    </details>`;
  }

  /** @param {any} instrument @param {Draft | null} draft */
  costs(instrument, draft) {
    const write = (/** @type {number | undefined} */ minor) =>
      minor === undefined ? "–" : decimal(minor, state.scale(instrument));
    return figures([
      [word("ticket.notional"), write(draft?.notional)],
      [word("ticket.fee"), write(draft?.fee)],
      [word(`ticket.total.${this.side}`), write(draft?.total)],
    ]);
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

  /** @param {Draft} draft @param {any} instrument */
  question(draft, instrument) {
    const write = (/** @type {number} */ minor) =>
      `${decimal(minor, state.scale(instrument))} ${state.currency(instrument)}`;
    const price = (/** @type {number} */ ticks) => write(ticks * instrument.tick_minor);
    /** @type {[string, unknown][]} */
    const lines = [
      [word("ticket.instrument"), `${instrument.code} ${instrument.name}`],
      [word("side"), word(`side.${draft.side}`)],
      [word("ticket.type"), word(`type.${draft.type}`)],
      [word("book.lots"), whole(draft.lots)],
      ...Object.entries(draft.prices).map(
        ([name, ticks]) => /** @type {[string, unknown]} */ ([word(`ticket.${name}`), price(ticks)]),
      ),
      [word("ticket.tif"), word(`tif.${draft.tif}`)],
      ...conditionLines(draft.more),
      [word("ticket.notional"), write(draft.notional)],
      [word("ticket.fee"), write(draft.fee)],
    ];
    return html`<h2 id="confirm-title">${word("ticket.check")}</h2>
      ${state.isSimulated ? html`<p class="fine">${word("banner.simulated")}</p>` : ""}
      ${figures(lines, [word(`ticket.total.${draft.side}`), write(draft.total)])}
      ${this.choice({
        obstacle: this.obstacle(instrument),
        kind: draft.side,
        back: "ticket.back",
        send: this.isSending ? "ticket.sending" : `ticket.send.${draft.side}`,
        act: () => this.send(),
      })}`;
  }
}

/** What an order asks for further, in words. @param {Record<string, any>} more @returns {[string, unknown][]} */
function conditionLines(more) {
  /** @type {[string, unknown][]} */
  const lines = [];
  for (const [condition, field] of Object.entries(LOTS_OF))
    if (more[field]) lines.push([word(`condition.${condition}`), whole(more[field])]);
  for (const condition of SWITCHES) if (more[condition]) lines.push([word(`condition.${condition}`), "✓"]);
  if (more.oco_order_id) lines.push([word("condition.one_cancels_other"), more.oco_order_id]);
  if (more.self_trade_prevention) lines.push([word("ticket.prevention"), word(`prevention.${more.self_trade_prevention}`)]);
  return lines;
}

customElements.define("order-ticket", OrderTicket);
