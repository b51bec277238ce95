/** See tally.mjs. */
export class Tally {
  failures: { where: string; why: string }[];
  readonly good: boolean;
  addReport(group: string, report: string, result: { code: number | null; ending: string; overran: boolean }): void;
  summary(): string;
}
