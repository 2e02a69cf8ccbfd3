// `@openrouter/sdk`, which checks every answer against its own types.

import assert from "node:assert/strict";
import { test } from "node:test";

import { OpenRouter } from "@openrouter/sdk";
import * as errors from "@openrouter/sdk/models/errors";

import { answer, checkVerdict, cost, joined, key, question, server, shared, user, wrappedTool } from "./shared.mjs";

const model = "meta-llama/llama-3.1-8b-instruct";
const connect = (apiKey) => new OpenRouter({ apiKey, serverURL: `${server}/api/v1` });
const client = connect(key);
const send = (chatRequest, by = client) => by.chat.send({ chatRequest: { model, temperature: 0, seed: 1, ...chatRequest } });

test("a chat with its cost", async () => {
  const whole = await send({ messages: [user(question)] });
  assert.equal(whole.choices[0].message.content, answer);
  assert.equal(whole.usage.cost, cost);
});

test("a stream with its cost", async () => {
  let last;
  const stream = await send({ messages: [user(question)], stream: true });
  const text = await joined(stream, (chunk) => {
    last = chunk;
    return chunk.choices[0]?.delta.content;
  });
  assert.equal(text, answer);
  assert.equal(last.usage.cost, cost);
});

test("a call, its result, and words", async () => {
  const first = await send({ messages: [user(shared.weather_question)], tools: [wrappedTool], toolChoice: "required" });
  const { message } = first.choices[0];
  assert.deepEqual(JSON.parse(message.toolCalls[0].function.arguments), { city: "Lima" });
  const result = { role: "tool", toolCallId: message.toolCalls[0].id, content: shared.tool_result };
  const second = await send({ messages: [user(shared.weather_question), message, result], tools: [wrappedTool] });
  assert.match(second.choices[0].message.content, /cloudy/);
});

test("a schema", async () => {
  const jsonSchema = { name: "verdict", strict: true, schema: shared.schema };
  const whole = await send({ messages: [user(shared.schema_question)], responseFormat: { type: "json_schema", jsonSchema } });
  checkVerdict(JSON.parse(whole.choices[0].message.content));
});

test("models, endpoints and providers", async () => {
  const ids = [];
  for await (const page of await client.models.list()) ids.push(...page.result.data.map((each) => each.id));
  assert.deepEqual(ids, ["tampu/cria"]);
  const { endpoints } = (await client.endpoints.list({ author: "meta-llama", slug: "llama-3.1-8b-instruct" })).data;
  assert.equal(endpoints[0].providerName, "tampu");
  assert.equal((await client.providers.list()).data[0].slug, "tampu");
});

test("a generation, the key and the credits", async () => {
  const made = await send({ messages: [user(question)] });
  const found = (await client.generations.getGeneration({ id: made.id })).data;
  assert.equal(found.totalCost, cost);
  assert.equal(found.tokensCompletion, shared.completion_tokens);
  const { usage } = (await client.apiKeys.getCurrentKeyMetadata()).data;
  assert.ok(usage >= cost);
  assert.ok((await client.credits.getCredits()).data.totalUsage >= cost);
});

test("errors are the package's own", async () => {
  const range = await send({ messages: [user("hi")], temperature: 9 }).catch((error) => error);
  assert.ok(range instanceof errors.BadRequestResponseError);
  assert.match(range.message, /temperature/);
  await assert.rejects(send({ model: "nobody/nothing", messages: [user("hi")] }), errors.BadRequestResponseError);
  await assert.rejects(send({ messages: [user("hi")] }, connect("wrong")), errors.UnauthorizedResponseError);
});
