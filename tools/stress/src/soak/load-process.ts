import { setMaxListeners } from 'node:events'
import { createBatch } from './batch.js'
import { BATCH, leave, serveParent } from './child.js'
import { createChurn, type Chore, type Churn } from './churn.js'
import { engineOf } from './engines.js'
import type { Load } from './load.js'
import type { Answer, ClientRecord, Notice, Places, Question, Setup } from './messages.js'
import { politeDatagram } from './polite-datagram.js'
import { politeStream } from './polite-stream.js'
import { createRandom } from './random.js'
import { rudeDatagrams } from './rude-datagram.js'
import { rudeStreams } from './rude-stream.js'
import { takeSample } from './sample.js'
import { isStream, type TransportName } from './transports.js'

/** How many clients of a transport there are at once, and how long each rests between two sessions, in ms. */
const POLITE = { clients: 15, rest: [0, 250] } as const
const RUDE = { clients: 6, rest: [0, 400] } as const
/** The rude ones' sessions have numbers of their own. */
const RUDE_SESSIONS = 2 ** 31

let churn: Churn | undefined
let stop = createStop()
const places: Places = {}
const counts: Record<string, number> = {}
const connects: Partial<Record<TransportName, number>> = {}

const parent = serveParent(answer, notice)
const records = createBatch<ClientRecord>(BATCH, (batch) => parent.tell({ news: 'records', records: batch }))

/** Every client listens to it. */
function createStop(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

function notice(message: Notice): void {
  if (message.tell === 'places') Object.assign(places, message.places)
  else if (churn !== undefined) churn.pace = message.pace
}

async function answer(question: Question): Promise<Answer> {
  switch (question.ask) {
    case 'begin':
      churn = begin(question.setup)
      return {}
    case 'sample':
      return { sample: takeSample() }
    case 'resume':
      stop = createStop()
      churn?.resume()
      return {}
    case 'pause':
      stop.abort()
      await churn?.pause()
      records.flush()
      return {}
    default:
      setImmediate(leave)
      return { sample: takeSample(), counts, connects }
  }
}

function begin(setup: Setup): Churn {
  const load = createLoad(setup)
  const { clients, rest } = setup.role === 'polite' ? POLITE : RUDE
  const chores = setup.only.flatMap((name) =>
    Array.from({ length: clients }, (): Chore => ({ every: rest, do: () => act(load, setup, name) })),
  )
  const failed = (error: unknown): void =>
    parent.tell({ news: 'finding', check: 'processes', text: `${setup.role}: ${(error as Error).stack}` })
  return createChurn(chores, load.random, failed)
}

async function act(load: Load, setup: Setup, name: TransportName): Promise<void> {
  const place = load.place(name)
  if (place === undefined) return
  if (setup.role === 'polite') {
    await (isStream(name) ? politeStream(load, name, place) : politeDatagram(load, name, place))
    return
  }
  const fault = load.random.pick(Object.keys(isStream(name) ? rudeStreams : rudeDatagrams))
  load.count(`${name} ${fault}`)
  await (isStream(name) ? rudeStreams[fault]?.(load, name, place) : rudeDatagrams[fault]?.(load, name, place))
}

function createLoad(setup: Setup): Load {
  let session = setup.role === 'rude' ? RUDE_SESSIONS : 0
  return {
    random: createRandom(setup.seed),
    engine: engineOf(setup.engine),
    authorities: setup.certificates.map(({ cert }) => cert),
    get stop() {
      return stop.signal
    },
    place: (name) => places[name],
    nextSession: () => (session += 1),
    report: (record) => records.add({ side: 'client', ...record }),
    count: (what) => (counts[what] = (counts[what] ?? 0) + 1),
    connecting: (name) => (connects[name] = (connects[name] ?? 0) + 1),
    garbled: (text) => parent.tell({ news: 'finding', check: 'content', text }),
  }
}
