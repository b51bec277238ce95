/** See run.mjs. */
export function run(
  command: string[],
  options: { env?: Record<string, string>; limitMs: number; quiet?: boolean; graceMs?: number },
): Promise<{ code: number | null; output: string; ending: string; overran: boolean; left: string[] }>;
