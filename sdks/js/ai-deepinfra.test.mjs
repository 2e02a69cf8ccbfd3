// `@ai-sdk/deepinfra`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createDeepInfra } from "@ai-sdk/deepinfra";
import { generateText, streamText } from "ai";

import { checkProvider, failure, joined, key, server } from "./shared.mjs";

const name = "meta-llama/Meta-Llama-3.1-8B-Instruct";
const deepinfra = createDeepInfra({ baseURL: `${server}/v1`, apiKey: key });

checkProvider(test, deepinfra(name));

test("a completion, whole and streamed", async () => {
  const asked = { model: deepinfra.completionModel(name), prompt: "The capital of Peru is", temperature: 0, maxOutputTokens: 4 };
  const { text } = await generateText(asked);
  assert.equal(await joined(streamText(asked).textStream), text);
});

test("errors have their status and their words", async () => {
  const range = await failure(deepinfra(name), { temperature: 9 });
  assert.equal(range.statusCode, 422);
  assert.match(range.responseBody, /temperature/);
  assert.equal((await failure(deepinfra("nobody/nothing"))).statusCode, 404);
  assert.equal((await failure(createDeepInfra({ baseURL: `${server}/v1`, apiKey: "wrong" })(name))).statusCode, 401);
});
