// Where the server under test is, and what the tests ask. `scripts/test-sdks` sets the environment.
export const url = process.env.TAMPU_URL
export const key = process.env.TAMPU_API_KEY
export const deepinfraName = 'meta-llama/Meta-Llama-3.1-8B-Instruct'
export const openrouterName = 'meta-llama/llama-3.1-8b-instruct'
export const workersName = '@cf/meta/llama-3.1-8b-instruct'
export const llama = /^A llama is a woolly animal from the Andes/
export const question = 'What is a llama?'
export const ask = [{ role: 'user', content: question }]
export const weather = 'What is the weather in Lima?'
export const toolSchema = {
  name: 'get_weather',
  description: 'Get the current weather in a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
  },
}

export async function collect(pieces) {
  const all = []
  for await (const piece of pieces) all.push(piece)
  return all
}
