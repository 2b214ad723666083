// The frame of the page: signing in, views, language.

import { el, fill, head } from "./dom.js";
import { get, keep, forget, token } from "./api.js";
import { t, language, choose, words } from "./words.js";
import live from "./live.js";
import verdicts from "./verdicts.js";
import quarantine from "./quarantine.js";
import rules from "./rules.js";
import health from "./health.js";
import explain from "./explain.js";

const STAFF = ["help_desk", "operator"];
const VIEWS = [
  { name: "live", show: live, roles: STAFF },
  { name: "verdicts", show: verdicts, roles: [...STAFF, "recipient"] },
  { name: "quarantine", show: quarantine, roles: [...STAFF, "recipient"] },
  { name: "rules", show: rules, roles: STAFF },
  { name: "health", show: health, roles: STAFF },
  { name: "explain", show: explain, roles: STAFF },
];

const place = (id) => document.getElementById(id);
let me = null;
let leaving = () => {};
let drawn = 0;
let fading = null;

/** A line for everybody, read aloud; it goes by itself, later where there is more to read. */
export function tell(text, isTrouble = false) {
  const notice = place("notice");
  clearTimeout(fading);
  fading = setTimeout(() => fill(notice), 8000 + 60 * text.length);
  fill(notice, text);
  notice.classList.toggle("trouble", isTrouble);
}

/** The words that stand in the document itself. */
function dress() {
  document.documentElement.lang = language();
  for (const one of document.querySelectorAll("[data-t]")) fill(one, t(one.dataset.t));
  for (const one of document.querySelectorAll("[data-t-label]")) one.setAttribute("aria-label", t(one.dataset.tLabel));
  const other = language() === "de" ? "en" : "de";
  fill(place("language"), words(other).language);
  place("language").lang = other;
  place("who").hidden = place("leave").hidden = place("nav").hidden = me === null;
  if (me !== null) fill(place("who"), `${me.name}, ${t(`r_${me.role}`)}`);
}

/** Where the address points: the view, and what of it. */
function where() {
  const [name, ...rest] = location.hash.slice(1).split("/");
  const open = VIEWS.filter((view) => me && view.roles.includes(me.role));
  return { open, view: open.find((view) => view.name === name) ?? open[0], of: rest.map(decodeURIComponent).join("/") };
}

async function draw(isMove = true) {
  leaving();
  leaving = () => {};
  const turn = ++drawn;
  dress();
  const main = place("view");
  if (me === null) {
    fill(main, entrance());
    main.querySelector("input").focus();
    return;
  }
  const { open, view, of } = where();
  fill(place("nav"), el("ul", {}, open.map((one) => el("li", {},
    el("a", { href: `#${one.name}`, "aria-current": one === view ? "page" : null }, t(`v_${one.name}`))))));
  if (!view) {
    fill(main, el("div", { class: "view" }, head(t("nothing_here"), t("portal_help"))));
    return;
  }
  document.title = `${t(`v_${view.name}`)} - Wehr`;
  const body = el("div", { class: "view", "data-view": view.name, "aria-busy": "true" });
  fill(main, body);
  try {
    const left = await view.show({ body, of, me, tell });
    if (turn !== drawn) { left?.(); return; }
    leaving = left ?? leaving;
  } catch (error) {
    if (turn !== drawn) return;
    if (error.status === 401) return leave(t("token_gone"));
    fill(body, head(t(`v_${view.name}`)), el("p", { class: "trouble", role: "alert" }, error.message));
  }
  body.setAttribute("aria-busy", "false");
  if (isMove) body.querySelector("h1")?.focus({ preventScroll: true });
}

function entrance() {
  const field = el("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true,
    "aria-describedby": "token-help" });
  const trouble = el("p", { class: "trouble", role: "alert" });
  const enter = async (event) => {
    event.preventDefault();
    fill(trouble);
    keep(field.value.trim());
    try {
      me = await get("me");
      await draw();
    } catch (error) {
      forget();
      fill(trouble, error.status === 401 ? t("token_wrong") : error.message);
      field.select();
    }
  };
  return el("div", { class: "view entrance" },
    el("h1", {}, t("enter_title")),
    el("p", { class: "help" }, t("enter_help")),
    el("form", { submit: enter },
      el("label", { for: "token" }, t("token")), field,
      el("p", { id: "token-help", class: "hint" }, t("token_help")),
      trouble,
      el("button", { class: "main" }, t("enter"))));
}

async function leave(text = "") {
  forget();
  me = null;
  location.hash = "";
  await draw();
  tell(text);
}

place("language").addEventListener("click", () => {
  choose(language() === "de" ? "en" : "de");
  draw(false);
});
place("leave").addEventListener("click", () => leave());
addEventListener("hashchange", () => draw());
if (token()) {
  try { me = await get("me"); } catch { forget(); }
}
await draw(false);
document.documentElement.dataset.ready = "yes";
