// What a person at the page feels of a broker with many queues: the list opens, is filtered, and scrolls while it is live.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';
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
/** Rows of the list while it is scrolled: the most that it shows. */
const rows = 500;
const wheelPx = 400;
const wheels = 60;
const wheelEveryMs = 50;

/** Times in ms. A task of the page shorter than 50 ms counts as none: nobody sees it. */
export interface Look {
  openMs: number;
  filterMs: number;
  longestTaskMs: number;
}

/** Looks at the queues of the broker whose page is at `base`, as guest; undefined where there is no Chromium. */
export async function lookWithBrowser(base: string, lastQueue: string): Promise<Look | undefined> {
  if (!existsSync(executablePath)) return undefined;
  const browser = await chromium.launch({ executablePath, args });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    await logIn(page, base);
    const openMs = await timed(async () => {
      await page.goto(`${base}/#/queues`);
      await page.locator('tbody tr').nth(50).waitFor();
    });
    const filterMs = await timed(async () => {
      await page.getByLabel('Filter queues by name').fill(lastQueue);
      await page.getByRole('link', { name: lastQueue, exact: true }).waitFor();
    });
    await page.goto(`${base}/#/queues?size=${rows}`);
    await page
      .locator('tbody tr')
      .nth(rows - 1)
      .waitFor();
    return { openMs, filterMs, longestTaskMs: await scroll(page) };
  } finally {
    await browser.close();
  }
}

async function logIn(page: Page, base: string): Promise<void> {
  await page.goto(`${base}/`);
  await page.getByLabel('User').fill('guest');
  await page.getByLabel('Password').fill('guest');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** Scrolls down and up again; the longest task of the page's thread meanwhile. */
async function scroll(page: Page): Promise<number> {
  await page.evaluate(`
    window.longestTask = 0;
    new PerformanceObserver(list => {
      for (const { duration } of list.getEntries()) window.longestTask = Math.max(window.longestTask, duration);
    }).observe({ type: 'longtask' });
  `);
  await page.mouse.move(640, 500);
  for (let i = 0; i < wheels; i++) {
    await page.mouse.wheel(0, i < wheels / 2 ? wheelPx : -wheelPx);
    await sleep(wheelEveryMs);
  }
  return page.evaluate<number>('window.longestTask');
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await run();
  return performance.now() - began;
}
