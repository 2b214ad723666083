// The state of the server: dependencies, what is under way, version, rulebook.

import { el, fill, head, pairs, table, row, action, number, octets, span, button } from "./dom.js";
import { get, send } from "./api.js";
import { t } from "./words.js";

const gauge = (name, value, most, shown = number) => el("div", { class: "gauge" },
  el("span", { id: `g-${name}` }, t(name)),
  el("meter", { min: 0, max: most, high: most * 0.8, value, "aria-labelledby": `g-${name}` }),
  el("span", { class: "hint" }, t("of", shown(value), shown(most))));

export default async function show({ body, me, tell }) {
  const place = el("div", {});
  const said = el("p", { role: "status", class: "banner" });
  const draw = async () => {
    const state = await get("health");
    const kind = state.is_draining ? "drains" : state.is_ready ? "takes" : "takes_not";
    const text = t(kind);
    if (said.textContent !== text) fill(said, text);
    said.className = `banner ${kind === "takes" ? "good" : "bad"}`;
    const { load, quarantine, reloads } = state;
    fill(place,
      el("h2", {}, t("dependencies")),
      table(t("dependencies"), [t("name"), t("state")], state.dependencies.map((one) =>
        row([t(`d_${one.name}`).startsWith("d_") ? one.name : t(`d_${one.name}`), action(one.state)])), { class: "narrow" }),
      el("h2", {}, t("queues")),
      el("div", { class: "gauges" }, gauge("mails_open", load.mails, load.mails_max), gauge("small", load.small_judged, load.small_judged_max),
        gauge("large", load.large_judged_bytes, load.large_judged_bytes_max, octets)),
      el("h2", {}, t("v_quarantine")),
      pairs([[t("q_mails"), number(quarantine.mails)], [t("q_octets"), octets(quarantine.octets)],
        [t("q_oldest"), quarantine.mails > 0 ? span(quarantine.oldest_age_seconds) : null]]),
      el("h2", {}, t("server")),
      pairs([[t("version"), state.version], [t("uptime"), span(state.uptime_seconds)], [t("reloads"), `${number(reloads.done)} (${number(reloads.failed)})`],
        [t("subjects"), number(state.subjects)], [t("rulebook"), el("code", { class: "long" }, state.rulebook)]]));
  };
  const reload = async () => {
    try { await send("POST", "reload"); tell(t("reloaded")); await draw(); } catch (error) { tell(error.message, true); }
  };
  fill(body, head(t("v_health"), t("health_help")), said, place,
    me.role === "operator" && el("div", { class: "bar-line" }, button(t("reload"), reload)));
  await draw();
  const again = setInterval(() => draw().catch((error) => { fill(said, error.message); said.className = "banner bad"; }), 5000);
  return () => clearInterval(again);
}
