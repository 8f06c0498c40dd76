/** Explains which flag `npx jest` needs at the root. */
export default function setup() {
  const folder = process.argv.find((argument) => /^packages\/\w+$/.test(argument)) ?? 'packages/tcp'
  console.error(
    `\nCannot run jest at the root without a flag. Type \`cd ${folder} && npm test\`, or, after \`npm run build\`, \`NODE_OPTIONS=--experimental-vm-modules npx jest ${folder}\``,
  )
  // An error would show jest's stack, too.
  process.exit(1)
}
