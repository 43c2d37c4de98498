/** The auctions' page: the lots of public sales, one of them with its clock, bids on it, and the steps to take part. */
import "./style.css";
import "./lots.css";
import { html } from "lit";
import { AskingElement, figures } from "./asking.js";
import { PageElement, announce } from "./element.js";
import { session } from "./frame.js";
import { feed, hall } from "./hall.js";
import "./lot-bid.js";
import "./lot-entry.js";
import { left, moment, names, percent, priceOf } from "./lot-facts.js";
import { whole } from "./numbers.js";
import { word } from "./words.js";

const TICK_MS = 1_000;

class LotsStatus extends PageElement {
  constructor() {
    super([feed, "frame"], [session, "change"]);
  }

  updated() {
    document.documentElement.dataset.fresh = String(hall.isFresh);
  }

  render() {
    if (!session.me) return html``;
    const now = feed.state === "live" && !hall.isFresh ? "resync" : feed.state;
    return html`<span class="status ${now}" title=${word("feed.label")}>${word(`feed.${now}`)}</span>`;
  }
}

class LotList extends PageElement {
  constructor() {
    super([feed, "frame"]);
  }

  render() {
    const lots = hall.lots;
    return html`
      <h2>${word("lots")}</h2>
      ${hall.isSimulated ? html`<p class="fine">${word("lots.simulated")}</p>` : ""}
      ${lots.length ? "" : html`<p class="empty">${word(hall.isLoaded ? "lots.none" : "loading")}</p>`}
      <ul class="lots">
        ${lots.map(
          (lot) =>
            html`<li data-lot=${lot.lot_id}>
              <button aria-pressed=${hall.chosen === lot.lot_id} @click=${() => hall.choose(lot.lot_id)}>
                ${lot.name}
                <span class="fine">${word(`method.${lot.method}`)} · ${word(`state.${lot.state}`)}</span>
                <span class="price">${hall.money(lot, priceOf(lot))}</span>
              </button>
            </li>`,
        )}
      </ul>
    `;
  }
}

/** Rights for which quotes are asked now, of everybody or of some. */
class QuoteRequests extends PageElement {
  constructor() {
    super([feed, "frame"]);
  }

  render() {
    if (!hall.requests.length) return html``;
    return html`
      <h2>${word("requests")}</h2>
      <ul class="lots">
        ${hall.requests.map(
          (request) =>
            html`<li data-request=${request.request_id}>
              ${request.name}
              <span class="fine">
                ${word(request.addressees.length ? "requests.some" : "requests.all")} ·
                ${word("requests.until", { time: moment(request.closes_at_ns) })}
              </span>
            </li>`,
        )}
      </ul>
      <p class="fine">${word("requests.note")}</p>
    `;
  }
}

/** What anybody may take: rights at their listed price, and open licences at their fee. */
class OpenOffers extends AskingElement {
  constructor() {
    super([feed, "frame"]);
  }

  /** One form for both. @returns {any[]} */
  get offers() {
    const listed = hall.listed.map((one) => ({
      id: one.price_offer_id,
      market: one.market_id,
      kind: "listing",
      name: one.name,
      minor: one.price_minor,
      extra: [[word("offers.deposit"), hall.marketMoney(one.market_id, one.deposit_minor)]],
      until: word("requests.until", { time: moment(one.closes_at_ns) }),
      path: "/v1/listings/take",
      json: { listing_id: one.listing_id, price_minor: one.price_minor, contract_sha256: one.contract_sha256 },
    }));
    const open = hall.open.map((one) => ({
      id: one.open_licence_id,
      market: one.market_id,
      kind: "open_licence",
      name: one.name,
      minor: one.fee_minor,
      extra: [],
      until: word("requests.until", { time: one.scope.ends_on }),
      path: "/v1/open-licences/take",
      json: {
        open_licence_id: one.open_licence_id,
        fee_minor: one.fee_minor,
        contract_sha256: one.contract_sha256,
      },
    }));
    return [...listed, ...open];
  }

  /** Take it, with the first of one's accounts. @param {any} offer */
  async take(offer) {
    const account_id = session.me.accounts[0].account_id;
    await session.send("POST", offer.path, { json: { ...offer.json, account_id } });
    await hall.load().catch(() => {});
    return word(`offers.taken.${offer.kind}`, { name: offer.name });
  }

  render() {
    const offers = this.offers;
    if (!offers.length && !this.said && !this.refusal) return html``;
    return html`
      <h2>${word("offers")}</h2>
      <ul class="lots">
        ${offers.map(
          (offer) =>
            html`<li data-offer=${offer.id}>
              ${offer.name}
              <span class="fine">
                ${word(`method.${offer.kind}`)} · ${hall.marketMoney(offer.market, offer.minor)} · ${offer.until}
              </span>
              <button class="quiet" name="take" @click=${() => this.ask(offer)}>${word("offers.take")}</button>
            </li>`,
        )}
      </ul>
      ${this.verdict()} ${this.dialog("offer-question", (asking) => this.question(asking))}
    `;
  }

  /** @param {any} offer */
  question(offer) {
    const lines = [[word(`offers.price.${offer.kind}`), hall.marketMoney(offer.market, offer.minor)], ...offer.extra];
    return html`<h2 id="offer-question">${word(`offers.ask.${offer.kind}`, { name: offer.name })}</h2>
      ${figures(/** @type {any} */ (lines))}
      <p class="fine">${word(`offers.note.${offer.kind}`)}</p>
      ${this.choice({
        obstacle: "",
        kind: "buy",
        back: "offers.back",
        send: "offers.take",
        act: () => this.sending(() => this.take(offer), "offers.unknown"),
      })}`;
  }
}

