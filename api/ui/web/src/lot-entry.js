/** Taking part in a sale: the steps to be let in, the data room, and what became of one's own bids. */
import { html } from "lit";
import { PageElement } from "./element.js";
import { session } from "./frame.js";
import { feed, hall } from "./hall.js";
import { names } from "./lot-facts.js";
import { decimal } from "./numbers.js";
import { refusalView } from "./refusals.js";
import { cashOffer, secretOf } from "./sealed.js";
import { word } from "./words.js";

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
                @click=${() => this.after(this.reveal(lot, bid.bid_id, secret))}
              >
                ${word("bid.reveal")}
              </button>`
            : ""
        }
        ${bid.state === "offered" ? this.offer(bid) : ""} ${this.rank(lot, bid)}
      </td>
    </tr>`;
  }

  /** @param {any} lot @param {string} bid_id @param {import("./sealed.js").Secret} secret */
  reveal(lot, bid_id, secret) {
    if (lot.method !== "tender") return feed.request({ type: "lot.reveal", bid_id, ...secret });
    const json = { bid_id, offer: cashOffer(secret.price_minor), nonce: secret.nonce };
    return session.send("POST", "/v1/offers/reveal", { json });
  }

  /** What an own offer of a tender is worth, and where it ranks. @param {any} lot @param {any} bid */
  rank(lot, bid) {
    const offer = hall.offers.find((one) => one.bid_id === bid.bid_id);
    if (!offer) return "";
    const worth = word("tender.worth", { worth: hall.money(lot, offer.worth_minor) });
    const place = offer.rank ? `, ${word("tender.rank", { rank: offer.rank, score: decimal(offer.score_ppm, 4) })}` : "";
    return html`<span class="fine" data-offer>${worth}${place}</span>`;
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

customElements.define("own-bids", OwnBids);
customElements.define("lot-entry", LotEntry);
