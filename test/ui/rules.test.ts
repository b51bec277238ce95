// What holds for queues, users and virtual hosts, set by hand in a browser: policies, limits, topic permissions, alarms, tracing.
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
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
  afterEach(() => expect(watched.complaints.splice(0)).toEqual([]));

  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const dialog = () => page.getByRole('dialog');
  const field = (label: string) => dialog().getByLabel(label, { exact: true });
  const confirm = async (verb: string, said: RegExp): Promise<void> => {
    await dialog().getByRole('button', { name: verb, exact: true }).click();
    await page.getByRole('status').getByText(said).waitFor();
  };
  const main = () => page.locator('main');
  /** The value of a fact, or of a row of a table, by its name. */
  const fact = (name: string) => main().locator('.facts > div').filter({ hasText: name }).locator('dd');
  const row = (name: string) => main().getByRole('row').filter({ hasText: name });

  test('add a policy with keys that the form knows, see what it matches, change and delete it', async () => {
    await watched.go('admin/policies');
    await page.getByRole('heading', { name: 'No policies' }).waitFor();
    await button('Add a policy').click();
    await field('Name').fill('tenants');
    await field('For names like').fill('^tenant-0');
    await field('Of').selectOption('queues');
    await field('Priority').fill('-3');
    await dialog().getByRole('button', { name: 'Add', exact: true }).click();
    await dialog().getByPlaceholder('name', { exact: true }).fill('max-length');
    await dialog().getByText('Takes a whole number from 0.').waitFor();
    expect(await field('Type').inputValue()).toBe('number');
    await field('Value').fill('-1');
    expect(await findings(page)).toEqual([]);
    await dialog().getByRole('button', { name: 'Add it', exact: true }).click();
    await dialog().getByRole('alert').getByText('is not a valid maximum length').waitFor();
    // The browser notes the refusal.
    expect(watched.complaints.splice(0)).toHaveLength(1);
    await field('Value').fill('500');
    await confirm('Add it', /Added the policy tenants/);
    await page.getByRole('heading', { name: 'Holds for 10 queues' }).waitFor();
    await main().getByRole('list', { name: 'Queues' }).getByRole('link', { name: 'tenant-07' }).waitFor();
    expect(await fact('Most messages').textContent()).toBe('500');
    expect(await findings(page)).toEqual([]);
    expect(await loaded.get('/policies/%2F/tenants')).toMatchObject({
      pattern: '^tenant-0',
      'apply-to': 'queues',
      priority: -3,
      definition: { 'max-length': 500 },
    });
    await button('Change').click();
    expect(await field('Value').inputValue()).toBe('500');
    await field('For names like').fill('^tenant-01$');
    await confirm('Save it', /Changed the policy tenants/);
    await page.getByRole('heading', { name: 'Holds for 1 queue' }).waitFor();
    await button('Delete').click();
    await dialog().getByText('1 queue', { exact: true }).waitFor();
    await confirm('Delete the policy', /Deleted the policy tenants/);
    expect(await loaded.get('/policies')).toEqual([]);
  });

  test('see of a queue and of an exchange which value holds and who says so', async () => {
    const channel = await loaded.amqp.createChannel();
    await channel.assertQueue('ruled', {
      messageTtl: 90_000,
      maxLength: 700,
      deadLetterExchange: '',
      deadLetterRoutingKey: 'backlog',
      arguments: { 'x-single-active-consumer': true, 'x-max-priority': 5 },
    });
    await channel.close();
    await put('/policies/%2F/short', { pattern: '^ruled$', definition: { 'message-ttl': 30_000 } });
    await put('/policies/%2F/spare', {
      pattern: '^orders$',
      'apply-to': 'exchanges',
      definition: { 'alternate-exchange': 'everything' },
    });
    await put('/operator-policies/%2F/bound', { pattern: '^ruled$', definition: { 'max-length': 600 } });
    await watched.go('queues/%2F/ruled?tab=settings');
    await row('Messages live for').getByText('30 s').waitFor();
    await row('Messages live for').getByText('short').waitFor();
    await row('Most messages').getByText('600').waitFor();
    await row('Most messages').getByText('operator policy').waitFor();
    await row('Dead letters go to').getByText('the default exchange').waitFor();
    await row('Dead letters get the key').getByText('its declaration').waitFor();
    await row('Priorities up to').getByText('5', { exact: true }).waitFor();
    await row('Single active consumer').getByText('yes').waitFor();
    expect(await findings(page)).toEqual([]);
    await row('Most messages').getByRole('link', { name: 'bound' }).click();
    await page.getByRole('heading', { name: 'Holds for 1 queue' }).waitFor();
    await watched.go('exchanges/%2F/orders');
    await row('What it cannot route goes to').getByText('spare').waitFor();
    await row('What it cannot route goes to').getByText('everything').waitFor();
    await watched.go('queues');
    await page.getByRole('combobox', { name: 'Features' }).selectOption('policy');
    await page.getByText(/^1 of \d+ queues$/).waitFor();
    for (const sign of ['TTL', 'Lim', 'DLX', 'Pri', 'SAC', 'Pol']) {
      await row('ruled').getByText(sign, { exact: true }).waitFor();
    }
  });

  test('set operator policies with the keys that they may have alone', async () => {
    await watched.go('admin/operator-policies');
    await button('Add an operator policy').click();
    await field('Name').fill('ttl');
    await dialog().getByRole('button', { name: 'Add', exact: true }).click();
    const options = await dialog().locator('#definition-known option').all();
    const keys = await Promise.all(options.map(option => option.getAttribute('value')));
    expect(keys).toContain('max-length');
    expect(keys).not.toContain('dead-letter-exchange');
    await field('For names like').fill('^archive$');
    await dialog().getByPlaceholder('name', { exact: true }).fill('message-ttl');
    await field('Value').fill('3600000');
    await confirm('Add it', /Added the operator policy ttl/);
    await page.getByRole('heading', { name: 'Holds for 1 queue' }).waitFor();
    expect(await fact('Messages live for').textContent()).toBe('1 h');
    await button('Delete').click();
    await confirm('Delete the operator policy', /Deleted the operator policy ttl/);
  });

  test('set policies with the tag policymaker, and see nothing else of the administration', async () => {
    await put('/users/max', { password: 'max', tags: 'policymaker' });
    await put('/permissions/%2F/max', { configure: '.*', write: '.*', read: '.*' });
    const max = await openPage(browser, loaded.page, { user: 'max' });
    await max.page.getByRole('link', { name: 'Admin' }).click();
    await max.page.getByRole('heading', { name: 'Policies' }).waitFor();
    expect(await max.page.getByRole('navigation', { name: 'Administration' }).getByRole('link').count()).toBe(1);
    await max.page.getByRole('link', { name: 'short' }).click();
    await max.page.getByRole('heading', { name: 'Holds for 1 queue' }).waitFor();
    expect(max.complaints).toEqual([]);
    await max.page.context().close();
  });

  test('limit a virtual host and a user, and lift the limits', async () => {
    await watched.go('admin/vhosts/%2F');
    await button('Set limits').click();
    await field('Queues').fill('1000');
    await confirm('Set limits', /queues at most 1,000/);
    await main().getByText('at most 1,000').waitFor();
    expect(await loaded.get('/vhost-limits/%2F')).toEqual([{ vhost: '/', value: { 'max-queues': 1000 } }]);
    await button('Set limits').click();
    await field('Queues').fill('');
    await confirm('Set limits', /queues no limit/);
    await expect.poll(() => loaded.get('/vhost-limits/%2F')).toEqual([]);
    await watched.go('admin/users/max');
    await button('Set limits').click();
    await field('Channels').fill('0');
    await confirm('Set limits', /channels at most 0/);
    await main().getByText('at most 0').waitFor();
    expect(await loaded.get('/user-limits/max')).toEqual([{ user: 'max', value: { 'max-channels': 0 } }]);
  });

  test('bound the routing keys of a user, and lift that', async () => {
    await watched.go('admin/users/max');
    await main().getByText('max may use every routing key').waitFor();
    await button('Bound the routing keys').click();
    await field('Topic exchange').fill('orders');
    await field('Publish with keys like').fill('^order\\.');
    await field('Bind with keys like').fill('');
    expect(await findings(page)).toEqual([]);
    await confirm('Set it', /Set which routing keys max may use on orders/);
    await row('orders').getByText('^order\\.').waitFor();
    await row('orders').getByText('none').waitFor();
    expect(await loaded.get('/topic-permissions/%2F/max')).toEqual([
      { user: 'max', vhost: '/', exchange: 'orders', write: '^order\\.', read: '' },
    ]);
    await row('orders').getByRole('button', { name: 'Lift' }).click();
    await confirm('Lift the bounds', /Lifted the bounds of max on orders/);
    await main().getByText('max may use every routing key').waitFor();
  });

  test('set an alarm as a drill, see why publishers are blocked, and end it', async () => {
    await watched.go('overview');
    await main().getByText('None is on').waitFor();
    await button('Drill').click();
    await field('Of').selectOption('disk');
    await confirm('Set the alarm', /Set the disk alarm/);
    await main().getByText('Disk alarm, publishers are blocked: user').waitFor();
    await main().getByRole('list', { name: 'Alarms' }).getByText('set by hand').waitFor();
    expect(await findings(page)).toEqual([]);
    await button('End it').click();
    await confirm('End the alarm', /Ended the disk alarm/);
    await main().getByText('None is on').waitFor();
    expect(await loaded.get('/alarms')).toEqual([]);
  });

  test('trace a virtual host and stop that, and what is said of it stays', async () => {
    await put('/vhosts/%2F', { description: 'All of it', tags: ['prod'] });
    await watched.go('admin/vhosts/%2F');
    await button('Trace').click();
    await confirm('Trace it', /\/ is traced/);
    await main().getByText('traced', { exact: true }).waitFor();
    const vhost = { description: 'All of it', tags: ['prod'] };
    expect(await loaded.get('/vhosts/%2F')).toMatchObject({ ...vhost, tracing: true });
    await button('Stop tracing').click();
    await confirm('Stop tracing', /Stopped tracing \//);
    await button('Trace').waitFor();
    expect(await loaded.get('/vhosts/%2F')).toMatchObject({ ...vhost, tracing: false });
  });

  async function put(path: string, body: object): Promise<void> {
    const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
    const url = `${loaded.page}/api${path}`;
    const { status } = await fetch(url, { method: 'PUT', headers: { authorization }, body: JSON.stringify(body) });
    expect([201, 204]).toContain(status);
  }
});
