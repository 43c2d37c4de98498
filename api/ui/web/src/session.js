/**
 * Who is logged in, and requests in their name.
 *
 * The access token lives five minutes and is kept in memory only. The refresh token is kept in this tab's
 * sessionStorage, so that a reload does not ask for the password again, and is gone with the tab. A cookie is sent by
 * the browser without being asked, so every request would need a guard against forged ones; a script that could read
 * the storage could as well use the page itself, and the content security policy lets only the exchange's own run.
 * A refresh token works once: a copied tab that used its copy would end both sessions, so only the tab that holds a
 * lock named after the session uses it.
 */

const KEPT = "ipx-session";
const EARLY_MS = 30_000;

/** A refusal of the exchange (RFC 9457), or of the network: then `status` is 0. */
export class Problem extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(body?.detail || body?.title || String(status));
    this.status = status;
    this.code = body?.code ?? "network";
    this.detail = body?.detail ?? "";
    this.title = body?.title ?? "";
    this.rule = body?.rule ?? null;
  }

  /** Whether logging in again is the only way on. */
  get isFinal() {
    return this.status === 401;
  }
}

/** Events: `change` (logged in or out). */
export class Session extends EventTarget {
  /** What /v1/me told, or null. @type {any} */ me = null;
  /** Whether the session ended without being asked to. */ hasEnded = false;
  #access = "";
  #refresh = "";
  #name = "";
  #expiresAt = 0;
  /** @type {Promise<void> | null} */ #refreshing = null;
  /** @type {() => void} */ #unlock = () => {};

  /** Go on with the session this tab had before it was loaded again, if it had one. */
  async resume() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (!kept || !(await this.#lock(kept.name))) return;
    this.#refresh = kept.refresh;
    try {
      await this.#renew();
      await this.#meet();
    } catch (error) {
      // Without an answer the token may still be good for the next reload.
      if (error instanceof Problem && error.isFinal) this.#forget();
    }
  }

  /** @param {string} username @param {string} password */
  async login(username, password) {
    const grant = await post("/v1/oauth/token", new URLSearchParams({ grant_type: "password", username, password }));
    this.#take(grant);
    if (navigator.locks) await this.#lock(crypto.randomUUID()); // both are there in secure contexts only
    await this.#meet();
  }

  async logout() {
    await this.send("POST", "/v1/oauth/logout").catch(() => {});
    this.#forget();
  }

  /** The exchange no longer takes this session. */
  end() {
    if (!this.me) return;
    this.#forget();
    this.hasEnded = true;
    this.dispatchEvent(new Event("change"));
  }

  /** A one-time ticket for the stream. @returns {Promise<string>} */
  async ticket() {
    return (await this.send("POST", "/v1/stream/ticket")).ticket;
  }

  /** @param {string} path */
  get(path) {
    return this.send("GET", path);
  }

  /**
   * Ask the exchange. A token that ran out meanwhile is renewed once.
   * @param {string} method
   * @param {string} path
   * @param {{json?: unknown, body?: BodyInit, headers?: Record<string, string>}} [more]
   */
  async send(method, path, more = {}) {
    if (Date.now() > this.#expiresAt - EARLY_MS) await this.#renew();
    try {
      return await this.#once(method, path, more);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "token.expired") throw error;
      await this.#renew();
      return this.#once(method, path, more);
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{json?: unknown, body?: BodyInit, headers?: Record<string, string>}} more
   */
  #once(method, path, { json, body, headers = {} }) {
    /** @type {Record<string, string>} */
    const all = { authorization: `Bearer ${this.#access}`, ...headers };
    if (json !== undefined) all["content-type"] = "application/json";
    return ask(path, { method, headers: all, body: json === undefined ? body : JSON.stringify(json) });
  }

  /** One refresh at a time, whoever asks. */
  #renew() {
    this.#refreshing ??= this.#renewOnce().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #renewOnce() {
    const form = new URLSearchParams({ grant_type: "refresh_token", refresh_token: this.#refresh });
    try {
      this.#take(await post("/v1/oauth/token", form));
    } catch (error) {
      if (error instanceof Problem && error.isFinal) this.end();
      throw error;
    }
  }

  /** @param {any} grant */
  #take(grant) {
    this.#access = grant.access_token;
    this.#refresh = grant.refresh_token;
    this.#expiresAt = Date.now() + grant.expires_in * 1_000;
    this.#keep();
  }

  #keep() {
    if (this.#name) sessionStorage.setItem(KEPT, JSON.stringify({ name: this.#name, refresh: this.#refresh }));
  }

  /**
   * Become the one tab that uses the session; without locks the token stays in memory.
   * @param {string} name
   * @returns {Promise<boolean>}
   */
  #lock(name) {
    if (!navigator.locks) return Promise.resolve(false);
    return new Promise((resolve) => {
      navigator.locks.request(`${KEPT}-${name}`, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (lock === null) return undefined;
        this.#name = name;
        if (this.#refresh) this.#keep();
        return new Promise((release) => (this.#unlock = () => release(undefined)));
      });
    });
  }

  async #meet() {
    this.me = await this.send("GET", "/v1/me");
    this.hasEnded = false;
    this.dispatchEvent(new Event("change"));
  }

  #forget() {
    const wasKnown = this.me !== null;
    this.#access = this.#refresh = this.#name = "";
    this.me = null;
    sessionStorage.removeItem(KEPT);
    this.#unlock();
    if (wasKnown) this.dispatchEvent(new Event("change"));
  }
}

/** @param {string} path @param {URLSearchParams} form */
function post(path, form) {
  return ask(path, { method: "POST", body: form });
}

/** The answer: JSON read, or a file as it is. @param {string} path @param {RequestInit} request */
async function ask(path, request) {
  let response;
  try {
    response = await fetch(path, { ...request, credentials: "omit", cache: "no-store" });
  } catch {
    throw new Problem(0, null);
  }
  const isJson = (response.headers.get("content-type") ?? "").includes("json");
  const body = await (isJson ? response.json() : response.blob());
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}
