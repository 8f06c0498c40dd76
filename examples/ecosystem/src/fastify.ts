import { serveHttp, type StreamHandler } from '@sock/core'
import { fastify, type FastifyServerOptions } from 'fastify'

export async function fastifyHandler(options: FastifyServerOptions = {}): Promise<StreamHandler> {
  const app = fastify(options)
  app.get('/', ({ ip, protocol }) => ({ ip, protocol }))
  await app.ready()
  return serveHttp(app.server)
}
