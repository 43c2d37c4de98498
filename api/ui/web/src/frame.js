/** What every page has: login, language, colours, and the user at the top. Imported by each page's script. */
import { html } from "lit";
import { PageElement } from "./element.js";
import { refusalView } from "./refusals.js";
import { Session } from "./session.js";
import { choose, current, translatePage, word } from "./words.js";

export const session = new Session();

/** Name and password; shown while nobody is logged in. */
class LoginPanel extends PageElement {
  static properties = { refusal: { state: true }, isWaiting: { state: true } };

  constructor() {
    super([session, "change"]);
    this.refusal = null;
    this.isWaiting = true; // until it is known whether this tab had a session
  }

  async firstUpdated() {
    await session.resume();
    this.isWaiting = false;
  }

  /** @param {SubmitEvent} event */
  async login(event) {
    event.preventDefault();
    const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
    this.isWaiting = true;
    this.refusal = null;
    try {
      await session.login(String(fields.get("username")), String(fields.get("password")));
    } catch (problem) {
      this.refusal = problem;
    }
    this.isWaiting = false;
  }

  render() {
    this.hidden = session.me !== null;
    if (session.me) return html``;
    return html`<form class="card login" @submit=${this.login} aria-busy=${this.isWaiting}>
      <h1>${word("login.title")}</h1>
      ${session.hasEnded ? html`<p class="notice">${word("login.ended")}</p>` : ""}
      <label
        >${word("login.name")}<input name="username" autocomplete="username" required maxlength="256" autofocus
      /></label>
      <label
        >${word("login.password")}<input
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxlength="1024"
      /></label>
      <button class="primary" ?disabled=${this.isWaiting}>
        ${word(this.isWaiting ? "login.waiting" : "login.submit")}
      </button>
      ${this.refusal ? refusalView(this.refusal) : ""}
      <p class="fine">${word("login.note")}</p>
    </form>`;
  }
}

/** Language, colours, and who is logged in. */
class PageSettings extends PageElement {
  constructor() {
    super([session, "change"]);
  }

  turn() {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("ipx-theme", root.dataset.theme);
    this.requestUpdate();
  }

  render() {
    const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    const me = session.me;
    return html`
      ${me ? html`<span class="who"><b>${me.member.name || me.user.user_name}</b> ${me.user.user_name}</span>` : ""}
      <button
        class="quiet"
        data-to="lang"
        aria-label=${word("lang.label")}
        @click=${() => choose(current() === "zh" ? "en" : "zh")}
      >
        <span lang=${current() === "zh" ? "en" : "zh-CN"}>${word("lang.switch")}</span>
      </button>
      <button
        class="quiet"
        data-to="theme"
        aria-label="${word("theme.label")}: ${word(`theme.${other}`)}"
        @click=${this.turn}
      >
        ${word(`theme.${other}`)}
      </button>
      ${me ? html`<button class="quiet" data-to="logout" @click=${() => session.logout()}>${word("logout")}</button>` : ""}
    `;
  }
}

/** Hide what needs a login until there is one. */
function showContent() {
  for (const part of document.querySelectorAll("[data-needs-login]")) {
    /** @type {HTMLElement} */ (part).hidden = session.me === null;
  }
}

session.addEventListener("change", showContent);
translatePage();
customElements.define("page-settings", PageSettings);
customElements.define("login-panel", LoginPanel);
