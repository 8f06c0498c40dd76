/** @returns the environment in which the model and the soak have this fault; see broken.mjs */
export const broken = (fault: string): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: `--import=${String(new URL('broken.mjs', import.meta.url))}`,
  STRESS_FAULT: fault,
})
