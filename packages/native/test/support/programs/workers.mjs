// Each worker has its own engine, which ends with it, however it ends.
import { engine } from '@sock/native'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { ask, echoOn, tell, until } from './tools.mjs'

const descriptors = () => readdirSync('/proc/self/fd').length

if (isMainThread) {
  const listener = await echoOn(engine)
  const before = descriptors()
  const answers = []
  for (const how of ['return', 'terminate', 'exit', 'throw']) {
    const workers = Array.from({ length: 2 }, () => new Worker(import.meta.filename, { workerData: how }))
    await Promise.all(
      workers.map(async (worker) => {
        worker.on('error', () => {})
        const ended = new Promise((resolve) => worker.once('exit', resolve))
        const [port] = await once(worker, 'message')
        // Some operation is always pending.
        const busy = connect(port, '127.0.0.1')
        busy.on('error', () => {})
        busy.on('data', (data) => busy.write(data))
        busy.write('x'.repeat(1000))
        answers.push(await ask(port, how))
        if (how === 'terminate') await worker.terminate()
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
        else worker.postMessage('end')
        await ended
        busy.destroy()
      }),
    )
    answers.push(await ask(listener.address.port, 'main'))
  }
  await listener.close()
  // What the workers' own handles held goes a moment later.
  await until(() => descriptors() <= before)
  tell(answers)
} else {
  let end = () => {}
  const listener = await echoOn(engine, {
    accept(port) {
      port.start({
        received(chunk) {
          port.write(chunk)
          end()
        },
        ended: () => port.shutdownWrite(),
        drained() {},
        flushed: () => port.destroy(),
        closed() {},
      })
    },
  })
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
  parentPort.postMessage(listener.address.port)
  await once(parentPort, 'message')
  // From inside of a batch, but for the first.
  if (workerData === 'return') process.exit(0)
  end = () => {
    if (workerData === 'exit') process.exit(0)
    throw new Error('oops')
  }
}
