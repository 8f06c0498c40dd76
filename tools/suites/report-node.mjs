// A reporter for node:test: a line of JSON for each test. A test with subtests is a test, too.
import { basename } from 'node:path'

export default async function* report(events) {
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details.type === 'suite' || data.skip !== undefined || data.todo !== undefined) continue
    const name = `${basename(data.file ?? '')}: ${data.name}`
    yield `${JSON.stringify({ passed: type === 'test:pass', name })}\n`
  }
}
