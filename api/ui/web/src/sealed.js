/**
 * Sealed bids: the hash that commits to a price, and the secrets that open it, kept in this browser until then.
 *
 * The text that is hashed is compact JSON of identifiers as on the wire; see `commitment_of` in matching/lots.py, and
 * `offer_commitment` in matching/tenders.py.
 */

const KEPT = "ipx-sealed";

/** @typedef {{lot_ids: string[], price_minor: number, nonce: string}} Secret */

/** A tender's offer of a price at signing alone. @param {number} price_minor */
export function cashOffer(price_minor) {
  return { price_minor, items: null, papers: [] };
}

/** Chance enough that no price can be guessed from its hash, nor two references meet. */
export function chance() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} bidder @param {Secret} secret @param {boolean} isTender */
export async function commitment(bidder, { lot_ids, price_minor, nonce }, isTender = false) {
  const parts = isTender ? [lot_ids[0], cashOffer(price_minor)] : [lot_ids, price_minor];
  const text = JSON.stringify([bidder, ...parts, nonce]);
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @returns {Record<string, Secret>} by commitment */
function secrets() {
  return JSON.parse(localStorage.getItem(KEPT) ?? "{}");
}

/** Keep what opens a commitment; call before it is sent. @param {string} sha256 @param {Secret} secret */
export function keep(sha256, secret) {
  localStorage.setItem(KEPT, JSON.stringify({ ...secrets(), [sha256]: secret }));
}

/** What opens a commitment, if it was made in this browser. @param {string} sha256 @returns {Secret | null} */
export function secretOf(sha256) {
  return secrets()[sha256] ?? null;
}
