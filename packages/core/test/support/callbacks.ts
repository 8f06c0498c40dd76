import type { Connection, StreamCallbacks } from '../../src/index.js'
import { createFakeStreamPort, type FakeStreamPort } from '@sock/testing'
import { serveFake, type FakeScene } from './fake-server.js'

export interface CallbackScene extends FakeScene {
  readonly port: FakeStreamPort
  readonly connection: Connection
  /** The calls, in order. */
  readonly heard: string[]
}

/** A connection whose callbacks record each call, and do what the test asks for. */
export async function openWith(
  callbacks: StreamCallbacks = {},
  port = createFakeStreamPort(),
): Promise<CallbackScene> {
  const heard: string[] = []
  let connection!: Connection
  const scene = await serveFake({
    open(given) {
      connection = given
      heard.push('open')
      return callbacks.open?.(given)
    },
    data(given, chunk) {
      heard.push(`data ${chunk}`)
      return callbacks.data?.(given, chunk)
    },
    end(given) {
      heard.push('end')
      return callbacks.end?.(given)
    },
    drain(given) {
      heard.push('drain')
      return callbacks.drain?.(given)
    },
    close(given, error) {
      heard.push(error === undefined ? 'close' : `close ${error.message}`)
      return callbacks.close?.(given, error)
    },
  })
  scene.accept(port)
  return { ...scene, port, connection, heard }
}
