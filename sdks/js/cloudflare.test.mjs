// `cloudflare` at Workers AI's own routes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import Cloudflare, { toFile } from "cloudflare";

import { adapter, answer, checkVerdict, key, question, server, shared, user, wrappedTool } from "./shared.mjs";

const model = "@cf/meta/llama-3.1-8b-instruct";
const here = { account_id: "me" };
const connect = (apiToken) => new Cloudflare({ apiToken, baseURL: `${server}/client/v4`, maxRetries: 0 });
const client = connect(key);
const run = (body, name = model) => client.ai.run(name, { ...here, temperature: 0, seed: 1, ...body });

test("messages and a prompt are answered", async () => {
  assert.equal((await run({ messages: [user(question)] })).response, answer);
  assert.equal((await run({ prompt: question })).response, answer);
});

test("a stream is the same text", async () => {
  const body = { ...here, messages: [user(question)], temperature: 0, stream: true };
  const lines = (await (await client.ai.run(model, body).asResponse()).text()).split("\n\n").filter(Boolean);
  assert.equal(lines.at(-1), "data: [DONE]");
  assert.equal(lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)).response ?? "").join(""), answer);
});

test("a call", async () => {
  const made = await run({ messages: [user(shared.weather_question)], tools: [wrappedTool], tool_choice: "required" });
  assert.deepEqual(made.tool_calls.map(({ name, arguments: given }) => [name, given]), [["get_weather", { city: "Lima" }]]);
});

test("JSON mode answers with a value", async () => {
  const response_format = { type: "json_schema", json_schema: shared.schema };
  checkVerdict((await run({ messages: [user(shared.schema_question)], response_format })).response);
});

test("models end, and have schemas", async () => {
  const names = [];
  for await (const each of client.ai.models.list({ ...here, per_page: 1 })) names.push(each.name);
  assert.deepEqual(names, ["@cf/tampu/cria", model]);
  const schema = await client.ai.models.schema.get({ ...here, model });
  assert.ok(schema.input && schema.output);
});

test("a finetune is created, filled, listed, and answers", async (context) => {
  const name = "pirate-node";
  const { id } = await client.ai.finetunes.create({ ...here, model, name });
  context.after(() => client.delete(`/accounts/me/ai/finetunes/${id}`));
  for (const file_name of ["adapter_config.json", "adapter_model.safetensors"]) {
    const file = await toFile(readFileSync(`${adapter}/${file_name}`), file_name);
    await client.ai.finetunes.assets.create(id, { ...here, file, file_name });
  }
  assert.ok(JSON.stringify(await client.ai.finetunes.list(here)).includes(id));
  assert.notEqual((await run({ prompt: question, lora: name })).response, answer);
});

test("errors have their numbers", async () => {
  const number = async (promise) => (await promise.catch((error) => error)).errors[0].code;
  assert.equal(await number(run({ prompt: "hi", temperature: 9 })), 5006);
  assert.equal(await number(run({ prompt: "hi" }, "@cf/nobody/nothing")), 5007);
  assert.equal(await number(run({ prompt: "hi", lora: "nobody" })), 3039);
  assert.equal(await number(connect("wrong").ai.run(model, { ...here, prompt: "hi" })), 10000);
  await assert.rejects(run({ prompt: "hi", temperature: 9 }), Cloudflare.BadRequestError);
});
