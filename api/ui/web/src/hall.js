/**
 * The auctions' page's state: the lots of all sales as the stream tells them, and what is one's own, read over REST.
 *
 * Every lot shown is followed on its own channel. A lot's message holds it whole, so a gap costs one snapshot.
 */
import { Feed } from "./feed.js";
import { session } from "./frame.js";
import { decimal } from "./numbers.js";
import { all } from "./rest.js";

/** @typedef {import("./book.js").Verdict} Verdict */

const LOOK_AGAIN_MS = 15_000; // new sales are announced by the day

export const feed = new Feed(() => session.ticket());

/** One lot, kept from its snapshot and the changes after it. */
class LotKeeper {
  /** @type {number | null} */ n = null;

  /** @param {any} lot */
  constructor(lot) {
    this.lot = lot;
  }

  get next() {
    return this.n === null ? null : this.n + 1;
  }

  reset() {
    this.n = null;
  }

  /** @param {any} message @returns {Verdict} */
  take(message) {
    if (message.type === "lot.changed") {
      if (this.n === null || message.n > this.n + 1) return "gap";
      if (message.n <= this.n) return "known";
    }
    this.n = message.n;
    this.lot = message.lot;
    hall.lotChanged(message.lot);
    return "taken";
  }
}

class Hall {
  /** @type {Map<string, LotKeeper>} */ keepers = new Map();
  /** @type {Map<string, any>} */ sales = new Map();
  /** @type {Map<string, any>} */ markets = new Map();
  /** @type {Map<string, any>} */ assets = new Map();
  /** @type {any[]} */ bidders = [];
  /** @type {any[]} */ bids = [];
  /** @type {Map<string, any>} */ tenders = new Map();
  /** @type {any[]} */ offers = [];
  /** @type {any[]} */ requests = [];
  /** @type {any[]} */ listed = [];
  /** @type {any[]} */ open = [];
  /** @type {string | null} */ chosen = null;
  isLoaded = false;
  #stale = false;

  /** Every lot, those of one sale together. */
  get lots() {
    return [...this.keepers.values()].map((keeper) => keeper.lot);
  }

  get lot() {
    return this.chosen ? (this.keepers.get(this.chosen)?.lot ?? null) : null;
  }

  /** @param {any} lot */
  sale(lot) {
    return this.sales.get(lot.sale_id);
  }

  /** How the offers of a lot's sale are compared, if it is a tender. @param {any} lot */
  tender(lot) {
    return this.tenders.get(lot.sale_id);
  }

  /** The own part in a lot's sale, if there is one. @param {any} lot */
  bidder(lot) {
    const mine = session.me?.accounts.map((/** @type {any} */ account) => account.account_id) ?? [];
    return this.bidders.filter((one) => one.sale_id === lot.sale_id && mine.includes(one.account_id)).at(-1) ?? null;
  }

  get isFresh() {
    return this.isLoaded && feed.isFresh;
  }

  get isSimulated() {
    return [...this.markets.values()].some((market) => market.profile === "sandbox" || market.currency === "XTS");
  }

  /** @param {any} lot */
  currency(lot) {
    return this.markets.get(this.sale(lot)?.market_id)?.currency ?? "";
  }

  /** @param {any} lot */
  scale(lot) {
    return this.assets.get(this.sale(lot)?.money_asset_id)?.scale ?? 0;
  }

  /** An amount in the lot's currency. @param {any} lot @param {number} minor */
  money(lot, minor) {
    return `${decimal(minor, this.scale(lot))} ${this.currency(lot)}`;
  }

  /** An amount in a market's currency. @param {string} id @param {number} minor */
  marketMoney(id, minor) {
    const market = this.markets.get(id);
    return `${decimal(minor, this.assets.get(market?.money_asset_id)?.scale ?? 0)} ${market?.currency ?? ""}`;
  }

  /** @param {string} id */
  choose(id) {
    this.chosen = id;
    feed.touch();
  }

  /** A lot changed: what is one's own may have changed with it. @param {any} _lot */
  lotChanged(_lot) {
    if (this.#stale) return;
    this.#stale = true;
    setTimeout(() => {
      this.#stale = false;
      this.loadOwn().catch(() => {}); // asked again with the next change, or the next look
    }, 100);
  }

  /** What is one's own: parts in sales, bids and offers; and how tenders stand. */
  async loadOwn() {
    const me = session.me;
    if (!me) return;
    const [bidders, bids, tenders, offers] = await Promise.all([
      all("/v1/bidders"),
      all("/v1/bids"),
      all("/v1/tenders"),
      all("/v1/offers"),
    ]);
    if (session.me !== me) return;
    this.bidders = bidders;
    this.bids = bids;
    this.offers = offers;
    for (const tender of tenders) this.tenders.set(tender.sale_id, tender);
    feed.touch();
  }

  /** All sales and their lots; new ones are followed. */
  async load() {
    const me = session.me;
    const [markets, assets, sales, lots, requests, listed, open] = await Promise.all([
      all("/v1/markets"),
      all("/v1/assets", { kind: "money" }),
      all("/v1/sales"),
      all("/v1/lots"),
      all("/v1/quote-requests", { state: "open" }),
      all("/v1/price-offers", { state: "open" }),
      all("/v1/open-licences", { state: "open" }),
    ]);
    if (session.me !== me) return;
    this.requests = requests;
    this.listed = listed;
    this.open = open;
    for (const market of markets) this.markets.set(market.market_id, market);
    for (const asset of assets) this.assets.set(asset.asset_id, asset);
    for (const sale of sales) this.sales.set(sale.sale_id, sale);
    for (const lot of lots) {
      if (this.keepers.has(lot.lot_id)) continue;
      const keeper = new LotKeeper(lot);
      this.keepers.set(lot.lot_id, keeper);
      if (lot.state !== "sold" && lot.state !== "failed") feed.follow(`lot:${lot.lot_id}`, keeper);
    }
    this.chosen ??= this.lots.find((lot) => lot.state === "open")?.lot_id ?? this.lots[0]?.lot_id ?? null;
    await this.loadOwn();
    this.isLoaded = true;
    feed.touch();
  }
}

export const hall = new Hall();

async function enter() {
  const me = session.me;
  feed.channels.clear();
  Object.assign(hall, new Hall());
  if (!me) {
    feed.stop();
    return;
  }
  feed.start();
  for (let wait = 500; session.me === me; await new Promise((resolve) => setTimeout(resolve, wait))) {
    wait = await hall.load().then(
      () => LOOK_AGAIN_MS,
      () => Math.min(wait * 2, 5_000),
    );
  }
}

feed.addEventListener("session-ended", () => session.end());
session.addEventListener("change", enter);