/** The chosen lot as everybody sees it, with the time that is left. */
class LotBoard extends PageElement {
  constructor() {
    super([feed, "frame"]);
    setInterval(() => this.requestUpdate(), TICK_MS);
    this.said = "";
  }

  /** Who does not see the board hears of every new price. */
  updated() {
    const lot = hall.lot;
    const now = lot ? `${lot.name}: ${word(`state.${lot.state}`)}, ${hall.money(lot, priceOf(lot))}` : "";
    if (this.said && now && this.said !== now) announce(now);
    this.said = now;
  }

  render() {
    const lot = hall.lot;
    const sale = lot && hall.sale(lot);
    if (!sale) return html`<p class="empty">${word("lots.choose")}</p>`;
    const tender = hall.tender(lot);
    const due = {
      announced: sale.starts_at_ns,
      open: lot.ends_at_ns,
      revealing: sale.reveal_until_ns,
      scoring: tender?.scoring_until_ns,
    }[lot.state];
    const dueWord = {
      announced: "board.starts",
      open: "board.ends",
      revealing: "board.reveal",
      scoring: "board.scoring",
    }[lot.state];
    return html`
      <h2>${lot.name} <span class="name">${word(`method.${lot.method}`)} · ${word(`state.${lot.state}`)}</span></h2>
      <dl class="board">
        ${this.figure(lot)}
        <div>
          <dt>${word("board.start")}</dt>
          <dd>${hall.money(lot, lot.start_minor)}</dd>
        </div>
        <div>
          <dt>${word("board.deposit")}</dt>
          <dd>${hall.money(lot, sale.deposit_minor)}</dd>
        </div>
        <div>
          <dt>${word("board.bids")}</dt>
          <dd>${whole(lot.bids)}</dd>
        </div>
        ${
          due
            ? html`<div data-due>
                <dt>${word(String(dueWord))} ${moment(due)}</dt>
                <dd class="figure">${word("board.left", { time: left(due) })}</dd>
              </div>`
            : ""
        }
      </dl>
      ${sale.soft_close_seconds ? html`<p class="fine">${word("board.soft", { seconds: sale.soft_close_seconds })}</p>` : ""}
      ${lot.reason ? html`<p class="fine">${lot.reason}</p>` : ""}
      ${tender ? this.comparison(lot, tender) : ""}
    `;
  }

  /** How a tender's offers are compared. @param {any} lot @param {any} tender */
  comparison(lot, tender) {
    const { basis } = tender;
    const sales = basis.expected_base_minor.map((/** @type {number} */ minor) => hall.money(lot, minor)).join(", ");
    const rows = [
      [word("tender.price"), tender.price_weight_ppm],
      ...tender.criteria.map((/** @type {any} */ criterion) => [criterion.name, criterion.weight_ppm]),
    ];
    return html`<h2>${word("tender")}</h2>
      <table data-tender>
        <thead>
          <tr>
            <th scope="col">${word("tender.criterion")}</th>
            <th scope="col" class="number">${word("tender.weight")}</th>
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([name, weight]) =>
              html`<tr>
                <td>${name}</td>
                <td class="number">${percent(weight)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
      <p class="fine">${word("tender.discount", { rate: percent(basis.discount_ppm) })}</p>
      ${basis.milestones.map(
        (/** @type {any} */ one) =>
          html`<p class="fine">
            ${word("tender.milestone", { code: one.code, probability: percent(one.probability_ppm), days: one.after_days })}
          </p>`,
      )}
      ${basis.royalty_base ? html`<p class="fine">${word("tender.royalty", { base: basis.royalty_base, sales })}</p>` : ""}
      ${
        basis.equity_credit_ppm
          ? html`<p class="fine">${word("tender.equity", { share: percent(basis.equity_credit_ppm) })}</p>`
          : ""
      }`;
  }

  /** @param {any} lot */
  figure(lot) {
    if (lot.state === "open" && lot.clock_minor)
      return html`<div data-price>
        <dt>${word("board.clock")}</dt>
        <dd class="figure">${hall.money(lot, lot.clock_minor)}</dd>
      </div>`;
    if (!lot.leading_minor) return "";
    const isMine = hall.bidder(lot)?.paddle === lot.leading_paddle;
    const others = lot.leading_lot_ids.filter((/** @type {string} */ id) => id !== lot.lot_id);
    return html`<div data-price>
      <dt>${word(lot.price_minor ? "board.price" : "board.leading")}</dt>
      <dd class="figure">${hall.money(lot, lot.price_minor || lot.leading_minor)}</dd>
      <dd class="fine">
        ${word("board.paddle", { paddle: lot.leading_paddle })} ${isMine ? html`<b>${word("board.mine")}</b>` : ""}
        ${others.length ? html`${word("board.with")} ${names(others)}` : ""}
        ${lot.state === "open" ? word(lot.reserve_met ? "board.met" : "board.unmet") : ""}
      </dd>
    </div>`;
  }
}

customElements.define("lots-status", LotsStatus);
customElements.define("lot-list", LotList);
customElements.define("quote-requests", QuoteRequests);
customElements.define("open-offers", OpenOffers);
customElements.define("lot-board", LotBoard);
