// The `ai` package with the providers of every dialect: OpenAI (Responses and chat), DeepInfra, OpenRouter, Workers AI.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createDeepInfra } from '@ai-sdk/deepinfra'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { createOpenRouter } from '@openrouter/ai-sdk-provider'
import { APICallError, Output, generateText, jsonSchema, streamText, stepCountIs, tool } from 'ai'
import { createWorkersAI } from 'workers-ai-provider'
import { z } from 'zod'
import { deepinfraName, key, llama, openrouterName, question, toolSchema, url, weather, workersName } from './server.mjs'

// workers-ai-provider knows one host only; what it fetches is turned to ours.
const ours = (address, init) => fetch(String(address).replace('https://api.cloudflare.com', url), init)
const compatible = { name: 'tampu', baseURL: `${url}/v1`, includeUsage: true, supportsStructuredOutputs: true }
const makers = {
  'openai responses': (apiKey) => createOpenAI({ baseURL: `${url}/v1`, apiKey })('cria'),
  'openai chat': (apiKey) => createOpenAI({ baseURL: `${url}/v1`, apiKey }).chat('cria'),
  'openai-compatible': (apiKey) => createOpenAICompatible({ ...compatible, apiKey })('cria'),
  deepinfra: (apiKey) => createDeepInfra({ baseURL: `${url}/v1`, apiKey })(deepinfraName),
  openrouter: (apiKey) => createOpenRouter({ baseURL: `${url}/api/v1`, apiKey })(openrouterName),
  'workers-ai': (apiKey) => createWorkersAI({ accountId: 'me', apiKey, fetch: ours })(workersName),
}
const tools = {
  get_weather: tool({
    description: toolSchema.description,
    inputSchema: jsonSchema(toolSchema.parameters),
    execute: async () => ({ temperature: 19, condition: 'cloudy' }),
  }),
}

for (const [name, make] of Object.entries(makers)) {
  describe(name, () => {
    const model = make(key)

    test('a question is answered', async () => {
      const answer = await generateText({ model, prompt: question, temperature: 0 })
      assert.match(answer.text, llama)
      assert.equal(answer.finishReason, 'stop')
      assert.ok(answer.usage.totalTokens > 20)
    })

    test('a conversation goes on', async () => {
      const messages = [{ role: 'user', content: question }]
      const first = await generateText({ model, messages, temperature: 0 })
      messages.push(...first.response.messages, { role: 'user', content: 'Thank you!' })
      assert.match((await generateText({ model, messages, temperature: 0 })).text, /welcome/i)
    })

    test('a stream has the same text and its usage', async () => {
      const whole = await generateText({ model, prompt: question, temperature: 0 })
      const stream = streamText({ model, prompt: question, temperature: 0 })
      let text = ''
      for await (const piece of stream.textStream) text += piece
      assert.equal(text, whole.text)
      assert.equal((await stream.usage).totalTokens, whole.usage.totalTokens)
      assert.equal(await stream.finishReason, 'stop')
    })

    test('a tool is called and its result is used', async () => {
      const answer = await generateText({ model, prompt: weather, tools, temperature: 0, stopWhen: stepCountIs(2) })
      assert.deepEqual(answer.steps[0].toolCalls.map((call) => call.input), [{ city: 'Lima' }])
      assert.match(answer.text, /cloudy/)
    })

    test('a call comes in pieces', async () => {
      const stream = streamText({ model, prompt: weather, tools, temperature: 0, stopWhen: stepCountIs(1) })
      await stream.consumeStream()
      assert.deepEqual((await stream.toolCalls).map((call) => call.input), [{ city: 'Lima' }])
    })

    test('an answer matches its schema', async () => {
      const schema = z.object({ size: z.enum(['small', 'large']), age: z.number().int().min(0).max(9) })
      const answer = await generateText({ model, prompt: question, output: Output.object({ schema }), seed: 1 })
      assert.ok(schema.safeParse(answer.output).success, JSON.stringify(answer.output))
    })

    test('a wrong key is refused', async () => {
      const asking = generateText({ model: make('wrong'), prompt: question, maxRetries: 0 })
      await assert.rejects(asking, (error) => APICallError.isInstance(error) && error.statusCode === 401)
    })
  })
}
