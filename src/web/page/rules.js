// Every rule with what it weighs and how often it hit.

import { el, fill, head, row, name, score, number, sentence } from "./dom.js";
import { get } from "./api.js";
import { t } from "./words.js";

const COLUMNS = [
  { name: "symbol", key: (rule) => rule.symbol },
  { name: "score_of", key: (rule) => rule.score, class: "right" },
  { name: "hits", key: (rule) => rule.hits, class: "right" },
  { name: "rate", key: (rule) => rule.rate, class: "right" },
  { name: "group", key: (rule) => rule.group },
];

export default async function show({ body }) {
  const { mails, rules } = await get("rules");
  const field = el("input", { id: "filter", type: "search", autocomplete: "off" });
  const only = el("input", { type: "checkbox", id: "only" });
  const count = el("span", { class: "hint", "aria-live": "polite" });
  const place = el("tbody", {});
  let sorted = { column: COLUMNS[2], turn: -1 };
  const heads = COLUMNS.map((column) => el("th", { scope: "col", class: column.class ?? null },
    el("button", { type: "button", class: "sort", click: () => {
      sorted = { column, turn: sorted.column === column ? -sorted.turn : column.class ? -1 : 1 };
      draw();
    } }, t(column.name))));
  const draw = () => {
    const word = field.value.toLowerCase();
    const { column, turn } = sorted;
    const fits = rules.filter((rule) => (!only.checked || rule.hits > 0) && `${rule.symbol} ${rule.group} ${rule.about}`.toLowerCase().includes(word));
    fits.sort((one, other) => {
      const [first, second] = [column.key(one), column.key(other)];
      return (first < second ? -1 : first > second ? 1 : one.symbol < other.symbol ? -1 * turn : turn) * turn;
    });
    heads.forEach((head, at) => head.setAttribute("aria-sort", COLUMNS[at] !== column ? "none" : turn > 0 ? "ascending" : "descending"));
    fill(count, t("shown_of", number(fits.length), number(rules.length)));
    fill(place, fits.map((rule) => name(row([
      { cell: [el("code", {}, rule.symbol), el("span", { class: "hint block about" }, sentence(rule.about)),
        rule.least_action !== "accept" && el("span", { class: "hint block" }, t("least", t(`a_${rule.least_action}`)))], class: "wide" },
      { cell: rule.is_shadow ? el("span", { class: "hint" }, `${t("shadow")} ${number(rule.score, 2)}`) : score(rule.score), class: "right" },
      { cell: number(rule.hits), class: "right" },
      { cell: [el("meter", { min: 0, max: 1, value: rule.rate, "aria-hidden": "true" }), `${number(rule.rate * 100, 1)} %`], class: "right tight" },
      rule.group,
    ]), COLUMNS.map((one) => t(one.name)))));
  };
  field.addEventListener("input", draw);
  only.addEventListener("change", draw);
  fill(body, head(t("v_rules"), t("rules_help", number(mails))),
    el("div", { class: "bar-line", role: "search" }, el("label", { for: "filter" }, t("filter")), field, only, el("label", { for: "only" }, t("only_hits")), count),
    el("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": t("v_rules") },
      el("table", {}, el("caption", { class: "unseen" }, t("v_rules")), el("thead", {}, el("tr", {}, heads)), place)));
  only.checked = mails > 0;
  draw();
}

