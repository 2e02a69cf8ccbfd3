// `deepinfra`, at DeepInfra's own route: text in, text out, in Llama's chat format.

import assert from "node:assert/strict";
import { test } from "node:test";

import { TextGeneration } from "deepinfra";

import { answer, cost, key, question, server, shared } from "./shared.mjs";

const input = `<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n${question}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n`;
const connect = (name) => new TextGeneration(`${server}/v1/inference/${name}`, key, { maxRetries: 0, initialBackoff: 1 });
const client = connect("meta-llama/Meta-Llama-3.1-8B-Instruct");

test("text in the chat format is answered, and costed", async () => {
  const made = await client.generate({ input, temperature: 0 });
  assert.equal(made.results[0].generated_text, answer);
  assert.equal(made.num_input_tokens, shared.prompt_tokens);
  assert.equal(made.inference_status.cost, cost);
  assert.equal(made.inference_status.status, "succeeded");
});

test("several answers, each cut where it is told", async () => {
  const made = await client.generate({ input, max_new_tokens: 4, num_responses: 2, stop: ["camel"] });
  assert.equal(made.results.length, 2);
  assert.equal(made.num_tokens, 8);
});

test("what is wrong rejects", async () => {
  await assert.rejects(client.generate({ input, temperature: 999 }), /Failed to generate text/);
  await assert.rejects(connect("nobody/nothing").generate({ input }), /Failed to generate text/);
});
