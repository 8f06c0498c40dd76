import { getSystemErrorMap, inspect } from 'node:util'

/**
 * What the program asked for.
 *
 * @internal
 */
export interface Asked {
  /** The operation; `reach` is to send to the peer of a connected socket, or to read from it. */
  readonly action: 'listen' | 'connect' | 'reach'
  /** The name of the transport: `tcp`, `unix`… */
  readonly transport: string
  /** The target as the program passed it. */
  readonly target: unknown
}

/** What is wrong and what to do, by system error code. */
type Words = Readonly<Record<string, readonly [wrong: string, advice: string]>>

/** Whatever the operation and its system call. */
const ANY_CALL: Words = {
  EAI_AGAIN: [
    'the name server does not answer',
    'Try again later, or check the network and the DNS settings of this machine',
  ],
  EMFILE: [
    'the process has run out of file descriptors',
    'Close unused files and sockets, or raise the limit (`ulimit -n`, `LimitNOFILE=`)',
  ],
  ENFILE: [
    'the system has run out of file descriptors',
    'Close unused files and sockets, or raise the limit (`fs.file-max`)',
  ],
  ENOTFOUND: ['the host name does not exist', 'Check its spelling, or use an IP address'],
}

const LISTEN_ON_PORT: Words = {
  EACCES: [
    'the process may not use this port',
    'Choose a port from 1024 up, or grant the process CAP_NET_BIND_SERVICE',
  ],
  EADDRINUSE: [
    'the port is in use',
    'Stop the other program, or choose another port; with port 0 the system picks a free one',
  ],
  EADDRNOTAVAIL: [
    'no network interface of this machine has this address',
    'Use an address of this machine, or leave out the host to listen on all',
  ],
  EAFNOSUPPORT: ['this machine does not support this address family', 'Use an IPv4 address'],
}

const LISTEN_ON_NAME: Words = {
  EACCES: [
    'the process may not create a file in this folder',
    'Choose a folder that it may write to, or change the permissions',
  ],
  EADDRINUSE: ['the name is in use', 'Stop the other program, or choose another name'],
  ENOENT: ['the folder does not exist', 'Create it, or choose another path'],
  ENOTDIR: ['a part of the path is not a folder', 'Choose another path'],
  EROFS: ['the file system is read-only', 'Choose another folder'],
}

const CONNECT_TO_PORT: Words = {
  EACCES: [
    'the system does not permit it',
    'For a broadcast address set the option "broadcast"; otherwise check the firewall of this machine',
  ],
  EADDRNOTAVAIL: [
    'this machine has no free port, or no suitable address, to connect from',
    'Close connections, or use another address',
  ],
  ECONNREFUSED: ['nothing listens there', 'Start the server, or check host and port'],
  EHOSTUNREACH: ['the host cannot be reached', 'Check the host, and whether it is up'],
  ENETUNREACH: [
    'this machine has no route to that network',
    'Check the host, and the network of this machine',
  ],
  ETIMEDOUT: [
    'nothing answered in time',
    'Check host and port, whether the server is up, and whether a firewall drops packets',
  ],
}

const CONNECT_WITH_TCP: Words = {
  ...CONNECT_TO_PORT,
  ECONNRESET: [
    'the server accepted the connection and reset it at once',
    'Its handler may have failed, or it refused this peer: look at the errors of the server',
  ],
}

const CONNECT_TO_NAME: Words = {
  EACCES: [
    'the process may not use this socket file',
    'Run it as a user that has access, or give the server another "mode", "uid" or "gid"',
  ],
  EAGAIN: [
    'the accept queue of the server is full',
    'Try again later, or give the server a larger "backlog"',
  ],
  ECONNREFUSED: [
    'no server is listening there, or it is not a socket',
    'Start the server, or check the path',
  ],
  ENOENT: ['the socket file does not exist', 'Start the server, or check the path'],
  ENOTDIR: ['a part of the path is not a folder', 'Check the path'],
  EPROTOTYPE: [
    'the socket is of another type',
    'Use connectUnix for streams, and connectUnixgram for datagrams',
  ],
}

/** System calls that concern the target, or the folder of a socket file. A message names any other call. */
const ABOUT_THE_TARGET: Readonly<Record<Asked['action'], ReadonlySet<string>>> = {
  listen: new Set(['bind', 'connect', 'getaddrinfo', 'listen', 'lstat', 'mkdtemp']),
  // A Unix datagram client creates a folder and a name for itself, which is not the target it was asked to connect
  // to.
  connect: new Set(['connect', 'getaddrinfo']),
  reach: new Set(['recvmsg', 'send']),
}

const ATTEMPT: Readonly<Record<Asked['action'], string>> = {
  listen: 'listen on',
  connect: 'connect to',
  reach: 'reach',
}

/** Returns the message for a system error: one line that names the target and says what to do. */
export function systemMessage(error: NodeJS.ErrnoException, { action, transport, target }: Asked): string {
  const { code = '', errno = 0, syscall = '' } = error
  const isAboutTarget = ABOUT_THE_TARGET[action].has(syscall)
  const words = isAboutTarget ? wordsFor(action, transport) : ANY_CALL
  const [wrong, advice] = words[code] ??
    ANY_CALL[code] ?? [getSystemErrorMap().get(errno)?.[1] ?? 'it failed']
  const source = isAboutTarget || syscall === '' ? code : `${syscall} ${code}`
  const end = advice === undefined ? '' : `. ${advice}`
  return `Cannot ${ATTEMPT[action]} "${shown(target)}": ${wrong} (${source})${end}`
}

function wordsFor(action: Asked['action'], transport: string): Words {
  const hasPorts = transport === 'tcp' || transport === 'udp'
  if (action === 'listen') return hasPorts ? LISTEN_ON_PORT : LISTEN_ON_NAME
  if (!hasPorts) return CONNECT_TO_NAME
  return transport === 'tcp' ? CONNECT_WITH_TCP : CONNECT_TO_PORT
}

/** Returns a target as a string would write it. */
function shown(target: unknown): string {
  if (typeof target === 'string') return target
  const { path, host = '', port } = Object(target) as { path?: unknown; host?: unknown; port?: unknown }
  if (typeof path === 'string') return path
  if (typeof host === 'string' && typeof port === 'number') {
    return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  }
  return inspect(target, { depth: 0, breakLength: Infinity })
}
