/**
 * Suites of packages that others maintain and that use sockets.
 *
 * - `name`, `version`: the package, and the version whose tests run
 * - `tag`: its tag in the repository of the package
 * - `folder`: the package within that repository. Default: all of it
 * - `also`: packages that the tests need, and that only the manifest of the whole repository lists
 * - `prepare`: a program that runs before the tests, with its arguments
 * - `runner`: `mocha`, or `node` for node:test; with `args`
 * - `files`: the files of its tests, if `args` do not name them. Of these, only files that contain `using` run
 * - `passes`: how many tests pass with raw Node, and with our sockets
 * - `known`: tests that fail over our sockets, by name, with the reason
 */
export const SUITES = [
  {
    name: 'ws',
    version: '8.21.0',
    tag: '8.21.0',
    runner: 'mocha',
    args: ['--exit', '--throw-deprecation', 'test/*.test.js'],
    passes: 435,
  },
  {
    name: 'express',
    version: '5.2.1',
    tag: 'v5.2.1',
    runner: 'mocha',
    args: ['--exit', '--require', 'test/support/env', '--check-leaks', 'test/', 'test/acceptance/'],
    passes: 1236,
  },
  {
    name: 'koa',
    version: '3.2.0',
    tag: 'v3.2.0',
    runner: 'node',
    args: [],
    passes: 431,
  },
  {
    name: 'fastify',
    version: '5.12.1',
    tag: 'v5.12.1',
    runner: 'node',
    args: [],
    files: /^test[/].*[.]test[.]js$/,
    using: '.listen(',
    passes: 1381,
  },
  {
    name: 'engine.io',
    version: '6.6.9',
    tag: 'engine.io@6.6.9',
    folder: 'packages/engine.io',
    also: {
      'engine.io-client': '6.6.5',
      'engine.io-client-v3': 'npm:engine.io-client@3.5.4',
      'expect.js': '0.3.1',
      'express-session': '1.18.1',
      helmet: '7.1.0',
      mocha: '10.8.2',
      superagent: '9.0.2',
      typescript: '5.9.3',
    },
    // The types of uWebSockets.js are missing, which is on no registry.
    prepare: ['node_modules/typescript/bin/tsc', '--noCheck'],
    runner: 'mocha',
    // Without the tests of WebTransport, which do not use TCP.
    args: ['--exit', 'test/*.js'],
    passes: 175,
  },
]
