/** Explains which flag `npx jest` needs at the root. */
export default function setup() {
  throw new Error(
    'Cannot run jest at the root without a flag. Type `cd packages/tcp && npm test -- target`, or, after `npm run build`, `NODE_OPTIONS=--experimental-vm-modules npx jest packages/tcp`',
  )
}
