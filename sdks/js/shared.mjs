// Where the server of this run is, what every client asks of it, and what comes back, the same for all.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { generateText, jsonSchema, Output, stepCountIs, streamText, tool } from "ai";

export const shared = JSON.parse(readFileSync(new URL("../shared.json", import.meta.url)));
export const server = process.env.TAMPU_URL;
export const key = process.env.TAMPU_API_KEY;
export const adapter = process.env.TAMPU_ADAPTER;
export const { question, answer } = shared;
// cria's prices are 0.01 and 0.02 dollars per million tokens.
export const cost = (shared.prompt_tokens * 10_000 + shared.completion_tokens * 20_000) / 1e12;
export const wrappedTool = { type: "function", function: shared.tool };
export const responseFormat = {
  type: "json_schema",
  json_schema: { name: "verdict", strict: true, schema: shared.schema },
};

export const user = (text) => ({ role: "user", content: text });

// The text that the pieces of a stream make; there must be several.
export async function joined(stream, textOf = (piece) => piece) {
  const pieces = [];
  for await (const piece of stream) pieces.push(textOf(piece) ?? "");
  assert.ok(pieces.filter(Boolean).length > 1, "not a stream");
  return pieces.join("");
}

export function checkVerdict(value) {
  assert.deepEqual(Object.keys(value).sort(), ["so", "sure"]);
  assert.equal(typeof value.so, "boolean");
  assert.ok(["hardly", "fully"].includes(value.sure));
}

const getWeather = tool({
  description: shared.tool.description,
  inputSchema: jsonSchema(shared.tool.parameters),
  execute: async () => JSON.parse(shared.tool_result),
});

// What every provider of the AI SDK is to do: text, streams, calls with their results, objects.
export function checkProvider(test, model) {
  const greedy = { model, temperature: 0, seed: 1, maxRetries: 0 };

  test("text", async () => {
    const result = await generateText({ ...greedy, prompt: question });
    assert.equal(result.text, answer);
    assert.equal(result.finishReason, "stop");
    assert.equal(result.usage.inputTokens, shared.prompt_tokens);
    assert.equal(result.usage.outputTokens, shared.completion_tokens);
  });

  test("a conversation", async () => {
    const messages = [user(question)];
    messages.push(...(await generateText({ ...greedy, messages })).response.messages, user("Thank you!"));
    assert.match((await generateText({ ...greedy, messages })).text, /welcome/i);
  });

  test("streamed text", async () => {
    const result = streamText({ ...greedy, prompt: question });
    assert.equal(await joined(result.textStream), answer);
    assert.equal(await result.finishReason, "stop");
    assert.equal((await result.usage).outputTokens, shared.completion_tokens);
  });

  const calling = {
    ...greedy,
    prompt: shared.weather_question,
    tools: { get_weather: getWeather },
    toolChoice: "required",
    prepareStep: ({ stepNumber }) => (stepNumber ? { toolChoice: "auto" } : {}),
    stopWhen: stepCountIs(2),
  };

  test("a call, its result, and words", async () => {
    const result = await generateText(calling);
    assert.deepEqual(result.steps[0].toolCalls[0].input, { city: "Lima" });
    assert.match(result.text, /19.*cloudy|cloudy.*19/);
  });

  test("a streamed call, its result, and words", async () => {
    const result = streamText(calling);
    assert.match(await joined(result.textStream), /cloudy/);
    assert.deepEqual((await result.steps)[0].toolCalls[0].input, { city: "Lima" });
  });

  test("an object that fits its schema", async () => {
    const output = Output.object({ schema: jsonSchema(shared.schema), name: "verdict" });
    checkVerdict((await generateText({ ...greedy, prompt: shared.schema_question, output })).output);
  });
}

// The error that a call of the AI SDK fails with.
export async function failure(model, settings = {}) {
  return await generateText({ model, prompt: "hi", maxRetries: 0, ...settings }).then(
    () => assert.fail("no error"),
    (error) => error,
  );
}
