// `ai` with `@ai-sdk/openai`, which asks for responses by default and for chats where it is told, and with
// `@ai-sdk/openai-compatible`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

import { checkProvider, failure, key, server } from "./shared.mjs";

const baseURL = `${server}/v1`;
const openai = createOpenAI({ baseURL, apiKey: key });
const settings = { name: "tampu", includeUsage: true, supportsStructuredOutputs: true };
const compatible = createOpenAICompatible({ ...settings, baseURL, apiKey: key });

describe("responses", () => checkProvider(test, openai("cria")));
describe("chat", () => checkProvider(test, openai.chat("cria")));
describe("compatible", () => checkProvider(test, compatible("cria")));

test("an unknown model and a wrong key", async () => {
  assert.equal((await failure(openai("nobody/nothing"))).statusCode, 404);
  assert.equal((await failure(createOpenAI({ baseURL, apiKey: "wrong" })("cria"))).statusCode, 401);
});
