// The chat of the front page. Answers are put into the page as text, never as markup.
"use strict";

const find = (id) => document.getElementById(id);
const [log, form, message, key, send, stop, fresh] = ["log", "ask", "message", "key", "send", "stop", "fresh"].map(find);
const conversation = []; // as the API takes it
let running = null; // what aborts the answer under way

function restore() {
  message.value = sessionStorage.getItem("tampu.draft") ?? "";
  sessionStorage.removeItem("tampu.draft");
  if (key) key.value = sessionStorage.getItem("tampu.key") ?? "";
}

function headers() {
  const given = key?.value.trim();
  if (!/^[!-~]*$/.test(given ?? "")) throw new Error("No key has such characters.");
  if (key) sessionStorage.setItem("tampu.key", given);
  return { "content-type": "application/json", ...(given ? { authorization: `Bearer ${given}` } : {}) };
}

// An element of the conversation: who speaks, and what.
function turn(who, text = "") {
  const element = document.createElement("div");
  const name = document.createElement("strong");
  const said = document.createElement("span");
  element.className = "turn";
  name.textContent = who;
  said.textContent = text;
  element.append(name, said);
  log.append(element);
  log.scrollTop = log.scrollHeight;
  return { element, said };
}

function remark(element, text) {
  const small = document.createElement("small");
  small.textContent = text;
  element.append(small);
}

// The data of each event of a stream.
async function* events(body) {
  const decoder = new TextDecoder();
  let rest = "";
  for (const reader = body.getReader(); ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: {")) yield JSON.parse(line.slice(6));
    }
  }
}

async function answer(response, shown) {
  let text = "";
  let note = "";
  const began = performance.now();
  try {
    for await (const event of events(response.body)) {
      if (event.error) throw new Error(event.error.message);
      const choice = event.choices[0];
      const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      text += choice?.delta?.content ?? "";
      shown.said.textContent = text;
      if (follows) log.scrollTop = log.scrollHeight;
      if (choice?.finish_reason === "length") note = "Cut: there was no room for more. ";
      if (event.usage) note += `${event.usage.prompt_tokens} → ${event.usage.completion_tokens} tokens`;
    }
  } finally {
    if (text) conversation.push({ role: "assistant", content: text });
  }
  remark(shown.element, `${note}, ${duration(performance.now() - began)}`);
}

function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

async function refusal(response) {
  const body = await response.json().catch(() => ({}));
  if (response.status === 401 && key) {
    key.focus();
    return new Error("This server wants its key: type it below.");
  }
  return new Error(body.error?.message ?? `The server answered ${response.status}.`);
}

async function ask(text) {
  running = new AbortController();
  busy(true);
  conversation.push({ role: "user", content: text });
  turn("You", text);
  const shown = turn(form.dataset.model);
  shown.element.ariaBusy = "true";
  let answered = false;
  try {
    const response = await fetch("/v1/chat/completions", {
      method: "POST",
      headers: headers(),
      signal: running.signal,
      body: JSON.stringify({
        model: form.dataset.model,
        messages: conversation,
        stream: true,
        stream_options: { include_usage: true },
      }),
    });
    if (!response.ok) throw await refusal(response);
    answered = true;
    await answer(response, shown);
  } catch (error) {
    explain(error, shown, answered);
    if (!answered) {
      conversation.pop(); // so that it can be asked again
      message.value ||= text;
    }
  } finally {
    shown.element.ariaBusy = "false";
    running = null;
    busy(false);
  }
}

function explain(error, shown, answered) {
  if (error.name === "AbortError") return remark(shown.element, "Stopped.");
  const lost = error instanceof TypeError;
  const words = lost ? "The server does not answer. Is it still running?" : error.message;
  if (answered) return remark(shown.element, words);
  shown.element.classList.add("failed");
  shown.said.textContent = words;
  if (lost) watch();
}

function busy(is) {
  send.disabled = is;
  stop.hidden = !is;
  fresh.hidden = is || !log.hasChildNodes();
}

const STATES = {
  ok: () => "Ready",
  loading: (health) => `Loading the model: ${Math.round(100 * health.progress)}% (${health.phase})`,
  failed: (health) => `The model cannot be loaded: ${health.phase}`,
  gone: () => "The server does not answer.",
};

// Look once a second until the model is ready. A page that was made without a model is then made anew.
async function watch() {
  const health = await fetch("/readyz").then((response) => response.json()).catch(() => ({ status: "gone" }));
  const ready = health.status === "ok";
  const [state, bar] = ["state", "progress"].map(find);
  state.className = ready ? "dot ready" : "dot";
  state.textContent = STATES[health.status]?.(health) ?? `The server is ${health.status}.`;
  bar.hidden = health.status !== "loading";
  bar.value = health.progress ?? 0;
  send.disabled = !ready;
  if (!ready) setTimeout(watch, 1000);
  else if (!form.dataset.model) {
    sessionStorage.setItem("tampu.draft", message.value);
    location.reload();
  }
}

function addCopyButtons() {
  if (!navigator.clipboard) return; // browsers have it for https and this machine only
  for (const block of document.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(block.querySelector("code").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1500);
    });
    block.append(button);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = message.value.trim();
  if (!text || running || !form.dataset.model) return;
  message.value = "";
  ask(text);
});
message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});
stop.addEventListener("click", () => running?.abort());
fresh.addEventListener("click", () => {
  conversation.length = 0;
  log.replaceChildren();
  busy(false);
  message.focus();
});

restore();
addCopyButtons();
if (!find("state").classList.contains("ready")) watch();
