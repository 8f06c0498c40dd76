/** What `npx jest` at the root does. */
export default function setup() {
  throw new Error(
    'Cannot run jest at the root. Run the tests of a package in its folder: `cd packages/tcp && npm test -- target`, or everything with `npm test`',
  )
}
