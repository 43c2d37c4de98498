/** The auctions' page: the lots of public sales, one of them with its clock, bids on it, and the steps to take part. */
import "./style.css";
import "./lots.css";
import { html } from "lit";
import { AskingElement, figures, numberField } from "./asking.js";
import { PageElement, announce } from "./element.js";
import { session } from "./frame.js";
import { feed, hall } from "./hall.js";
import words from "./lots.json";
import { clock, decimal, minorOf, whole } from "./numbers.js";
import { refusalView } from "./refusals.js";
import { chance, commitment, keep, secretOf } from "./sealed.js";
import { addWords, current, word } from "./words.js";

addWords(words);

const TICK_MS = 1_000;

/** What a lot costs now: its clock's price, its award, its leading bid, or where bidding starts. @param {any} lot */
function priceOf(lot) {
  return lot.price_minor || (lot.state === "open" && lot.clock_minor) || lot.leading_minor || lot.start_minor;
}

/** The time until a moment, as hours, minutes and seconds. @param {number} atNs */
function left(atNs) {
  const seconds = Math.max(0, Math.floor((atNs / 1e6 - feed.nowMs) / 1e3));
  const days = Math.floor(seconds / 86_400);
  const rest = [Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  return (days ? `${days} d ` : "") + rest.map((part) => String(part).padStart(2, "0")).join(":");
}

/** A moment with its date. @param {number} atNs */
function moment(atNs) {
  const day = new Date(atNs / 1e6).toLocaleDateString(current() === "zh" ? "zh-CN" : "en-GB");
  return `${day} ${clock(atNs)}`;
}

/** Names of lots by their identifiers. @param {string[]} ids */
function names(ids) {
  return ids.map((id) => hall.keepers.get(id)?.lot.name ?? id).join(" + ");
}

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
    const due = { announced: sale.starts_at_ns, open: lot.ends_at_ns, revealing: sale.reveal_until_ns }[lot.state];
    const dueWord = { announced: "board.starts", open: "board.ends", revealing: "board.reveal" }[lot.state];
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
    `;
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

/** The price, the lots it is for, and a dialog that asks before anything is sent. */
class LotBid extends AskingElement {
  static properties = {
    price: { state: true },
    others: { state: true },
  };

  constructor() {
    super([feed, "frame"]);
    this.price = "";
    /** @type {string[]} */ this.others = [];
    this.shown = hall.chosen;
  }

  willUpdate() {
    if (this.shown === hall.chosen) return;
    this.shown = hall.chosen; // a price for one lot must not become a bid for another
    this.price = "";
    this.others = [];
    this.forget();
  }

  /** Why no bid can be sent now; empty when one can. @param {any} lot */
  obstacle(lot) {
    if (!hall.isFresh) return "bid.off.stale";
    if (lot.state !== "open") return "bid.off.state";
    return hall.bidder(lot)?.state === "admitted" ? "" : "bid.off.entry";
  }

  /** The lots of the bid, in the sale's order. @param {any} lot */
  set(lot) {
    return hall.sale(lot).lot_ids.filter((/** @type {string} */ id) => id === lot.lot_id || this.others.includes(id));
  }

  /** The least the page knows of; the exchange may know of a higher bid for the same lots. @param {any} lot */
  least(lot) {
    const ids = this.set(lot);
    const lots = ids.map((/** @type {string} */ id) => hall.keepers.get(id)?.lot);
    const isLed = lots.every((/** @type {any} */ one) => String(one.leading_lot_ids) === String(ids));
    if (isLed && lot.leading_minor && lot.method === "english") return lot.leading_minor + hall.sale(lot).increment_minor;
    return lots.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.start_minor, 0);
  }

  /** @param {any} lot */
  draft(lot) {
    const minor = lot.method === "dutch" ? lot.clock_minor : minorOf(this.price, hall.scale(lot));
    return minor && minor >= (lot.method === "dutch" ? 1 : this.least(lot)) ? { minor, ids: this.set(lot) } : null;
  }

  /** @param {SubmitEvent} event */
  review(event) {
    event.preventDefault();
    const lot = hall.lot;
    const draft = lot && this.draft(lot);
    if (draft && !this.obstacle(lot)) this.ask({ lot, ...draft });
  }

  async send() {
    if (!this.asking || this.isSending || this.obstacle(this.asking.lot)) return;
    const { lot, minor, ids } = this.asking;
    const bidder = hall.bidder(lot).bidder_id;
    await this.sending(async () => {
      if (lot.method === "sealed") {
        const secret = { lot_ids: ids, price_minor: minor, nonce: chance() };
        const sha256 = await commitment(bidder, secret);
        keep(sha256, secret);
        await feed.request({ type: "lot.commit", bidder_id: bidder, commitment_sha256: sha256, client_bid_id: chance() });
      } else {
        await feed.request({
          type: "lot.bid",
          bidder_id: bidder,
          lot_ids: ids,
          price_minor: minor,
          client_bid_id: chance(),
        });
      }
      this.price = "";
      return word(lot.method === "sealed" ? "bid.sealed" : "bid.done");
    }, "bid.unknown");
    await hall.loadOwn().catch(() => {});
  }

  render() {
    const lot = hall.lot;
    if (!lot || !hall.sale(lot)) return html`<h2>${word("bid")}</h2>`;
    const obstacle = this.obstacle(lot);
    const isDutch = lot.method === "dutch";
    const draft = this.draft(lot);
    const least = hall.money(lot, this.least(lot));
    const wrong = this.price && !draft ? `${word("bid.bad", { currency: hall.currency(lot), price: decimal(this.least(lot), hall.scale(lot)) })}` : "";
    const label = isDutch
      ? word("bid.accept", { price: hall.money(lot, lot.clock_minor) })
      : word(lot.method === "sealed" ? "bid.seal" : "bid.review");
    return html`
      <h2>${word("bid")}</h2>
      <form @submit=${this.review} autocomplete="off">
        ${isDutch ? "" : this.bundle(lot)}
        ${
          isDutch
            ? ""
            : html`${numberField({
                  name: "price",
                  label: html`${word(this.others.length ? "bid.price.all" : "bid.price")}
                    <span class="fine">${word("bid.least", { price: least })}</span>`,
                  value: this.price,
                  wrong: "bid-wrong",
                  typed: (text) => (this.price = text),
                })}
                <p id="bid-wrong" class="wrong" role="status">${wrong}</p>`
        }
        <button class="primary buy" name="review" ?disabled=${obstacle !== "" || !draft} aria-describedby="bid-off">
          ${label}
        </button>
        <p id="bid-off" class="fine">${obstacle ? word(obstacle) : ""}</p>
      </form>
      ${this.verdict()} ${this.dialog("bid-title", (asking) => this.question(asking))}
    `;
  }

  /** The other lots of the sale, to be bid for together. @param {any} lot */
  bundle(lot) {
    const others = hall.sale(lot).lot_ids.filter((/** @type {string} */ id) => id !== lot.lot_id);
    if (!others.length) return "";
    const turn = (/** @type {string} */ id) =>
      (this.others = this.others.includes(id) ? this.others.filter((one) => one !== id) : [...this.others, id]);
    return html`<fieldset class="set">
      <legend class="fine">${word("bid.for")}</legend>
      ${others.map(
        (/** @type {string} */ id) =>
          html`<label
            ><input type="checkbox" name="with" .value=${id} .checked=${this.others.includes(id)} @change=${() => turn(id)} />
            + ${names([id])}</label
          >`,
      )}
    </fieldset>`;
  }

  /** @param {{lot: any, minor: number, ids: string[]}} asking */
  question({ lot, minor, ids }) {
    const sale = hall.sale(lot);
    const share = `${decimal(sale.unrevealed_forfeit_ppm, 4)} %`;
    return html`<h2 id="bid-title">${word("bid.check")}</h2>
      ${figures([[word("own.lots"), names(ids)]], [word("own.price"), hall.money(lot, minor)])}
      <p class="fine">
        ${word("bid.binding", { days: sale.payment_days, deposit: hall.money(lot, sale.deposit_minor) })}
      </p>
      ${lot.method === "sealed" ? html`<p class="notice">${word("bid.secret", { share })}</p>` : ""}
      ${this.choice({
        obstacle: this.obstacle(lot),
        kind: "buy",
        back: "bid.back",
        send: "bid.send",
        act: () => this.send(),
      })}`;
  }
}

/** The own bids in the chosen lot's sale; sealed ones are revealed here, and offers are answered. */
class OwnBids extends PageElement {
  static properties = { refusal: { state: true } };

  constructor() {
    super([feed, "frame"]);
    /** @type {any} */ this.refusal = null;
  }

  /** @param {Promise<any>} asked */
  async after(asked) {
    this.refusal = null;
    try {
      await asked;
    } catch (refusal) {
      this.refusal = refusal;
    }
    await hall.loadOwn().catch(() => {});
  }

  render() {
    const lot = hall.lot;
    const bids = lot ? hall.bids.filter((bid) => bid.sale_id === lot.sale_id) : [];
    return html`
      <h2>${word("own")}</h2>
      ${bids.length ? this.table(lot, bids) : html`<p class="empty">${word("own.none")}</p>`}
      ${this.refusal ? refusalView(this.refusal) : ""}
    `;
  }

  /** @param {any} lot @param {any[]} bids */
  table(lot, bids) {
    return html`<div class="scroll" tabindex="0" role="region" aria-label=${word("own")}>
      <table>
        <thead>
          <tr>
            <th scope="col">${word("own.lots")}</th>
            <th scope="col" class="number">${word("own.price")}</th>
            <th scope="col">${word("own.state")}</th>
          </tr>
        </thead>
        <tbody>
          ${[...bids].reverse().map((bid) => this.row(lot, bid))}
        </tbody>
      </table>
    </div>`;
  }

  /** @param {any} lot @param {any} bid */
  row(lot, bid) {
    const secret = bid.state === "committed" ? secretOf(bid.commitment_sha256) : null;
    const ids = secret?.lot_ids ?? bid.lot_ids;
    const minor = secret?.price_minor ?? bid.price_minor;
    return html`<tr data-bid=${bid.bid_id}>
      <td>${ids.length ? names(ids) : word("own.hidden")}</td>
      <td class="number">${minor ? hall.money(lot, minor) : word("own.hidden")}</td>
      <td>
        ${word(`bidstate.${bid.state}`)}
        ${
          secret && lot.state === "revealing"
            ? html`<button
                class="quiet"
                name="reveal"
                ?disabled=${!hall.isFresh}
                @click=${() => this.after(feed.request({ type: "lot.reveal", bid_id: bid.bid_id, ...secret }))}
              >
                ${word("bid.reveal")}
              </button>`
            : ""
        }
        ${bid.state === "offered" ? this.offer(bid) : ""}
      </td>
    </tr>`;
  }

  /** @param {any} bid */
  offer(bid) {
    return [true, false].map(
      (accepted) =>
        html`<button
          class="quiet"
          @click=${() => this.after(session.send("POST", "/v1/bids/answer-offer", { json: { bid_id: bid.bid_id, accepted } }))}
        >
          ${word(accepted ? "offer.take" : "offer.decline")}
        </button>`,
    );
  }
}

/** The steps to take part: registration with documents, confidentiality, deposit; and the data room. */
class LotEntry extends PageElement {
  static properties = { refusal: { state: true }, isBusy: { state: true } };

  constructor() {
    super([feed, "frame"], [session, "change"]);
    /** @type {any} */ this.refusal = null;
    this.isBusy = false;
  }

  /** @param {() => Promise<any>} step */
  async take(step) {
    this.isBusy = true;
    this.refusal = null;
    try {
      await step();
    } catch (refusal) {
      this.refusal = refusal;
    }
    await hall.load().catch(() => {});
    this.isBusy = false;
  }

  /** @param {string} path @param {Record<string, unknown>} json */
  post(path, json) {
    return session.send("POST", path, { json });
  }

  /** Put a file on record, if it is not; answers its hash. @param {File} file @param {string} title */
  async file(file, title) {
    const bytes = await file.arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const sha256 = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    await session.send("PUT", `/v1/documents/content/${sha256}`, { body: bytes });
    const media = file.type || "application/octet-stream";
    await this.post("/v1/documents", { sha256, size_bytes: file.size, media_type: media, title }).catch((problem) => {
      if (problem.code !== "document.exists") throw problem;
    });
    return sha256;
  }

  /** @param {SubmitEvent} event @param {any} sale */
  register(event, sale) {
    event.preventDefault();
    const files = new FormData(/** @type {HTMLFormElement} */ (event.target)).getAll("file");
    return this.take(async () => {
      const evidence = [];
      for (const [place, file] of files.entries())
        evidence.push(await this.file(/** @type {File} */ (file), sale.conditions[place]));
      const account = session.me.accounts[0].account_id;
      await this.post("/v1/bidders", { sale_id: sale.sale_id, account_id: account, evidence });
    });
  }

  render() {
    const lot = hall.lot;
    const sale = lot && hall.sale(lot);
    if (!sale || !session.me) return html`<h2>${word("entry")}</h2>`;
    const bidder = hall.bidder(lot);
    return html`
      <h2>${word("entry")}</h2>
      <div class="steps">${bidder ? this.standing(lot, sale, bidder) : this.form(lot, sale)}</div>
      ${this.refusal ? refusalView(this.refusal) : ""}
    `;
  }

  /** @param {any} lot @param {any} sale */
  form(lot, sale) {
    if (lot.state !== "announced") return html`<p class="fine">${word("entry.closed")}</p>`;
    return html`<p class="fine">${word("entry.none")}</p>
      <form @submit=${(/** @type {SubmitEvent} */ event) => this.register(event, sale)}>
        ${sale.conditions.map(
          (/** @type {string} */ condition) =>
            html`<label>${word("entry.condition", { condition })}<input type="file" name="file" required /></label>`,
        )}
        <button class="primary" name="register" ?disabled=${this.isBusy}>${word("entry.register")}</button>
      </form>`;
  }

  /** @param {any} lot @param {any} sale @param {any} bidder */
  standing(lot, sale, bidder) {
    const { bidder_id, state } = bidder;
    const isOpen = lot.state === "announced";
    const bind = { bidder_id, confidentiality_sha256: sale.confidentiality_sha256 };
    const isBound = bidder.bound_at_ns > 0 && state !== "refused" && state !== "withdrawn";
    return html`
      <p>${word("entry.paddle")} <b data-paddle>${bidder.paddle}</b></p>
      <p data-entry=${state}>${word(`entry.state.${state}`)} <span class="fine">${bidder.reason}</span></p>
      ${bidder.deposit_minor ? html`<p class="fine">${word("entry.held")} ${hall.money(lot, bidder.deposit_minor)}</p>` : ""}
      ${bidder.forfeited_minor ? html`<p class="fine">${word("entry.forfeited")} ${hall.money(lot, bidder.forfeited_minor)}</p>` : ""}
      ${
        isOpen && state === "qualified"
          ? html`<button class="primary" ?disabled=${this.isBusy} @click=${() => this.take(() => this.post("/v1/bidders/bind", bind))}>
              ${word("entry.bind")}
            </button>`
          : ""
      }
      ${
        isOpen && state === "bound"
          ? html`<button
              class="primary"
              ?disabled=${this.isBusy}
              @click=${() => this.take(() => this.post("/v1/bidders/pay-deposit", { bidder_id }))}
            >
              ${word("entry.deposit", { deposit: hall.money(lot, sale.deposit_minor) })}
            </button>`
          : ""
      }
      ${isBound && sale.data_room.length ? this.room(sale, bidder_id) : ""}
    `;
  }

  /** @param {any} sale @param {string} bidder */
  room(sale, bidder) {
    return html`<h2>${word("room")}</h2>
      <p class="fine">${word("room.note")}</p>
      ${sale.data_room.map(
        (/** @type {string} */ sha256, /** @type {number} */ place) =>
          html`<button class="quiet" name="view" @click=${() => this.take(() => this.open(bidder, sha256))}>
            ${word("room.view", { number: place + 1 })}
          </button>`,
      )}`;
  }

  /** Save a document of the data room. @param {string} bidder @param {string} sha256 */
  async open(bidder, sha256) {
    const bytes = await session.get(`/v1/bidders/${bidder}/data-room/${sha256}`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(bytes);
    link.download = sha256;
    link.click();
    URL.revokeObjectURL(link.href);
  }
}

customElements.define("lots-status", LotsStatus);
customElements.define("lot-list", LotList);
customElements.define("lot-board", LotBoard);
customElements.define("lot-bid", LotBid);
customElements.define("own-bids", OwnBids);
customElements.define("lot-entry", LotEntry);
