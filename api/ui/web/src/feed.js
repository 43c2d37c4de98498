/**
 * The page's one connection to the exchange: login by ticket, channels, requests and their answers.
 *
 * A channel is handed to a keeper, which judges every message. A gap, or a book whose checksum is not the exchange's,
 * makes the channel stale until it is subscribed again from the last number, or from a snapshot. A lost connection is
 * opened again, later each time, and every channel goes on where it stood. Models change as messages arrive; the page
 * is told once an animation frame, however many came.
 */

/** @typedef {import("./book.js").Verdict} Verdict */
/**
 * @typedef {{take(message: any): Verdict, reset(): void, readonly next: number | null, begin?(n: number): void}} Keeper
 * @typedef {{keeper: Keeper, stage: "off" | "asked" | "followed" | "live", failures: number,
 *            failedAt: number}} Channel
 * @typedef {"connecting" | "live" | "waiting" | "ended"} LinkState
 */

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
const ANSWER_MS = 15_000;
const FORGIVEN_MS = 30_000;
const NO_RETURN = new Set([4400, 4403]); // the exchange will not take this page back: trying again would be the same

/** The exchange refused a request; or the connection broke before it answered: then `code` is `feed.unknown`. */
export class Refusal extends Error {
  /** @param {any} answer */
  constructor(answer) {
    super(answer.detail || answer.code);
    this.code = answer.code;
    this.detail = answer.detail ?? "";
    this.rule = answer.rule ?? null;
  }
}

