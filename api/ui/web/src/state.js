/**
 * The market page's state: what is followed, what is chosen, and how numbers of an instrument are written.
 *
 * One feed, one account, one chosen instrument. Elements read from here and render on the feed's frames.
 */
import { Account } from "./account.js";
import { Auction, Book, Instruments, Tape } from "./book.js";
import { Fees } from "./fees.js";
import { Feed } from "./feed.js";
import { session } from "./frame.js";
import { decimal } from "./numbers.js";
import { PLAIN, allowedBy } from "./order-kinds.js";
import { accountNow, all, read } from "./rest.js";

const TAPES_FOLLOWED = 60; // the list shows the last price of this many; one that is chosen is followed besides
const TERMS_AGAIN_MS = 60_000; // new schedules come into force by day, and rarely

export const feed = new Feed(() => session.ticket());

class State {
  instruments = new Instruments();
  /** @type {Map<string, any>} */ markets = new Map();
  /** @type {Map<string, any>} */ assets = new Map();
  fees = new Fees();
  /** What markets with trading rules allow. @type {Map<string, import("./order-kinds.js").Allowed>} */ rules = new Map();
  /** @type {Map<string, Tape>} */ tapes = new Map();
  /** @type {string | null} */ chosen = null;
  book = new Book();
  auction = new Auction();
  /** @type {any[]} */ accounts = [];
  /** @type {Account | null} */ account = null;

  get instrument() {
    return this.chosen ? (this.instruments.all.get(this.chosen) ?? null) : null;
  }

  /** Whether what is shown is complete and up to date: only then may an order be sent. */
  get isFresh() {
    return feed.isFresh && this.instruments.isWhole && (this.account?.isLoaded ?? true);
  }

  /** The chosen instrument's phase; the book's own word is the newest. @param {any} instrument */
  phase(instrument) {
    if (instrument.frozen) return "frozen";
    return (instrument.instrument_id === this.chosen && this.book.phase) || instrument.phase;
  }

  /** Which orders the instrument's market takes. @param {any} instrument */
  allowed(instrument) {
    const market = instrument && this.markets.get(instrument.market_id);
    return (market && this.rules.get(rulesOf(market))) || PLAIN;
  }

  /** @param {any} instrument */
  scale(instrument) {
    return this.assets.get(instrument.money_asset_id)?.scale ?? 0;
  }

  /** @param {any} instrument */
  currency(instrument) {
    return this.markets.get(instrument.market_id)?.currency ?? "";
  }

  /** The price of one lot as a decimal. @param {any} instrument @param {number} ticks */
  price(instrument, ticks) {
    return decimal(ticks * instrument.tick_minor, this.scale(instrument));
  }

  /** The lowest and the highest price an order may name, as decimals. @param {any} instrument */
  band(instrument) {
    return [instrument.band_low_ticks, instrument.band_high_ticks].map((edge) => this.price(instrument, edge));
  }

  /** @param {any} instrument @returns {number | null} */
  lastPrice(instrument) {
    return this.tapes.get(instrument.instrument_id)?.trades[0]?.price_ticks ?? null;
  }

  get isSimulated() {
    const isSandbox = (/** @type {any} */ market) => market.profile === "sandbox" || market.currency === "XTS";
    return (
      [...this.markets.values()].some(isSandbox) || [...this.instruments.all.values()].some((one) => one.simulated)
    );
  }

  /** @param {string} id */
  choose(id) {
    if (this.chosen === id) return;
    if (this.chosen) for (const kind of ["book", "auction"]) feed.unfollow(`${kind}:${this.chosen}`);
    this.chosen = id;
    this.book = new Book();
    this.auction = new Auction();
    feed.follow(`book:${id}`, this.book);
    feed.follow(`auction:${id}`, this.auction);
    this.followTape(id);
  }

  /** @param {string} id */
  followTape(id) {
    if (this.tapes.has(id)) return;
    const tape = new Tape();
    this.tapes.set(id, tape);
    feed.follow(`trades:${id}`, tape);
  }

  /** @param {string} id */
  useAccount(id) {
    if (this.account) feed.unfollow(`account:${this.account.id}`);
    const account = new Account(id);
    account.onReset = () => load(account);
    this.account = account;
    feed.follow(`account:${id}`, account);
    load(account);
  }
}

export const state = new State();

/**
 * Read an account from the tables once its channel is followed, so that nothing falls between the two.
 * @param {Account} account
 */
async function load(account) {
  for (let wait = 250; state.account === account; wait = Math.min(wait * 2, 5_000)) {
    if (account.n !== null) {
      try {
        const now = await accountNow(account.id);
        for (const held of now.holdings)
          state.assets.set(held.asset_id, { ...state.assets.get(held.asset_id), ...held });
        account.load(now.asOf, now.orders, now.fills, now.holdings);
        feed.touch();
        return;
      } catch {
        // Asked again below: without its orders the page stays stale.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, account.n === null ? 50 : wait));
  }
}

/** What the stream does not tell: markets, currencies, fees. */
async function loadTerms() {
  const [markets, assets] = await Promise.all([all("/v1/markets"), all("/v1/assets", { kind: "money" })]);
  for (const market of markets) state.markets.set(market.market_id, market);
  for (const asset of assets) state.assets.set(asset.asset_id, asset);
  await Promise.all([state.fees.load(markets.map((market) => market.fee_schedule)), loadRules(markets)]);
  feed.touch();
}

/** A market names one version of its trading rules for good, so each is read once. @param {any[]} markets */
async function loadRules(markets) {
  for (const market of markets.filter((one) => one.trading_rules && !state.rules.has(rulesOf(one)))) {
    const { item } = await read(`/v1/rules/trading_rules/${rulesOf(market)}`);
    state.rules.set(rulesOf(market), allowedBy(JSON.parse(item.text)));
  }
}

/** @param {any} market */
function rulesOf(market) {
  return `${encodeURIComponent(market.trading_rules)}/${market.trading_rules_version}`;
}

/** Follow what came onto the list, and choose something to look at. */
function onFrame() {
  for (const id of state.instruments.all.keys()) {
    if (state.tapes.size < TAPES_FOLLOWED) state.followTape(id);
    if (!state.chosen) state.choose(id);
  }
}

async function enter() {
  const me = session.me;
  feed.channels.clear();
  Object.assign(state, new State());
  if (!me) {
    feed.stop();
    return;
  }
  state.accounts = me.accounts;
  feed.follow("instruments", state.instruments);
  if (me.accounts.length) state.useAccount(me.accounts[0].account_id);
  feed.start();
  for (let wait = 500; session.me === me; await new Promise((resolve) => setTimeout(resolve, wait))) {
    wait = await loadTerms().then(
      () => TERMS_AGAIN_MS,
      () => Math.min(wait * 2, 5_000),
    );
  }
}

feed.addEventListener("frame", onFrame);
feed.addEventListener("session-ended", () => session.end());
session.addEventListener("change", enter);
