import { isDatagram } from '../transports.js'
import type { Load } from './scenario.js'

/** After how long, in ms, an answer is taken for lost: datagrams may be; over a stream it is the end of the row. */
export const patienceOf = ({ transport }: Load): number => (isDatagram(transport) ? 250 : 5000)
