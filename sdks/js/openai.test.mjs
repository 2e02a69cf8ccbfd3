// `openai` at every address that speaks its protocol.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import OpenAI from "openai";

import { answer, checkVerdict, joined, key, question, responseFormat, server, shared, user, wrappedTool } from "./shared.mjs";

const dialects = {
  openai: ["/v1", "cria"],
  deepinfra: ["/v1/openai", "meta-llama/Meta-Llama-3.1-8B-Instruct"],
  openrouter: ["/api/v1", "meta-llama/llama-3.1-8b-instruct"],
  workers_ai: ["/client/v4/accounts/me/ai/v1", "@cf/meta/llama-3.1-8b-instruct"],
};
const greedy = { temperature: 0, seed: 1 };
const connect = (path, apiKey = key) => new OpenAI({ baseURL: server + path, apiKey, maxRetries: 0 });

for (const [name, [path, model]] of Object.entries(dialects)) {
  describe(name, () => {
    const chat = connect(path).chat.completions;

    test("a chat", async () => {
      const whole = await chat.create({ model, messages: [user(question)], ...greedy });
      assert.equal(whole.choices[0].message.content, answer);
      assert.equal(whole.usage.completion_tokens, shared.completion_tokens);
    });

    test("a stream", async () => {
      const stream = await chat.create({ model, messages: [user(question)], stream: true, ...greedy });
      assert.equal(await joined(stream, (chunk) => chunk.choices[0]?.delta.content), answer);
    });

    test("the runner calls a function and goes on", async () => {
      const run = { type: "function", function: { ...shared.tool, function: () => shared.tool_result, parse: JSON.parse } };
      const runner = chat.runTools({ model, messages: [user(shared.weather_question)], tools: [run], ...greedy });
      assert.match(await runner.finalContent(), /cloudy/);
      assert.equal(runner.messages.at(1).tool_calls[0].function.name, "get_weather");
    });

    test("a forced call in a stream", async () => {
      const asked = { model, messages: [user(shared.weather_question)], tools: [wrappedTool], ...greedy };
      const final = await chat.stream({ ...asked, tool_choice: "required" }).finalChatCompletion();
      assert.deepEqual(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments), { city: "Lima" });
    });

    test("a schema", async () => {
      const asked = { model, messages: [user(shared.schema_question)], response_format: responseFormat, ...greedy };
      checkVerdict((await chat.parse(asked)).choices[0].message.parsed);
    });

    test("errors are the package's own", async () => {
      const kind = name === "deepinfra" ? OpenAI.UnprocessableEntityError : OpenAI.BadRequestError;
      await assert.rejects(chat.create({ model, messages: [user("hi")], temperature: 9 }), kind);
      const wrong = connect(path, "wrong").chat.completions.create({ model, messages: [user("hi")] });
      await assert.rejects(wrong, OpenAI.AuthenticationError);
      const unknown = await chat.create({ model: "nobody/nothing", messages: [user("hi")] }).catch((error) => error);
      assert.ok(unknown instanceof OpenAI.NotFoundError || unknown instanceof OpenAI.BadRequestError);
      assert.match(unknown.message, /nobody\/nothing/);
    });

    test("models are listed", async () => {
      const ids = [];
      for await (const each of connect(path).models.list()) ids.push(each.id);
      assert.equal(ids.length, 1);
      assert.match(ids[0], /cria$/);
    });
  });
}

describe("responses", () => {
  const { responses } = connect("/v1");

  test("whole and streamed", async () => {
    const asked = { model: "cria", input: question, temperature: 0 };
    assert.equal((await responses.create(asked)).output_text, answer);
    assert.equal((await responses.stream(asked).finalResponse()).output_text, answer);
  });

  test("a function call", async () => {
    const tools = [{ type: "function", ...shared.tool }];
    const made = await responses.create({ model: "cria", input: shared.weather_question, tools, tool_choice: "required", temperature: 0 });
    assert.deepEqual(JSON.parse(made.output[0].arguments), { city: "Lima" });
  });

  test("a field out of range", async () => {
    const failed = await responses.create({ model: "cria", input: "hi", temperature: 9 }).catch((error) => error);
    assert.ok(failed instanceof OpenAI.BadRequestError);
    assert.equal(failed.param, "temperature");
  });
});
