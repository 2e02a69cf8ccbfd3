// The vendors' own packages: openai, @openrouter/sdk, deepinfra, cloudflare.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OpenRouter } from '@openrouter/sdk'
import Cloudflare from 'cloudflare'
import { TextGeneration } from 'deepinfra'
import OpenAI from 'openai'
import { ask, collect, deepinfraName, key, llama, openrouterName, toolSchema, url, weather, workersName } from './server.mjs'

const places = {
  openai: ['/v1', 'cria'],
  deepinfra: ['/v1/openai', deepinfraName],
  openrouter: ['/api/v1', openrouterName],
  workers: ['/client/v4/accounts/me/ai/v1', workersName],
}

for (const [name, [base, model]] of Object.entries(places)) {
  describe(`openai at ${name}`, () => {
    const client = new OpenAI({ apiKey: key, baseURL: url + base, maxRetries: 0 })

    test('a chat answers, whole and in pieces', async () => {
      const whole = await client.chat.completions.create({ model, messages: ask, temperature: 0 })
      assert.match(whole.choices[0].message.content, llama)
      let text = ''
      const stream = await client.chat.completions.create({ model, messages: ask, temperature: 0, stream: true })
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
      assert.equal(text, whole.choices[0].message.content)
    })

    test('a tool is called', async () => {
      const messages = [{ role: 'user', content: weather }]
      const tools = [{ type: 'function', function: toolSchema }]
      const answer = await client.chat.completions.create({ model, messages, tools, temperature: 0 })
      assert.deepEqual(JSON.parse(answer.choices[0].message.tool_calls[0].function.arguments), { city: 'Lima' })
    })

    test('a wrong key is an authentication error', async () => {
      const wrong = client.withOptions({ apiKey: 'wrong' })
      await assert.rejects(wrong.chat.completions.create({ model, messages: ask }), OpenAI.AuthenticationError)
    })

    test('the models are listed', async () => {
      const models = await collect(client.models.list())
      assert.ok(models.some((each) => each.id.includes('cria')))
    })
  })
}

test('openai: a response, whole and in pieces', async () => {
  const client = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 })
  const whole = await client.responses.create({ model: 'cria', input: 'What is a llama?', temperature: 0 })
  assert.match(whole.output_text, llama)
  const stream = client.responses.stream({ model: 'cria', input: 'What is a llama?', temperature: 0 })
  assert.equal((await stream.finalResponse()).output_text, whole.output_text)
})

describe('@openrouter/sdk', () => {
  const client = new OpenRouter({ apiKey: key, serverURL: `${url}/api/v1` })
  const send = (further) => client.chat.send({ chatRequest: { model: openrouterName, messages: ask, ...further } })

  test('a chat answers with its cost', async () => {
    const answer = await send({ temperature: 0 })
    assert.match(answer.choices[0].message.content, llama)
    const { promptTokens, completionTokens, cost } = answer.usage
    assert.ok(Math.abs(cost - (promptTokens * 1e-8 + completionTokens * 2e-8)) < 1e-15)
  })

  test('a stream has the same text and its usage last', async () => {
    const whole = await send({ seed: 5 })
    const chunks = await collect(await send({ seed: 5, stream: true }))
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')
    assert.equal(text, whole.choices[0].message.content)
    assert.equal(chunks.at(-1).usage.totalTokens, whole.usage.totalTokens)
  })

  test('models and generations are found', async () => {
    const listed = await client.models.list()
    assert.ok((listed.data ?? listed.result.data).some((model) => model.id === 'tampu/cria'))
    const answer = await send({ temperature: 0 })
    const found = await client.generations.getGeneration({ id: answer.id })
    assert.equal(found.data.totalCost, answer.usage.cost)
  })

  test('an unknown model is a bad request', async () => {
    await assert.rejects(send({ model: 'acme/fake-1.0' }), (error) => error.statusCode === 400)
  })
})

describe('deepinfra', () => {
  const prompt = '<|start_header_id|>user<|end_header_id|>\n\nWhat is a llama?<|eot_id|>'
  const input = `${prompt}<|start_header_id|>assistant<|end_header_id|>\n\n`

  test('text is generated', async () => {
    const client = new TextGeneration(`${url}/v1/inference/${deepinfraName}`, key)
    const answer = await client.generate({ input, stop: ['<|eot_id|>'], temperature: 0 })
    assert.match(answer.results[0].generated_text, llama)
    assert.equal(answer.inference_status.status, 'succeeded')
    assert.ok(answer.inference_status.cost > 0 && answer.num_tokens > 5)
  })
})

describe('cloudflare', () => {
  const client = new Cloudflare({ apiToken: key, baseURL: `${url}/client/v4`, maxRetries: 0 })

  test('a model is run', async () => {
    const result = await client.ai.run(workersName, { account_id: 'me', messages: ask, temperature: 0 })
    assert.match(result.response, llama)
  })

  test('a tool is called', async () => {
    const messages = [{ role: 'user', content: weather }]
    const result = await client.ai.run(workersName, { account_id: 'me', messages, tools: [toolSchema], temperature: 0 })
    assert.deepEqual(result.tool_calls[0].arguments, { city: 'Lima' })
  })

  test('the list of models ends', async () => {
    const models = await collect(client.ai.models.list({ account_id: 'me', per_page: 1 }))
    assert.ok(models.some((model) => model.name === '@cf/tampu/cria'))
  })

  test('what is wrong has its number', async () => {
    const asking = client.ai.run(workersName, { account_id: 'me', messages: ask, temperature: 6 })
    await assert.rejects(asking, (error) => error.status === 400 && error.errors[0].code === 5006)
  })
})
