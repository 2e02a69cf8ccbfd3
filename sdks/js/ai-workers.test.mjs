// `workers-ai-provider`. It has no base URL: requests are turned to our server by its own `fetch` option.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createWorkersAI } from "workers-ai-provider";

import { checkProvider, failure, key, server } from "./shared.mjs";

const name = "@cf/meta/llama-3.1-8b-instruct";
const here = (url, options) => fetch(String(url).replace("https://api.cloudflare.com", server), options);
const connect = (apiKey) => createWorkersAI({ accountId: "me", apiKey, fetch: here });
const workers = connect(key);

checkProvider(test, workers(name));
checkProvider((title, body) => test(`${title}, with session affinity`, body), workers(name, { sessionAffinity: "mine" }));

test("errors have their numbers", async () => {
  assert.match(String((await failure(workers(name), { temperature: 9 })).message), /5006|temperature/);
  assert.match(String((await failure(workers("@cf/nobody/nothing"))).message), /5007|No such model/);
  assert.match(String((await failure(connect("wrong")(name))).message), /10000|Authentication/);
});