/** Events: `frame` (something shown has changed), `session-ended`. */
export class Feed extends EventTarget {
  /** @type {LinkState} */ state = "ended";
  /** @type {Map<string, Channel>} */ channels = new Map();
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (refusal: Refusal) => void, timer: number}>} */
  #asked = new Map();
  #ids = 0;
  #attempts = 0;
  #aheadMs = 0;
  #heartbeatMs = 10_000;
  #heardAt = 0;
  #spokeAt = 0;
  #timer = 0;
  #watch = 0;
  #frame = 0;
  #run = 0;

  /** @param {() => Promise<string>} ticket gives a one-time ticket; throws with `isFinal` when the session is over */
  constructor(ticket) {
    super();
    this.ticket = ticket;
  }

  /** Whether everything that is followed is complete and up to date. */
  get isFresh() {
    return this.state === "live" && [...this.channels.values()].every((channel) => channel.stage === "live");
  }

  /** The exchange's clock, as far as it was heard. */
  get nowMs() {
    return Date.now() + this.#aheadMs;
  }

  start() {
    this.stop();
    this.#attempts = 0;
    this.#open();
  }

  /** Close, and do not return until `start`. */
  stop() {
    this.#run++;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#lost("ended");
  }

  /** Follow a channel. @param {string} name @param {Keeper} keeper */
  follow(name, keeper) {
    const channel = { keeper, stage: /** @type {const} */ ("off"), failures: 0, failedAt: 0 };
    this.channels.set(name, channel);
    if (this.state === "live") this.#subscribe(name, channel);
    this.touch();
  }

  /** @param {string} name */
  unfollow(name) {
    if (this.channels.delete(name) && this.state === "live")
      this.#ask({ type: "unsubscribe", channel: name }, ignore, ignore);
    this.touch();
  }

  /**
   * Send a message and wait for its answer.
   * @param {Record<string, unknown>} message
   * @returns {Promise<any>}
   */
  request(message) {
    return new Promise((resolve, reject) => {
      if (this.state !== "live") {
        reject(new Refusal({ code: "feed.offline" }));
        return;
      }
      this.#ask(message, resolve, reject);
    });
  }

  /** Something shown has changed: tell the page with the next animation frame. */
  touch() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.dispatchEvent(new Event("frame"));
    });
  }

  // --- the connection ------------------------------------------------------------------------------------------------

  async #open() {
    const run = ++this.#run;
    this.#set("connecting");
    let ticket;
    try {
      ticket = await this.ticket();
    } catch (error) {
      if (run !== this.#run) return;
      if (/** @type {any} */ (error)?.isFinal) this.#end();
      else this.#again();
      return;
    }
    if (run !== this.#run) return;
    const address = new URL("/v1/stream", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#heardAt = performance.now();
    this.#watch = setInterval(() => this.#look(), 1_000);
    socket.onopen = () => this.#ask({ type: "login", ticket }, (answer) => this.#loggedIn(answer), ignore);
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code, event.reason);
    };
  }

  /** @param {any} answer */
  #loggedIn(answer) {
    this.#attempts = 0;
    this.#aheadMs = answer.at_ns / 1e6 - Date.now();
    this.#heartbeatMs = Math.max(1, answer.heartbeat_s) * 1_000;
    this.#set("live");
    for (const [name, channel] of this.channels) this.#subscribe(name, channel);
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    clearInterval(this.#watch);
    this.#socket = null;
    if (NO_RETURN.has(code) || reason === "stream.session_ended") this.#end();
    else this.#again();
  }

  #again() {
    this.#lost("waiting");
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#attempts++);
    // Many pages lose the exchange at one moment; half of each wait is chance, so that they do not all return at one.
    this.#timer = setTimeout(() => this.#open(), longest * (0.5 + Math.random() / 2));
  }

  #end() {
    this.#lost("ended");
    this.dispatchEvent(new Event("session-ended"));
  }

  /** @param {LinkState} state */
  #lost(state) {
    for (const channel of this.channels.values()) channel.stage = "off";
    for (const { reject, timer } of this.#asked.values()) {
      clearTimeout(timer);
      reject(new Refusal({ code: "feed.unknown" }));
    }
    this.#asked.clear();
    this.#set(state);
  }

  /** @param {LinkState} state */
  #set(state) {
    this.state = state;
    this.touch();
  }

  /** The exchange is heard of at least once a heartbeat, and hears of us as often; silence means the line is dead. */
  #look() {
    const now = performance.now();
    if (now - this.#heardAt > this.#heartbeatMs * 2.5) {
      const socket = this.#socket;
      this.#closed(1006, "");
      socket?.close();
    } else if (this.state === "live" && now - this.#spokeAt > this.#heartbeatMs / 2) {
      this.#send({ type: "ping" });
    }
  }

  // --- messages ------------------------------------------------------------------------------------------------------

  /** @param {Record<string, unknown>} message */
  #send(message) {
    this.#spokeAt = performance.now();
    this.#socket?.send(JSON.stringify(message));
  }

  /**
   * @param {Record<string, unknown>} message
   * @param {(answer: any) => void} resolve
   * @param {(refusal: Refusal) => void} reject
   */
  #ask(message, resolve, reject) {
    const id = ++this.#ids;
    const timer = setTimeout(() => {
      this.#asked.delete(id);
      reject(new Refusal({ code: "feed.unknown" }));
    }, ANSWER_MS);
    this.#asked.set(id, { resolve, reject, timer });
    this.#send({ ...message, id });
  }

  /** @param {string} text */
  #hear(text) {
    this.#heardAt = performance.now();
    const message = JSON.parse(text);
    const channel = message.channel && this.channels.get(message.channel);
    if (message.n !== undefined && message.type !== "subscribed") {
      if (channel) this.#judge(message.channel, channel, message);
      return;
    }
    if (message.type === "unsubscribed" && message.code && channel) {
      this.#retry(message.channel, channel);
    }
    const asked = this.#asked.get(message.id);
    if (!asked) return;
    this.#asked.delete(message.id);
    clearTimeout(asked.timer);
    if (message.type === "refused") asked.reject(new Refusal(message));
    else asked.resolve(message);
  }

  /** @param {string} name @param {Channel} channel @param {any} message */
  #judge(name, channel, message) {
    // Between a gap and the answer to the new subscription, what still arrives belongs to the old one.
    if (channel.stage !== "followed" && channel.stage !== "live") return;
    const verdict = channel.keeper.take(message);
    if (verdict === "gap" || verdict === "broken") {
      this.#resync(name, channel);
      return;
    }
    if (verdict === "taken") channel.stage = "live";
    this.touch();
  }

  /** @param {string} name @param {Channel} channel */
  #subscribe(name, channel) {
    channel.stage = "asked";
    const from = channel.keeper.next;
    /** @type {Record<string, unknown>} */
    const message = { type: "subscribe", channel: name };
    if (from !== null) message.from_n = from;
    const followed = (/** @type {any} */ answer) => {
      if (this.channels.get(name) !== channel || channel.stage !== "asked") return;
      channel.keeper.begin?.(answer.n);
      // Nothing was missed when the channel stands where we stand: then no message has to come first.
      const isComplete = channel.keeper.next !== null && channel.keeper.next > answer.n;
      channel.stage = isComplete ? "live" : "followed";
      this.touch();
    };
    const refused = (/** @type {Refusal} */ refusal) => {
      if (this.channels.get(name) !== channel || refusal.code === "feed.unknown") return;
      channel.keeper.reset();
      this.#retry(name, channel);
    };
    this.#ask(message, followed, refused);
  }

  /** @param {string} name @param {Channel} channel */
  #resync(name, channel) {
    channel.stage = "off";
    this.touch();
    this.#ask({ type: "unsubscribe", channel: name }, ignore, ignore);
    // The first time at once; a channel that breaks again and again is asked less and less often.
    if (performance.now() - channel.failedAt > FORGIVEN_MS) channel.failures = 0;
    if (channel.failures) {
      this.#retry(name, channel);
    } else {
      this.#failed(channel);
      this.#subscribe(name, channel);
    }
  }

  /** @param {Channel} channel */
  #failed(channel) {
    channel.failures++;
    channel.failedAt = performance.now();
  }

  /** @param {string} name @param {Channel} channel */
  #retry(name, channel) {
    channel.stage = "off";
    this.touch();
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** channel.failures);
    this.#failed(channel);
    const run = this.#run;
    setTimeout(() => {
      const isWanted = this.channels.get(name) === channel && channel.stage === "off";
      if (isWanted && run === this.#run && this.state === "live") this.#subscribe(name, channel);
    }, wait);
  }
}

function ignore() {}
