// What no other broker's page does: who has what, a look inside, ages and times, why a message did not arrive, and the flow.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lacks } from '../needs.ts';
import { type LoadedBroker, startLoadedBroker, workOn } from './broker.ts';
import { launch, openPage, type Watched } from './browser.ts';

describe.skipIf(lacks('chromium'))('the work', () => {
  let loaded: LoadedBroker;
  let browser: Browser;
  let watched: Watched;
  let page: Page;

  beforeAll(async () => {
    [loaded, browser] = await Promise.all([startLoadedBroker(), launch()]);
    watched = await openPage(browser, loaded.page);
    page = watched.page;
  });
  afterAll(async () => {
    await browser?.close();
    await loaded?.stop();
  });
  afterEach(() => expect(watched.complaints.splice(0)).toEqual([]));

  const dialog = () => page.getByRole('dialog');
  const reader = () => page.getByRole('article', { name: /^Message/ });
  const confirm = async (verb: string, said: RegExp): Promise<void> => {
    await dialog().getByRole('button', { name: verb, exact: true }).click();
    await page.getByRole('status').getByText(said).waitFor();
  };
  interface Counts {
    readonly messages_ready: number;
    readonly messages_unacknowledged: number;
  }
  const counts = async (queue: string): Promise<[ready: number, unacked: number]> => {
    const { messages_ready, messages_unacknowledged } = await loaded.get<Counts>(`/queues/%2F/${queue}`);
    return [messages_ready, messages_unacknowledged];
  };

  test('each worker is shown with its tasks, and one that is stuck loses them to others', async () => {
    await watched.go('queues/%2F/resize?tab=workers');
    const stuck = page.getByRole('article').filter({ hasText: 'resizer 3, stuck' });
    await stuck.getByRole('button', { name: 'Take back' }).nth(1).waitFor();
    await stuck.getByText('amqplib').waitFor();
    const busy = page.getByRole('article').filter({ hasText: 'resizer 1' });
    await busy.getByText(/\d+ ms \/ \d+ ms \/ \d+ ms/).waitFor();
    const task = await stuck.getByRole('rowheader').first().textContent();
    await stuck.getByRole('button', { name: 'Take back' }).first().click();
    await dialog().getByText('marked redelivered').waitFor();
    await confirm('Take it back', /^Took task \d+ back from resizer 3, stuck/);
    await expect.poll(() => stuck.getByRole('rowheader').allTextContents()).not.toContain(task);
  });

  test('messages are browsed and searched, read as JSON, text and bytes, and nothing moves', async () => {
    await watched.go('queues/%2F/backlog?tab=messages');
    await page.getByRole('link', { name: '#1', exact: true }).waitFor();
    expect(await page.getByRole('rowheader').count()).toBe(50);
    await page.getByRole('link', { name: 'Next messages' }).click();
    await page.getByRole('link', { name: '#51', exact: true }).waitFor();
    await page.getByRole('link', { name: 'From the head' }).click();
    await page.getByRole('link', { name: '#1', exact: true }).waitFor();
    await page.getByLabel('Text in the body').fill('needle');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: '#700', exact: true }).click();
    await reader().getByText('"the needle"').waitFor();
    await reader().getByText('backlog-700').waitFor();
    await reader().getByText('Was published to backlog').waitFor();
    await reader().getByText('green', { exact: true }).waitFor();
    await reader().getByText('Text', { exact: true }).click();
    await reader().getByText('{"number":700,"title":"the needle"').waitFor();
    await reader().getByText('Hex', { exact: true }).click();
    await reader().getByText('00000000  7b 22 6e 75').waitFor();
    await page.getByLabel('Text in the body').fill('');
    await page.getByLabel('Header', { exact: true }).fill('tenant:blue');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: '#3', exact: true }).waitFor();
    expect(await page.getByRole('link', { name: '#2', exact: true }).count()).toBe(0);
    await watched.go('queues/%2F/backlog?tab=messages&key=elsewhere');
    await page.getByRole('heading', { name: 'No message fits' }).waitFor();
    expect(await counts('backlog')).toEqual([1200, 0]);
    const { items } = await loaded.get<{ items: object[] }>('/queues/%2F/backlog/messages?limit=1');
    expect(items[0]).toMatchObject({ sequence: 1, redelivered: false });
  });

  test('a message is deleted, moved, and edited and published again', async () => {
    const open = async (sequence: number): Promise<void> => {
      await watched.go(`queues/%2F/backlog?tab=messages&message=${sequence}`);
      await reader().getByRole('button', { name: 'Move' }).waitFor();
    };
    await open(5);
    await reader().getByRole('button', { name: 'Delete' }).click();
    await confirm('Delete 1 message', /Deleted the message/);
    expect(await counts('backlog')).toEqual([1199, 0]);
    await open(6);
    await reader().getByRole('button', { name: 'Move' }).click();
    await dialog().getByLabel('To the queue').fill('tenant-00');
    await confirm('Move', /Moved the message to tenant-00/);
    expect([await counts('backlog'), await counts('tenant-00')]).toEqual([
      [1198, 0],
      [1, 0],
    ]);
    await open(7);
    await reader().getByRole('button', { name: 'Edit and republish' }).click();
    await dialog().getByLabel('Routing key').fill('tenant-01');
    await dialog().getByLabel('Body', { exact: true }).fill('{"mended": true}');
    await dialog().getByLabel('Remove the original').check();
    await confirm('Republish', /Republished the message/);
    expect([await counts('backlog'), await counts('tenant-01')]).toEqual([
      [1197, 0],
      [1, 0],
    ]);
    await watched.go('queues/%2F/tenant-01?tab=messages&message=1');
    await reader().getByText('mended').waitFor();
    await reader().getByText('backlog-7').waitFor();
  });

  test('a message that a worker holds is requeued', async () => {
    await watched.go('queues/%2F/resize?tab=workers');
    const stuck = page.getByRole('article').filter({ hasText: 'resizer 3, stuck' });
    const task = stuck.getByRole('rowheader').first().getByRole('link');
    const name = await task.textContent();
    await task.click();
    await reader().getByRole('button', { name: 'Requeue' }).click();
    await confirm('Requeue', /Requeued the message/);
    await watched.go('queues/%2F/resize?tab=workers');
    await expect.poll(() => stuck.getByRole('rowheader').allTextContents()).not.toContain(name);
  });

  test('a queue says how old its oldest message is, how long messages wait, and when it will be empty', async () => {
    await watched.go('queues/%2F/backlog');
    const figure = (name: string) => page.locator('.figures > div').filter({ hasText: name }).locator('dd');
    await expect.poll(() => figure('Oldest').textContent()).toMatch(/^\d+ s|\d+ m/);
    await watched.go('queues/%2F/mail');
    await expect.poll(() => figure('Wait').textContent()).toMatch(/ms.*\/.*ms.*\/.*m?s/);
    await expect.poll(() => figure('Work').textContent()).toMatch(/ms.*\/.*ms.*\/.*m?s/);
    const worker = await loaded.amqp.createChannel();
    await worker.prefetch(1);
    const stop = await workOn(worker, 'backlog', 20);
    await watched.go('queues/%2F/backlog');
    await expect.poll(() => figure('Empty in').textContent(), { timeout: 20_000 }).toMatch(/^\d+ [sm]/);
    stop();
    await worker.close();
  });

  test('the page says why a message does not arrive', async () => {
    await watched.go('try?exchange=orders');
    await page.getByLabel('Routing key').fill('order.created.eu');
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByRole('heading', { name: 'It arrives' }).waitFor();
    for (const queue of ['mail', 'invoices', 'archive'])
      await page.getByRole('link', { name: queue, exact: true }).waitFor();
    await watched.go('exchanges/%2F/orders?tab=bindings');
    await watched.go('try?exchange=amq.direct');
    await page.getByLabel('Routing key').fill('nowhere');
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByRole('heading', { name: 'It would be dropped' }).waitFor();
    await page.getByLabel('Mandatory').check();
    await page.getByRole('button', { name: 'Try it' }).click();
    await page.getByRole('heading', { name: 'It would be returned to the publisher' }).waitFor();
  });

  test('the flow of the vhost is drawn, and lives', async () => {
    await watched.go('flow');
    const drawing = page.getByRole('region', { name: /^Drawing/ });
    for (const name of ['shop', 'orders', 'everything', 'mail', 'resizer 1', 'accountant']) {
      await drawing.getByText(name, { exact: true }).first().waitFor();
    }
    await drawing
      .locator('.edge-label')
      .filter({ hasText: /\d+\/s/ })
      .first()
      .waitFor();
    await drawing.locator('.edge.much').first().waitFor({ state: 'attached' });
    await page.getByLabel('Show what is around a name').fill('accountant');
    await expect.poll(() => drawing.getByText('mail', { exact: true }).count()).toBe(0);
    await drawing.getByRole('link', { name: /invoices/ }).click();
    await page.getByRole('heading', { name: 'invoices' }).waitFor();
  });
});
