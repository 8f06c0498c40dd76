import { isIP } from 'node:net'
import type { IpAddress } from './address.js'
import { SockError } from '../errors/errors.js'
import type { Check, Checked } from '../options/check.js'
import { integer, string } from '../options/values.js'
import { areParts, checkParts, invalid, notATarget } from './target-parts.js'

/** An IP address to listen on or to connect to, in parts. */
export interface IpTarget {
  /**
   * A host name, or an IP address without brackets. Default: all addresses to listen on, `localhost` to connect to.
   */
  host?: string | undefined
  /** The port, 0 to 65535. To listen on port 0 lets the system choose one. */
  port: number
}

/** `':8080'`, `'127.0.0.1:8080'`, `'[::1]:8080'`, `'name:8080'`; hosts with colons are in brackets. */
const TARGET = /^(?:\[(?<bracketed>[^\]]+)\]|(?<plain>[^:[\]]*)):(?<port>\d{1,5})$/
/** Letters, digits, hyphens and underscores between dots, as name servers accept them (RFC 1123 §2.1). */
const HOST_NAME =
  /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i
/** Only digits and dots, but not an IPv4 address, such as `256.1.1.1`: not worth a DNS query. */
const NUMERIC = /^[\d.]+$/
const MAX_PORT = 65_535

/**
 * The parts that every IP target has, first the one that it must have.
 *
 * @internal
 */
export const IP_TARGET_KEYS: readonly string[] = ['port', 'host']

const ipChecks = { host: string(undefined), port: integer(undefined, 0, MAX_PORT) }

/**
 * Checks an IP target: a string, its parts, or an {@link IpAddress}.
 *
 * @param extra checks of other keys that the transport accepts
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`
 */
export function parseIpTarget<Extra extends { readonly [key: string]: Check<unknown> }>(
  target: string | IpTarget,
  extra: Extra,
): IpTarget & Checked<Extra> {
  return check('listen', target, extra)
}

/**
 * Checks an IP target to connect to, like {@link parseIpTarget}. The default host is `localhost`.
 *
 * @throws SockError `ERR_SOCK_INVALID_ADDRESS`
 */
export function parseIpPeer(target: string | IpTarget | IpAddress): {
  /** A host name or an IP address. */
  host: string
  /** Never 0. */
  port: number
} {
  const { host = 'localhost', port } = check('connect', target, {})
  if (port !== 0) return { host, port }
  const shown = isIP(host) === 6 ? `[${host}]` : host
  const message = `Cannot connect to "${shown}:0": no server can listen on port 0. Use the port of the server`
  throw new SockError('ERR_SOCK_INVALID_ADDRESS', message)
}

function splitTarget(target: string): object {
  const groups = TARGET.exec(target)?.groups
  if (groups === undefined) {
    throw invalid(target, 'expected "host:port", ":port" or "[ipv6]:port", with a port from 0 to 65535')
  }
  const { bracketed, plain, port } = groups
  if (bracketed !== undefined && isIP(bracketed) !== 6)
    throw invalid(target, 'expected an IPv6 address in the brackets')
  return { host: bracketed ?? (plain || undefined), port: Number(port) }
}

/** Drops the family of an {@link IpAddress}, which is a valid target; its host implies it. */
function withoutFamily(target: unknown): unknown {
  if (typeof target !== 'object' || target === null || !Object.hasOwn(target, 'family')) return target
  const { family, ...parts } = target as IpAddress
  if (family !== 'ipv4' && family !== 'ipv6') throw invalid(target, 'expected the address of an IP socket')
  return parts
}

function check<Extra extends { readonly [key: string]: Check<unknown> }>(
  purpose: 'listen' | 'connect',
  target: string | IpTarget,
  extra: Extra,
): IpTarget & Checked<Extra> {
  const parts = typeof target === 'string' ? splitTarget(target) : withoutFamily(target)
  if (!areParts(parts)) throw notATarget(target, '":8080", "host:port" or { port }')
  const checked = checkParts(purpose, target, parts, { ...ipChecks, ...extra }) as IpTarget & Checked<Extra>
  const { host, port }: Partial<IpTarget> = checked
  if (port === undefined) throw invalid(target, '"port" is missing')
  if (host !== undefined && isIP(host) === 0 && !isHostName(host)) {
    throw invalid(target, `"${host}" is neither a host name nor an IP address`)
  }
  return checked
}

function isHostName(host: string): boolean {
  return HOST_NAME.test(host) && !NUMERIC.test(host)
}
