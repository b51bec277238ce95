// The page moves by itself, keeps still under the pointer, can be paused, says when the broker is gone, and is used by keyboard.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lacks } from '../needs.ts';
import { type LoadedBroker, startLoadedBroker } from './broker.ts';
import { findings, launch, openPage, type Watched } from './browser.ts';
import { Way } from './way.ts';

describe.skipIf(lacks('chromium'))('the page under load', () => {
  let loaded: LoadedBroker;
  let browser: Browser;
  let watched: Watched;
  let page: Page;

  beforeAll(async () => {
    [loaded, browser] = await Promise.all([startLoadedBroker(), launch()]);
  });
  afterAll(async () => {
    await browser?.close();
    await loaded?.stop();
  });
  beforeEach(async () => {
    watched = await openPage(browser, loaded.page);
    page = watched.page;
  });
  afterEach(() => page.context().close());

  const cell = (row: string, column: string) =>
    page
      .getByRole('row')
      .filter({ has: page.getByRole('link', { name: row, exact: true }) })
      .locator(`[data-title="${column}"]`);
  /** Resolves when the text is another one than before. */
  const changes = async (locator: ReturnType<typeof cell>): Promise<void> => {
    const before = await locator.textContent();
    await expect.poll(() => locator.textContent(), { timeout: 10_000 }).not.toBe(before);
  };

  test('numbers and charts change without a reload', async () => {
    await watched.go('queues');
    await changes(cell('archive', 'Ready'));
    await expect.poll(() => cell('archive', 'In').textContent(), { timeout: 15_000 }).toMatch(/^\d+\/s$/);
    await watched.go('queues/%2F/archive');
    const chart = page.getByRole('img', { name: /^Messages waiting/ });
    await chart.waitFor();
    const before = await chart.getAttribute('aria-label');
    await expect.poll(() => chart.getAttribute('aria-label'), { timeout: 15_000 }).not.toBe(before);
    expect(watched.complaints).toEqual([]);
  });

  test.each(['10 min', '1 h', '8 h', '24 h'])('charts show the last %s', async period => {
    await watched.go('overview');
    await page.getByText(period, { exact: true }).click();
    expect(page.url()).toContain(`range=${period.replace(' ', '').replace('min', 'm')}`);
    await page.getByRole('img', { name: /^Messages waiting: Ready [\d,]+/ }).waitFor();
    await page.reload();
    await page.getByRole('radio', { name: period, checked: true }).waitFor();
    expect(watched.complaints).toEqual([]);
  });

  test('a list is filtered, sorted, paged and shows chosen columns, all in the address', async () => {
    await watched.go('queues');
    await page.getByRole('searchbox').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('tenant-1');
    await page.getByText('10 of 35 queues').waitFor();
    await page.getByRole('button', { name: 'Name' }).click();
    await page.getByRole('button', { name: 'Name' }).click();
    await expect.poll(() => page.getByRole('rowheader').first().textContent()).toBe('tenant-19');
    await page.locator('summary').click();
    await page.getByRole('checkbox', { name: 'Wait p95' }).check();
    await page.getByRole('checkbox', { name: 'State' }).uncheck();
    await page.getByRole('columnheader', { name: 'Wait p95' }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'State' }).count()).toBe(0);
    const address = page.url();
    const other = await openPage(browser, loaded.page);
    await other.page.goto(address);
    await other.page.getByText('10 of 35 queues').waitFor();
    await other.page.getByRole('columnheader', { name: 'Wait p95' }).waitFor();
    await expect.poll(() => other.page.getByRole('rowheader').first().textContent()).toBe('tenant-19');
    await other.page.context().close();
    await watched.go('queues?size=25&sort=name');
    await page.getByText('Page 1 of 2').waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByText('Page 2 of 2').waitFor();
    await expect.poll(() => page.getByRole('rowheader').count()).toBe(10);
    await page.goBack();
    await page.getByText('Page 1 of 2').waitFor();
    await watched.go('queues?name=%5Et.%2B-0%5B12%5D%24&regex=1');
    await page.getByText('2 of 35 queues').waitFor();
    await watched.go('queues?name=nothing-like-it');
    await page.getByRole('button', { name: 'Clear the filter' }).click();
    const consumers = page.getByRole('combobox', { name: 'Consumers' });
    await consumers.selectOption('none');
    await page.getByText(/^\d+ of 35 queues$/).waitFor();
    expect(page.url()).toContain('consumers=none');
    await consumers.selectOption('');
    await page.getByText('35 queues', { exact: true }).waitFor();
    expect(watched.complaints).toEqual([]);
  });

  test('rows keep their places under the pointer and say that the order changed', async () => {
    const channel = await loaded.amqp.createChannel();
    for (const name of ['order-a', 'order-b']) await channel.assertQueue(name);
    channel.sendToQueue('order-a', Buffer.from('1'));
    await watched.go('queues?name=order-&sort=-ready');
    const names = (): Promise<string[]> => page.getByRole('rowheader').allTextContents();
    await expect.poll(names).toEqual(['order-a', 'order-b']);
    await page.getByRole('link', { name: 'order-a' }).hover();
    for (let i = 0; i < 5; i++) channel.sendToQueue('order-b', Buffer.from('1'));
    await page.getByText('Order changed').waitFor();
    expect(await names()).toEqual(['order-a', 'order-b']);
    await page.getByRole('heading', { name: 'Queues' }).hover();
    await expect.poll(names).toEqual(['order-b', 'order-a']);
    for (const name of ['order-a', 'order-b']) await channel.deleteQueue(name);
    await channel.close();
  });

  test('keys go to pages, pause, and explain themselves', async () => {
    for (const [keys, heading] of [
      ['gq', 'Queues'],
      ['ge', 'Exchanges'],
      ['gn', 'Connections'],
      ['gh', 'Channels'],
      ['gc', 'Consumers'],
      ['gf', 'Flow of /'],
      ['gt', 'Why did my message not arrive?'],
      ['ga', 'Users'],
      ['go', 'Overview'],
    ] as const) {
      await page.keyboard.press(keys[0]!);
      await page.keyboard.press(keys[1]!);
      await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    }
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys and words' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await watched.go('queues');
    await changes(cell('archive', 'Ready'));
    await page.keyboard.press('p');
    await page.getByText(/^Paused at/).waitFor();
    const channel = await loaded.amqp.createChannel();
    await channel.assertQueue('made-while-paused');
    await page.getByText('35 queues', { exact: true }).waitFor();
    await page.keyboard.press('p');
    await page.getByText('36 queues', { exact: true }).waitFor();
    await channel.deleteQueue('made-while-paused');
    await channel.close();
    expect(watched.complaints).toEqual([]);
  });

  test('all of a page is reached with the tab key, and a word explains itself on focus', async () => {
    await watched.go('queues/%2F/mail');
    // A page begins to count from where somebody pressed last.
    await page.reload();
    await page.getByRole('button', { name: 'Publish' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.locator('dt .term').first().focus();
    await page.getByRole('tooltip').getByText('Messages that wait in the queue').waitFor();
    expect(watched.complaints).toEqual([]);
  });

  test('the theme is changed and stays', async () => {
    const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
    const light = await background();
    await page.getByRole('button', { name: 'Theme: system. Change' }).click();
    await page.getByRole('button', { name: 'Theme: light. Change' }).click();
    expect(await background()).not.toBe(light);
    await page.reload();
    await page.getByRole('button', { name: 'Theme: dark. Change' }).waitFor();
    expect(await background()).not.toBe(light);
  });

  test('a broker that is gone is said, and what was shown stays; it recovers when the broker is back', async () => {
    const way = await Way.to(loaded.page);
    await page.context().close();
    watched = await openPage(browser, way.page);
    page = watched.page;
    await watched.go('queues');
    await cell('backlog', 'Ready').waitFor();
    await way.cut();
    await page.getByText('The connection to the broker is lost.').waitFor();
    await cell('backlog', 'Ready').waitFor();
    expect(await page.locator('main.stale').count()).toBe(1);
    await page.getByRole('button', { name: 'Log guest out' }).click();
    await page.getByText('You are still logged in. The broker does not answer.').waitFor();
    await way.mend();
    await page.getByText('The connection to the broker is lost.').waitFor({ state: 'detached' });
    await changes(cell('archive', 'Ready'));
    await way.cut();
  });
});
