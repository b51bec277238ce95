// Chromium for tests: pages that are logged in, and that report every error of their console.
import { readFileSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args, env: { ...environment(), LC_ALL: 'C.UTF-8' } });
}

/** A page with what it complained of. */
export interface Watched {
  readonly page: Page;
  /** Errors and warnings of the console, failed requests, uncaught errors. */
  readonly complaints: string[];
  /** Goes to a place of the page: `queues/%2F/mail?tab=workers`. */
  go(place: string): Promise<void>;
}

/** Opens a page and logs in, where a user is given. */
export async function openPage(
  browser: Browser,
  base: string,
  options: BrowserContextOptions & { user?: string; password?: string } = {},
): Promise<Watched> {
  const { user = 'guest', password = user, ...contextOptions } = options;
  const context = await browser.newContext({
    viewport: { width: 1280, height: 860 },
    timezoneId: 'UTC',
    ...contextOptions,
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', error => complaints.push(error.stack ?? error.message));
  await page.goto(`${base}/`);
  if (user) {
    await page.getByLabel('User').fill(user);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  }
  const go = async (place: string): Promise<void> => {
    await page.goto(`${base}/#/${place}`);
  };
  return { page, complaints, go };
}

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

const axe = readFileSync('node_modules/axe-core/axe.min.js', 'utf8');

/** What axe-core finds that is serious or worse, a line each. */
export async function findings(page: Page): Promise<string[]> {
  // The content security policy holds for the page's own scripts; this one comes through the debugger.
  await page.evaluate(axe);
  const violations: Finding[] = await page.evaluate(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }).then(result => result.violations)",
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) => `${id}: ${help}: ${html.slice(0, 200)} ${failureSummary.replaceAll('\n', ' ')}`,
      ),
    );
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
