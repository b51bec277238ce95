// Dead letters and delayed messages in a browser: why a message died, sending it back, and what is kept back for later.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from '../needs.ts';
import { type LoadedBroker, startLoadedBroker } from './broker.ts';
import { findings, launch, openPage, type Watched } from './browser.ts';

describe.skipIf(lacks('chromium'))('dead letters and delayed messages', () => {
  let loaded: LoadedBroker;
  let browser: Browser;
  let watched: Watched;
  let page: Page;

  beforeAll(async () => {
    [loaded, browser] = await Promise.all([startLoadedBroker(), launch()]);
    watched = await openPage(browser, loaded.page);
    page = watched.page;
    const channel = await loaded.amqp.createConfirmChannel();
    await channel.assertQueue('work', { deadLetterExchange: '', deadLetterRoutingKey: 'dead', maxLength: 12 });
    await channel.assertQueue('dead');
    await channel.assertExchange('jobs', 'direct');
    await channel.bindQueue('work', 'jobs', 'resize');
    // Three are rejected, two are over the limit.
    for (let number = 1; number <= 3; number++) channel.publish('jobs', 'resize', Buffer.from(`bad ${number}`));
    await channel.waitForConfirms();
    for (let number = 1; number <= 3; number++) {
      const got = await channel.get('work');
      if (got) channel.reject(got, false);
    }
    for (let number = 1; number <= 14; number++) channel.publish('jobs', 'resize', Buffer.from(`job ${number}`));
    await channel.waitForConfirms();
    await channel.purgeQueue('work');
    await channel.assertExchange('clock', 'x-delayed-message', { arguments: { 'x-delayed-type': 'fanout' } });
    await channel.assertQueue('due');
    await channel.bindQueue('due', 'clock', '');
    for (let number = 1; number <= 4; number++) {
      const headers = { 'x-delay': number * 3_600_000, customer: number };
      channel.publish('clock', `reminder.${number}`, Buffer.from(`{"reminder": ${number}}`), { headers });
    }
    await channel.waitForConfirms();
    await channel.close();
  });
  afterAll(async () => {
    await browser?.close();
    await loaded?.stop();
  });
  afterEach(() => expect(watched.complaints.splice(0)).toEqual([]));

  const main = () => page.locator('main');
  const dialog = () => page.getByRole('dialog');
  const row = (name: string) => main().getByRole('row').filter({ hasText: name });
  const confirm = async (verb: string, said: RegExp): Promise<void> => {
    await dialog().getByRole('button', { name: verb, exact: true }).click();
    await page.getByRole('status').getByText(said).waitFor();
  };
  const ready = async (queue: string): Promise<number> =>
    (await loaded.get<{ messages_ready: number }>(`/queues/%2F/${queue}`)).messages_ready;

  test('a queue says how many died in it, by the reason', async () => {
    await watched.go('queues/%2F/work?tab=settings');
    const fact = (name: string) => main().locator('.facts > div').filter({ hasText: name }).locator('dd');
    await expect.poll(() => fact('A worker rejected it').textContent()).toBe('3');
    expect(await fact('The queue was full').textContent()).toBe('2');
    expect(await fact('Dropped as duplicates').textContent()).toBe('0');
  });

  test('dead letters are told apart by why they died', async () => {
    await watched.go('queues/%2F/dead?tab=messages');
    await row('bad 1').getByText('rejected in work').waitFor();
    await row('job 1').getByText('maxlen in work').waitFor();
    await page.getByLabel('Died because').selectOption('maxlen');
    await row('bad 1').waitFor({ state: 'detached' });
    expect(await main().getByRole('rowheader').count()).toBe(2);
    expect(await findings(page)).toEqual([]);
    await page.getByLabel('Died in the queue').fill('elsewhere');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('heading', { name: 'No message fits' }).waitFor();
  });

  test('dead letters are counted in a dry run, and then go back', async () => {
    await watched.go('queues/%2F/dead?tab=replay');
    await page.getByRole('heading', { name: 'None yet' }).waitFor();
    await page.getByLabel('Died because').selectOption('rejected');
    await page.getByLabel('At most, messages', { exact: true }).fill('2');
    await page.getByRole('button', { name: 'Dry run' }).click();
    const dry = page.getByRole('article', { name: 'Dry run 1' });
    await dry.getByText('done').waitFor();
    await dry.getByRole('cell', { name: 'resize' }).waitFor();
    expect(await ready('dead')).toBe(5);
    expect(await findings(page)).toEqual([]);
    await dry.getByRole('button', { name: 'Replay 2 messages' }).click();
    await dialog().getByText('2 messages', { exact: true }).waitFor();
    await confirm('Replay 2 messages', /Replay 2 has begun/);
    const replay = page.getByRole('article', { name: 'Replay 2' });
    await replay.getByText('done').waitFor();
    expect([await ready('dead'), await ready('work')]).toEqual([3, 2]);
    // What was counted is not so any more.
    await dry.getByRole('button', { name: 'Replay' }).waitFor({ state: 'detached' });
    const { items } = await loaded.get<{ items: { payload: string; properties: { headers?: object } }[] }>(
      '/queues/%2F/work/messages',
    );
    expect(items.map(({ payload }) => payload)).toEqual(['bad 1', 'bad 2']);
    expect(items[0]?.properties.headers ?? {}).toEqual({});
  });

  test('a slow replay shows how far it is, and is cancelled', async () => {
    await watched.go('overview');
    await watched.go('queues/%2F/dead?tab=replay');
    await page.getByLabel('At most, messages a second').fill('1');
    await page.getByLabel('Or all to the exchange').fill('amq.default');
    await page.getByLabel('With the routing key').fill('due');
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByRole('button', { name: 'Replay 3 messages' }).click();
    await confirm('Replay 3 messages', /Replay 4 has begun/);
    const replay = page.getByRole('article', { name: 'Replay 4' });
    await replay.getByRole('progressbar').waitFor();
    expect(await findings(page)).toEqual([]);
    await replay.getByRole('button', { name: 'Cancel' }).click();
    await replay.getByText('cancelled').waitFor();
    expect((await ready('dead')) + (await ready('due'))).toBe(3);
    await replay.getByRole('button', { name: 'Forget' }).click();
    await replay.waitFor({ state: 'detached' });
    await page.getByLabel('Or all to the exchange').fill('nowhere');
    await page.getByRole('button', { name: 'Dry run' }).click();
    await page.getByRole('alert').getByText('there is no such exchange').waitFor();
    // The browser notes the refusal.
    expect(watched.complaints.splice(0)).toHaveLength(1);
  });

  test('delayed messages are listed, searched and read', async () => {
    await watched.go('exchanges/%2F/clock?tab=delayed');
    await row('reminder.1')
      .getByText(/^in (1 h|59 m)/)
      .waitFor();
    expect(await main().getByRole('rowheader').count()).toBe(4);
    expect(await findings(page)).toEqual([]);
    await main().getByLabel('Header').fill('customer:3');
    await main().getByRole('button', { name: 'Search' }).click();
    await row('reminder.1').waitFor({ state: 'detached' });
    await row('reminder.3').getByRole('button', { name: '#3' }).click();
    await dialog().getByText('customer').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await watched.go('exchanges/%2F/clock?tab=delayed&key=nothing');
    await page.getByRole('heading', { name: 'No message fits' }).waitFor();
    await watched.go('exchanges/%2F/orders');
    await page.getByRole('link', { name: 'Try a key' }).waitFor();
    expect(await page.getByRole('link', { name: 'Delayed' }).count()).toBe(0);
  });

  test('delayed messages are sent now, given another time, and cancelled', async () => {
    const due = await ready('due');
    await watched.go('exchanges/%2F/clock?tab=delayed');
    await row('reminder.1').getByRole('button', { name: 'Send now' }).click();
    await confirm('Send it now', /Sent the message on/);
    await row('reminder.1').waitFor({ state: 'detached' });
    expect(await ready('due')).toBe(due + 1);
    await row('reminder.2').getByRole('button', { name: 'Another time' }).click();
    await dialog().getByLabel('From now on, seconds').fill('36000');
    await confirm('Keep it back', /The message is due in 10 h/);
    await row('reminder.2')
      .getByText(/^in (10 h|9 h)/)
      .waitFor();
    await row('reminder.4').getByRole('button', { name: 'Cancel' }).click();
    await confirm('Drop 1 message', /Cancelled the message/);
    await row('reminder.4').waitFor({ state: 'detached' });
    expect(await loaded.get('/exchanges/%2F/clock')).toMatchObject({ messages_delayed: 2 });
  });
});
