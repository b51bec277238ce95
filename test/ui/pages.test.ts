// Every page as people see it: light and dark, wide and narrow, under load, with what it shows, what axe-core says, and pictures for the docs.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from '../needs.ts';
import { type LoadedBroker, startLoadedBroker } from './broker.ts';
import { findings, launch, openPage, type Watched } from './browser.ts';

/** Each place with a text that is there when it has its data. */
const places: readonly (readonly [name: string, place: string, shows: string])[] = [
  ['overview', 'overview', 'Coming and going'],
  ['queues', 'queues?sort=-ready', 'backlog'],
  ['queue', 'queues/%2F/resize', 'Who sends and who works'],
  ['workers', 'queues/%2F/resize?tab=workers', 'resizer 3, stuck'],
  ['messages', 'queues/%2F/backlog?tab=messages&message=12', 'Edit and republish'],
  ['queue-bindings', 'queues/%2F/mail?tab=bindings', 'order.created.*'],
  ['queue-settings', 'queues/%2F/mail?tab=settings', 'What it takes up'],
  ['queue-replay', 'queues/%2F/backlog?tab=replay', 'None yet'],
  ['exchanges', 'exchanges', '(default)'],
  ['exchange', 'exchanges/%2F/orders', 'Given to queues'],
  ['exchange-bindings', 'exchanges/%2F/orders?tab=bindings', 'order.#'],
  ['delayed', 'exchanges/%2F/reminders?tab=delayed', 'Another time'],
  ['try', 'try?exchange=orders&key=order.paid', 'Why did my message not arrive?'],
  ['connections', 'connections', 'accountant'],
  ['channels', 'channels', '(1)'],
  ['consumers', 'consumers', 'amq.ctag'],
  ['flow', 'flow', 'accountant'],
  ['users', 'admin/users', 'do everything in /'],
  ['user', 'admin/users/guest', 'Give permissions'],
  ['vhosts', 'admin/vhosts', 'Virtual hosts'],
  ['vhost', 'admin/vhosts/%2F', 'Who may use it'],
  ['policies', 'admin/policies', 'long-invoices'],
  ['policy', 'admin/policies/%2F/long-invoices', 'Holds for 1 queue'],
  ['operator-policies', 'admin/operator-policies', 'No operator policies'],
  ['definitions', 'admin/definitions', 'Import a file'],
];

/** Those that are shown in the documentation, with the look that they have there. */
const pictured: Readonly<Record<string, readonly string[]>> = {
  'light, wide': ['overview', 'queues', 'workers', 'messages', 'flow', 'try'],
  'dark, wide': ['queue'],
  'dark, narrow': ['queues'],
};
const pictures = 'docs/screenshots';

const looks = [
  ['light, wide', 'light', 1280],
  ['dark, wide', 'dark', 1280],
  ['light, narrow', 'light', 390],
  ['dark, narrow', 'dark', 390],
] as const;

/** Goes to a place and waits until it has its data. */
async function show({ page, go }: Watched, name: string, place: string, shows: string): Promise<void> {
  await go(place);
  await page.locator('main').getByText(shows).filter({ visible: true }).first().waitFor();
  await page.locator('.skeleton').first().waitFor({ state: 'detached' });
  if (name === 'try') {
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByText('It arrives').waitFor();
  }
}

/** A policy, and a message that is kept back. */
async function addRules({ page, amqp }: LoadedBroker): Promise<void> {
  const { status } = await fetch(`${page}/api/policies/%2F/long-invoices`, {
    method: 'PUT',
    headers: { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` },
    body: JSON.stringify({ pattern: '^invoices$', definition: { 'max-length': 1_000_000, 'message-ttl': 86_400_000 } }),
  });
  expect(status).toBe(201);
  const channel = await amqp.createConfirmChannel();
  await channel.assertExchange('reminders', 'x-delayed-message', { arguments: { 'x-delayed-type': 'fanout' } });
  await channel.bindQueue('archive', 'reminders', '');
  channel.publish('reminders', 'reminder.1', Buffer.from('{"to": "Ada"}'), { headers: { 'x-delay': 86_400_000 } });
  await channel.waitForConfirms();
  await channel.close();
}

describe.skipIf(lacks('chromium'))('every page', () => {
  let loaded: LoadedBroker;
  let browser: Browser;

  beforeAll(async () => {
    [loaded, browser] = await Promise.all([startLoadedBroker(), launch()]);
    await addRules(loaded);
    mkdirSync(pictures, { recursive: true });
  });
  afterAll(async () => {
    await browser?.close();
    await loaded?.stop();
  });

  describe.each(looks)('%s', (_, colorScheme, width) => {
    let watched: Watched;
    beforeAll(async () => {
      watched = await openPage(browser, loaded.page, {
        colorScheme,
        viewport: { width, height: width < 500 ? 844 : 860 },
      });
    });
    afterAll(() => watched?.page.context().close());

    test.each(places)('%s', async (name, place, shows) => {
      const { page, complaints } = watched;
      await show(watched, name, place, shows);
      expect(await findings(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth'), 'px wider than the window').toBe(
        0,
      );
      expect(complaints.splice(0)).toEqual([]);
    });
  });

  test('the login, and what it says of a wrong password', async () => {
    const { page, complaints } = await openPage(browser, loaded.page, { user: '' });
    expect(await findings(page)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.getByLabel('User').fill('guest');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').getByText('Name or password is not right.').waitFor();
    await page.getByLabel('Password').fill('guest');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.getByRole('button', { name: 'Log guest out' }).click();
    await page.getByText('You are logged out.').waitFor();
    await page.context().close();
  });

  // The last of all, so that the charts have something to show.
  test.each(looks.filter(([look]) => pictured[look]))('pictures: %s', async (look, colorScheme, width) => {
    const watched = await openPage(browser, loaded.page, {
      colorScheme,
      viewport: { width, height: width < 500 ? 844 : 800 },
    });
    for (const [name, place, shows] of places.filter(([name]) => pictured[look]?.includes(name))) {
      await show(watched, name, place, shows);
      await watched.page.mouse.move(0, 0);
      const path = `${pictures}/${name}${width < 500 ? '-narrow' : ''}.png`;
      const picture = await watched.page.screenshot({ animations: 'disabled' });
      expect(picture.length).toBeGreaterThan(10_000);
      // They differ from run to run; a new one is wanted when the page has changed.
      if (process.env['LEVERET_PICTURES'] || !existsSync(path)) writeFileSync(path, picture);
    }
    await watched.page.context().close();
  });
});
