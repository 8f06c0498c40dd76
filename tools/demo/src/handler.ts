import type { Handler } from '@sock/core'

/** Sends back what comes. The same function serves every transport: it cannot tell, and need not know, which one it is. */
export const echo: Handler = async (channel) => {
  for await (const message of channel) await channel.write(message)
}
