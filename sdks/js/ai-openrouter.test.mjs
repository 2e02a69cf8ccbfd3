// `@openrouter/ai-sdk-provider`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createOpenRouter } from "@openrouter/ai-sdk-provider";
import { generateText, streamText } from "ai";

import { answer, checkProvider, cost, failure, joined, key, question, server } from "./shared.mjs";

const name = "meta-llama/llama-3.1-8b-instruct";
const openrouter = createOpenRouter({ baseURL: `${server}/api/v1`, apiKey: key });

checkProvider(test, openrouter(name));

test("the cost comes with the provider's metadata", async () => {
  const asked = { model: openrouter(name, { usage: { include: true } }), prompt: question, temperature: 0 };
  const whole = await generateText(asked);
  assert.equal(whole.providerMetadata.openrouter.usage.cost, cost);
  assert.equal(whole.providerMetadata.openrouter.provider, "tampu");
  const streamed = streamText(asked);
  assert.equal(await joined(streamed.textStream), answer);
  assert.equal((await streamed.providerMetadata).openrouter.usage.cost, cost);
});

// `ai` always chooses among tools, which this package's completions refuse: they are asked directly.
test("a completion", async () => {
  const prompt = [{ role: "user", content: [{ type: "text", text: "The capital of Peru is" }] }];
  const made = await openrouter.completion(name).doGenerate({ prompt, temperature: 0, maxOutputTokens: 2 });
  assert.ok(made.content[0].text.length > 0);
  assert.equal(made.usage.outputTokens.total, 2);
});

test("errors have their status and their words", async () => {
  const range = await failure(openrouter(name), { temperature: 9 });
  assert.equal(range.statusCode, 400);
  assert.match(range.message, /temperature/);
  assert.equal((await failure(openrouter("nobody/nothing"))).statusCode, 400);
  assert.equal((await failure(createOpenRouter({ baseURL: `${server}/api/v1`, apiKey: "wrong" })(name))).statusCode, 401);
});
