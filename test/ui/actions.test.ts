// Every action of the page, done by hand in a browser, and what the broker then says of it.
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lacks } from '../needs.ts';
import { type LoadedBroker, startLoadedBroker } from './broker.ts';
import { findings, launch, openPage, type Watched } from './browser.ts';

describe.skipIf(lacks('chromium'))('on the page one can', () => {
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
  beforeEach(() => watched.go('overview'));
  afterEach(() => expect(watched.complaints.splice(0)).toEqual([]));

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  const field = (label: string) => dialog().getByLabel(label, { exact: true });
  /** Presses the dialog's own button and waits for what is said then. */
  const confirm = async (verb: string, said: RegExp): Promise<void> => {
    await dialog().getByRole('button', { name: verb, exact: true }).click();
    await page.getByRole('status').getByText(said).waitFor();
  };
  const messagesOf = async (queue: string): Promise<number> =>
    (await loaded.get<{ messages: number }>(`/queues/%2F/${queue}`)).messages;
  const fill = async (queue: string, count: number): Promise<void> => {
    const channel = await loaded.amqp.createConfirmChannel();
    await channel.assertQueue(queue);
    for (let i = 1; i <= count; i++) channel.sendToQueue(queue, Buffer.from(`message ${i}`));
    await channel.waitForConfirms();
    await channel.close();
  };

  test('declare a queue, with arguments, and be told why not', async () => {
    await watched.go('queues');
    await button('Declare a queue').click();
    expect(await findings(page)).toEqual([]);
    await field('Name').fill('made by hand');
    await dialog().getByRole('button', { name: 'Add' }).click();
    await field('Value').fill('x');
    await dialog().getByPlaceholder('name', { exact: true }).fill('x-single-active-consumer');
    await field('Type').selectOption('boolean');
    await dialog().getByRole('button', { name: 'Declare', exact: true }).click();
    await dialog().getByRole('alert').getByText('a boolean is true or false').waitFor();
    await field('Value').fill('true');
    await confirm('Declare', /Declared the queue made by hand/);
    await page.getByRole('heading', { name: 'made by hand' }).waitFor();
    const queue = await loaded.get<{ durable: boolean; arguments: object }>('/queues/%2F/made%20by%20hand');
    expect(queue).toMatchObject({ durable: true, arguments: { 'x-single-active-consumer': true } });
  });

  test('publish to a queue and get from it', async () => {
    await fill('letters', 0);
    await watched.go('queues/%2F/letters');
    await button('Publish').click();
    await field('Body').fill('{"to": "Ada"}');
    await dialog().getByRole('group', { name: 'Headers' }).getByRole('button', { name: 'Add' }).click();
    await dialog().getByRole('group', { name: 'Headers' }).getByLabel('Name').fill('tenant');
    await dialog().getByRole('group', { name: 'Headers' }).getByLabel('Value').fill('blue');
    await confirm('Publish', /Published one message/);
    expect(await messagesOf('letters')).toBe(1);
    await button('Get').click();
    await field('Afterwards').selectOption('ack_requeue_false');
    await dialog().getByRole('button', { name: 'Get', exact: true }).click();
    await page.getByRole('dialog', { name: 'Got 1 message from letters' }).waitFor();
    await dialog().getByText('{"tenant":"blue"}').waitFor();
    await dialog().getByText('"Ada"').waitFor();
    expect(await findings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await messagesOf('letters')).toBe(0);
  });

  test('bind, publish through the exchange, and unbind', async () => {
    await watched.go('exchanges');
    await button('Declare an exchange').click();
    await field('Name').fill('news');
    await field('Type').selectOption('topic');
    await confirm('Declare', /Declared the exchange news/);
    await page.getByRole('link', { name: 'Bindings' }).click();
    await fill('readers', 0);
    await button('Bind').click();
    await field('Named').fill('readers');
    await field('Routing key').fill('sport.*');
    await confirm('Bind', /Bound readers to news/);
    await page.getByRole('cell', { name: 'sport.*' }).waitFor();
    await button('Publish').click();
    await field('Routing key').fill('weather.today');
    await dialog().getByRole('button', { name: 'Publish', exact: true }).click();
    await dialog().getByRole('alert').getByText('no queue got it').waitFor();
    await field('Routing key').fill('sport.today');
    await confirm('Publish', /Published one message/);
    expect(await messagesOf('readers')).toBe(1);
    await button('Unbind').click();
    await confirm('Unbind', /Unbound readers from news/);
    await page.getByRole('heading', { name: 'No bindings' }).waitFor();
    await watched.go('queues/%2F/readers?tab=bindings');
    await button('Bind to an exchange').click();
    await field('From the exchange').fill('news');
    await confirm('Bind', /Bound readers to news/);
    await watched.go('exchanges/%2F/news');
    await button('Delete').click();
    await dialog().getByText('1 binding').waitFor();
    await confirm('Delete the exchange', /Deleted the exchange news/);
    await page.getByRole('heading', { name: 'Exchanges' }).waitFor();
  });

  test('move messages to another queue', async () => {
    await fill('from', 7);
    await fill('to', 0);
    await watched.go('queues/%2F/from');
    await button('Move').click();
    await dialog().getByText('7 ready messages').waitFor();
    await field('To the queue').fill('to');
    await field('At most').fill('5');
    await confirm('Move', /Moved 5 messages to to/);
    expect([await messagesOf('from'), await messagesOf('to')]).toEqual([2, 5]);
  });

  test('purge, which says in numbers what will be gone, and asks for the name when it is much', async () => {
    await fill('few', 3);
    await watched.go('queues/%2F/few');
    await button('Purge').click();
    await dialog().getByText('3 ready messages').waitFor();
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    expect(await messagesOf('few')).toBe(3);
    await button('Purge').click();
    await confirm('Purge 3 messages', /Purged few/);
    expect(await messagesOf('few')).toBe(0);
    await fill('many', 1001);
    await watched.go('queues/%2F/many');
    await button('Purge').click();
    await dialog().getByRole('button', { name: 'Purge 1,001 messages' }).click();
    await field('Type many to go on').fill('man');
    await dialog().getByRole('button', { name: 'Purge 1,001 messages' }).click();
    expect(await messagesOf('many')).toBe(1001);
    await field('Type many to go on').fill('many');
    await confirm('Purge 1,001 messages', /Purged many/);
    expect(await messagesOf('many')).toBe(0);
  });

  test('delete a queue', async () => {
    await fill('old', 2);
    await watched.go('queues/%2F/old');
    await button('Delete').click();
    await dialog().getByText('2 messages').waitFor();
    await confirm('Delete the queue', /Deleted the queue old/);
    expect(await loaded.get('/queues/%2F/old')).toMatchObject({ error: 'Object Not Found' });
  });

  test('close a connection, with a reason', async () => {
    await watched.go('connections');
    await page.getByRole('link', { name: 'mailer', exact: true }).click();
    await page.getByRole('heading', { name: 'mailer' }).waitFor();
    await button('Close').click();
    await dialog().getByText('1 channel').waitFor();
    await field('Reason, told to the client').fill('maintenance');
    await confirm('Close the connection', /Closed the connection/);
    await page.getByRole('link', { name: 'mailer', exact: true }).waitFor({ state: 'detached' });
  });

  test('add a user, give and take permissions, change and delete them', async () => {
    await watched.go('admin/users');
    await button('Add a user').click();
    await field('Name').fill('ada');
    await field('Password').fill('secret');
    await field('Tag management').check();
    await confirm('Add the user', /Added the user ada/);
    await page.getByText('ada may use no virtual host').waitFor();
    await button('Give permissions').click();
    await field('Configure').fill('^ada-');
    await field('Write').fill('');
    await confirm('Set permissions', /Set the permissions of ada in \//);
    await page.getByText('publish to nothing').waitFor();
    const permissions = await loaded.get('/permissions/%2F/ada');
    expect(permissions).toEqual({ user: 'ada', vhost: '/', configure: '^ada-', write: '', read: '.*' });
    await button('Change tags or password').click();
    await field('Tag monitoring').check();
    await confirm('Change', /Changed ada/);
    const ada = await openPage(browser, loaded.page, { user: 'ada', password: 'secret' });
    await ada.go('admin/users');
    await ada.page.getByRole('heading', { name: 'This is for administrators' }).waitFor();
    await ada.page.context().close();
    await button('Take away').click();
    await confirm('Take them away', /Took the permissions of ada/);
    await button('Delete').click();
    await confirm('Delete the user', /Deleted the user ada/);
    expect(await loaded.get<{ name: string }[]>('/users')).toEqual([expect.objectContaining({ name: 'guest' })]);
  });

  test('add a virtual host, choose it, and delete it by its name', async () => {
    await watched.go('admin/vhosts');
    await button('Add a virtual host').click();
    await field('Name').fill('blue');
    await field('Description').fill('Invoices');
    await field('Tags').fill('money, prod');
    await confirm('Add it', /Added the virtual host blue/);
    await page.getByRole('heading', { name: 'blue' }).waitFor();
    await page.getByText('Invoices').waitFor();
    await button('Describe').click();
    await field('Description').fill('Bills');
    await confirm('Save it', /Changed the virtual host blue/);
    expect(await loaded.get('/vhosts/blue')).toMatchObject({ description: 'Bills', tags: ['money', 'prod'] });
    await page.getByRole('link', { name: 'Queues', exact: true }).last().click();
    await page.getByRole('heading', { name: 'No queues yet' }).waitFor();
    expect(await findings(page)).toEqual([]);
    await page.getByRole('combobox', { name: 'Virtual host' }).selectOption('/');
    await page.getByText(/^\d+ queues$/).waitFor();
    await watched.go('admin/vhosts/blue');
    await button('Delete').click();
    await field('Type blue to go on').fill('blue');
    await confirm('Delete the virtual host', /Deleted the virtual host blue/);
    expect((await loaded.get<{ name: string }[]>('/vhosts')).map(({ name }) => name)).toEqual(['/']);
  });

  test('export definitions and import them', async () => {
    await watched.go('admin/definitions');
    const [download] = await Promise.all([page.waitForEvent('download'), button('Export').click()]);
    const file = await download.path();
    const definitions = JSON.parse(readFileSync(file, 'utf8')) as { queues: { name: string }[] };
    expect(definitions.queues.map(({ name }) => name)).toContain('backlog');
    const changed = { queues: [{ name: 'imported', vhost: '/', durable: true, auto_delete: false, arguments: {} }] };
    await button('Import a file').click();
    await field('File').setInputFiles({ name: 'a.json', mimeType: 'application/json', buffer: Buffer.from('{') });
    await dialog().getByRole('button', { name: 'Import', exact: true }).click();
    await dialog().getByRole('alert').getByText('The file is not JSON').waitFor();
    await field('File').setInputFiles({
      name: 'a.json',
      mimeType: 'application/json',
      buffer: Buffer.from(JSON.stringify(changed)),
    });
    await confirm('Import', /Imported 1 queue/);
    expect(await messagesOf('imported')).toBe(0);
  });

  test('see what is missing where something was never there', async () => {
    await watched.go('queues/%2F/never-was');
    await page.getByRole('heading', { name: 'It is not here' }).waitFor();
    await watched.go('nonsense');
    await page.getByRole('heading', { name: 'There is no such page' }).waitFor();
    expect(await findings(page)).toEqual([]);
  });
});
