/** Whether the page can be believed: the state of the feed, and a bar across the page while it is stale. */
import { html } from "lit";
import { PageElement, announce } from "./element.js";
import { session } from "./frame.js";
import { feed, state } from "./state.js";
import { word } from "./words.js";

/** @returns {"connecting" | "live" | "resync" | "waiting" | "ended"} */
function mark() {
  return feed.state === "live" && !state.isFresh ? "resync" : feed.state;
}

class FeedStatus extends PageElement {
  constructor() {
    super([feed, "frame"], [session, "change"]);
    this.said = "";
  }

  updated() {
    const now = state.isFresh ? "feed.live" : "feed.stale";
    // Somebody who does not see the mark hears of every change, once; the first one on a page is no news.
    if (this.said && this.said !== now) announce(word(now));
    if (session.me && (this.said || state.isFresh)) this.said = now;
    document.documentElement.dataset.fresh = String(state.isFresh);
  }

  render() {
    if (!session.me) return html``;
    const now = mark();
    return html`<span class="status ${now}" title=${word("feed.label")}>${word(`feed.${now}`)}</span>`;
  }
}

/** Shown above everything while an order could be based on old data, and when nothing on the page is real. */
class PageBanners extends PageElement {
  constructor() {
    super([feed, "frame"], [session, "change"]);
    this.wasFresh = false;
  }

  render() {
    this.wasFresh ||= state.isFresh;
    this.role = "region";
    this.ariaLabel = word("banners");
    const isStale = session.me && this.wasFresh && !state.isFresh;
    return html`
      ${session.me && state.isSimulated ? html`<p class="banner" data-banner="simulated">${word("banner.simulated")}</p>` : ""}
      ${isStale ? html`<p class="banner stale" data-banner="stale">${word("feed.stale.note")}</p>` : ""}
    `;
  }
}

customElements.define("feed-status", FeedStatus);
customElements.define("page-banners", PageBanners);
