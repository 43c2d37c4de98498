/** What is one's own: open orders, fills, holdings and cash of one account, live. */
import { html } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { PageElement, announce } from "./element.js";
import { session } from "./frame.js";
import { clock, decimal, whole } from "./numbers.js";
import { refusalView } from "./refusals.js";
import { feed, state } from "./state.js";
import { word } from "./words.js";

const UNPRICED = ["market", "stop", "trailing_stop"];

/** @param {string} id */
function codeOf(id) {
  return state.instruments.all.get(id)?.code ?? id;
}

/** @param {string} id @param {number} ticks */
function priceOf(id, ticks) {
  const instrument = state.instruments.all.get(id);
  return instrument ? state.price(instrument, ticks) : "–";
}

/** A table's frame: it scrolls by itself, and can be reached by keyboard to do so. */
class OwnTable extends PageElement {
  constructor() {
    super([feed, "frame"], [session, "change"]);
  }

  /**
   * Lines keep their elements while others come and go, so that a button under the pointer stays that line's.
   * @template T
   * @param {string} title
   * @param {unknown} head
   * @param {T[]} lines
   * @param {(line: T) => unknown} key
   * @param {(line: T) => unknown} row
   */
  table(title, head, lines, key, row) {
    if (!state.account?.isLoaded)
      return html`<p class="empty">${word(session.me?.accounts.length ? "loading" : "ticket.off.account")}</p>`;
    if (!lines.length) return html`<p class="empty">${word(`${title}.none`)}</p>`;
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${word(title)}>
      <table>
        <thead>
          <tr>
            ${head}
          </tr>
        </thead>
        <tbody>
          ${repeat(lines, key, row)}
        </tbody>
      </table>
    </div>`;
  }
}

class OwnOrders extends OwnTable {
  static properties = { refusal: { state: true }, isAsking: { state: true } };

  constructor() {
    super();
    this.refusal = null;
    this.isAsking = false;
  }

  /** @param {Record<string, unknown>} message @param {(answer: any) => string} said */
  async ask(message, said) {
    this.refusal = null;
    try {
      announce(said(await feed.request({ ...message, account_id: state.account?.id })));
    } catch (refusal) {
      this.refusal = refusal;
    }
  }

  cancelAll() {
    this.isAsking = false;
    this.ask({ type: "orders.cancel_all" }, (answer) => word("orders.cancelling", { orders: answer.orders ?? 0 }));
  }

  /** @param {string} orderId */
  cancel(orderId) {
    this.ask({ type: "order.cancel", order_id: orderId }, () => word("orders.cancelled"));
  }

  render() {
    const orders = [...(state.account?.orders.values() ?? [])].reverse();
    const isLive = feed.state === "live";
    const head = html`<th scope="col">${word("ticket.instrument")}</th>
      <th scope="col">${word("side")}</th>
      <th scope="col" class="number">${word("book.price")}</th>
      <th scope="col" class="number">${word("orders.open")}</th>
      <th scope="col">${word("ticket.tif")}</th>
      <th scope="col">${word("orders.key")}</th>
      <th scope="col"><span class="unseen">${word("orders.cancel")}</span></th>`;
    return html`
      <header>
        <h2>${word("orders")} <span class="count">${orders.length || ""}</span></h2>
        ${
          orders.length && !this.isAsking
            ? html`<button class="quiet" ?disabled=${!isLive} @click=${() => (this.isAsking = true)}>
                ${word("orders.cancel_all")}
              </button>`
            : ""
        }
        ${
          orders.length && this.isAsking
            ? html`<span role="group" class="ask"
                >${word("orders.cancel_all.check")}
                <button class="danger" ?disabled=${!isLive} @click=${this.cancelAll}>
                  ${word("orders.cancel_all")}
                </button>
                <button class="quiet" @click=${() => (this.isAsking = false)}>${word("ticket.back")}</button></span
              >`
            : ""
        }
      </header>
      ${this.refusal ? refusalView(this.refusal) : ""}
      ${this.table(
        "orders",
        head,
        orders,
        (order) => order.order_id,
        (order) => this.row(order, isLive),
      )}
    `;
  }

  /** Where an order that is not plain stands, if that is not its price for all to see. @param {any} order */
  standing(order) {
    const now = order.standing;
    if (!now?.place) return "";
    const notes = [];
    if (now.place !== "queue") notes.push(word(`place.${now.place}`));
    if (now.level) notes.push(priceOf(order.instrument_id, now.level));
    if (now.place === "queue" && now.price !== order.price_ticks) notes.push(priceOf(order.instrument_id, now.price));
    if (now.place === "queue" && now.shown < order.remaining_lots)
      notes.push(now.shown ? word("place.shows", { lots: whole(now.shown) }) : word("place.unseen"));
    return notes.length ? html`<span class="fine" data-standing=${now.place}>${notes.join(" · ")}</span>` : "";
  }

  /** @param {any} order @param {boolean} isLive */
  row(order, isLive) {
    const isPriced = order.price_ticks > 0 && !UNPRICED.includes(order.order_type);
    const price = isPriced ? priceOf(order.instrument_id, order.price_ticks) : "–";
    const side = word(`side.${order.side}`);
    const label = word("orders.cancel.label", { side, lots: order.remaining_lots, price });
    return html`<tr data-order=${order.order_id}>
      <td>${codeOf(order.instrument_id)}</td>
      <td class=${order.side}>${side}</td>
      <td class="number">${price} ${this.standing(order)}</td>
      <td class="number">
        ${whole(order.remaining_lots)} <span class="fine">${word("orders.of")} ${whole(order.quantity_lots)}</span>
      </td>
      <td class="time">
        ${order.order_type && order.order_type !== "limit" ? html`${word(`type.${order.order_type}`)} · ` : ""}
        ${word(`tif.${order.time_in_force}`)}
      </td>
      <td class="key" title=${order.client_order_id}>${order.client_order_id}</td>
      <td>
        <button class="quiet" aria-label=${label} ?disabled=${!isLive} @click=${() => this.cancel(order.order_id)}>
          ${word("orders.cancel")}
        </button>
      </td>
    </tr>`;
  }
}

class OwnFills extends OwnTable {
  render() {
    const fills = state.account?.fills ?? [];
    const head = html`<th scope="col">${word("time")}</th>
      <th scope="col">${word("ticket.instrument")}</th>
      <th scope="col">${word("side")}</th>
      <th scope="col" class="number">${word("book.price")}</th>
      <th scope="col" class="number">${word("book.lots")}</th>
      <th scope="col" class="number">${word("fills.fee")}</th>`;
    return html`<h2>${word("fills")}</h2>
      ${this.table(
        "fills",
        head,
        fills,
        (fill) => fill.trade_id + fill.side,
        (fill) => this.row(fill),
      )}`;
  }

  /** @param {any} fill */
  row(fill) {
    const instrument = state.instruments.all.get(fill.instrument_id);
    return html`<tr data-trade=${fill.trade_id}>
      <td class="time">${clock(fill.at_ns)}</td>
      <td>${codeOf(fill.instrument_id)}</td>
      <td class=${fill.side}>${word(`side.${fill.side}`)}</td>
      <td class="number">${priceOf(fill.instrument_id, fill.price_ticks)}</td>
      <td class="number">${whole(fill.quantity_lots)}</td>
      <td class="number">${instrument ? decimal(fill.fee_minor, state.scale(instrument)) : "–"}</td>
    </tr>`;
  }
}

class OwnHoldings extends OwnTable {
  render() {
    const holdings = [...(state.account?.holdings ?? [])].filter(([, held]) => held.balance || held.held);
    const head = html`<th scope="col">${word("holdings.asset")}</th>
      <th scope="col" class="number">${word("holdings.balance")}</th>
      <th scope="col" class="number">${word("holdings.held")}</th>
      <th scope="col" class="number">${word("holdings.available")}</th>`;
    return html`<header>
        <h2>${word("holdings")}</h2>
        ${this.accounts()}
      </header>
      ${this.table(
        "holdings",
        head,
        holdings,
        ([id]) => id,
        ([id, held]) => this.row(id, held),
      )}`;
  }

  accounts() {
    if (state.accounts.length < 2) return "";
    return html`<label class="inline"
      >${word("account")}
      <select @change=${(/** @type {any} */ event) => state.useAccount(event.target.value)}>
        ${state.accounts.map((one) => html`<option value=${one.account_id} ?selected=${one.account_id === state.account?.id}>${one.sub_account || one.account_id}</option>`)}
      </select></label
    >`;
  }

  /** @param {string} id @param {{balance: number, held: number}} held */
  row(id, held) {
    const asset = state.assets.get(id);
    const isMoney = asset?.kind === "money";
    const write = (/** @type {number} */ units) => (isMoney ? decimal(units, asset.scale) : whole(units));
    return html`<tr data-asset=${id}>
      <td>
        ${isMoney ? html`<b>${asset.currency}</b> <span class="fine">${word("holdings.money")}</span>` : (asset?.code ?? id)}
      </td>
      <td class="number">${write(held.balance)}</td>
      <td class="number">${write(held.held)}</td>
      <td class="number"><b>${write(held.balance - held.held)}</b></td>
    </tr>`;
  }
}

customElements.define("own-orders", OwnOrders);
customElements.define("own-fills", OwnFills);
customElements.define("own-holdings", OwnHoldings);
