// Requests to the API. The token stays in this tab: it is in the session's storage, never in an address or a cookie.

import { t } from "./words.js";

const PLACE = "wehr-token";

export const token = () => sessionStorage.getItem(PLACE) ?? "";
export const keep = (text) => sessionStorage.setItem(PLACE, text);
export const forget = () => sessionStorage.removeItem(PLACE);

export class Trouble extends Error {
  constructor(status, error, hint) {
    super(hint ? `${error} (${hint})` : error);
    this.status = status;
  }
}

const fields = (more) => ({ Authorization: `Bearer ${token()}`, ...more });

async function checked(answer) {
  if (answer.ok) return answer;
  let told = {};
  try { told = await answer.json(); } catch { /* no JSON: the status has to do */ }
  throw new Trouble(answer.status, told.error ?? String(answer.status), told.hint);
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(`api/v1/${path}`, { ...options, headers: fields(options.headers), cache: "no-store", credentials: "omit" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble(0, t("unreachable"));
  }
  return checked(answer);
}

export const get = async (path) => (await ask(path)).json();
export const send = async (method, path, body, headers) => (await ask(path, { method, body, headers })).json();

/** Reads the live stream until it ends; `heard(event, data)` is called for each event. */
export async function follow(heard, signal) {
  const answer = await ask("live", { signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (field("event")) heard(field("event"), JSON.parse(field("data") ?? "{}"));
    }
  }
}
