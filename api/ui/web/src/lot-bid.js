/** Bidding for the chosen lot: in the open, sealed, or by taking what the clock shows. */
import { html } from "lit";
import { AskingElement, figures, numberField } from "./asking.js";
import { feed, hall } from "./hall.js";
import { isSealed, names, percent } from "./lot-facts.js";
import { decimal, minorOf } from "./numbers.js";
import { chance, commitment, keep } from "./sealed.js";
import { word } from "./words.js";

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
      if (isSealed(lot)) {
        const secret = { lot_ids: ids, price_minor: minor, nonce: chance() };
        const sha256 = await commitment(bidder, secret, lot.method === "tender");
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
      return word(isSealed(lot) ? "bid.sealed" : "bid.done");
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
      : word(isSealed(lot) ? "bid.seal" : "bid.review");
    return html`
      <h2>${word("bid")}</h2>
      <form @submit=${this.review} autocomplete="off">
        ${isDutch ? "" : this.bundle(lot)}
        ${lot.method === "tender" ? html`<p class="fine">${word("bid.tender")}</p>` : ""}
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
    const share = percent(sale.unrevealed_forfeit_ppm);
    return html`<h2 id="bid-title">${word("bid.check")}</h2>
      ${figures([[word("own.lots"), names(ids)]], [word("own.price"), hall.money(lot, minor)])}
      <p class="fine">
        ${word("bid.binding", { days: sale.payment_days, deposit: hall.money(lot, sale.deposit_minor) })}
      </p>
      ${isSealed(lot) ? html`<p class="notice">${word("bid.secret", { share })}</p>` : ""}
      ${this.choice({
        obstacle: this.obstacle(lot),
        kind: "buy",
        back: "bid.back",
        send: "bid.send",
        act: () => this.send(),
      })}`;
  }
}

customElements.define("lot-bid", LotBid);
