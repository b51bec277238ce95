// What the doctor says of one thing it looked at.

/** `unknown` is what could not be looked at here; it counts as well. */
export type Verdict = 'good' | 'warning' | 'bad' | 'unknown';

/** One thing that was looked at. */
export interface Finding {
  readonly subject: string;
  readonly verdict: Verdict;
  /** What was found, in a sentence. */
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

export const good = (subject: string, found: string): Finding => ({ subject, verdict: 'good', found });
export const unknown = (subject: string, found: string): Finding => ({ subject, verdict: 'unknown', found });
export const warning = (subject: string, found: string, advice: string): Finding => ({
  subject,
  verdict: 'warning',
  found,
  advice,
});
export const bad = (subject: string, found: string, advice: string): Finding => ({
  subject,
  verdict: 'bad',
  found,
  advice,
});
