// What it costs to be looked at: a broker with many objects is read, and a B100 runs while a page is open.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from './broker.ts';
import { lookWithBrowser } from './browser-look.ts';
import { type Job, job } from './load/job.ts';
import type { Link } from './load/link.ts';
import { declareQueue, openWithChannel } from './load/topology.ts';
import { longString, methodId, shortString, u8, u16 } from './load/wire.ts';
import { durableLoad } from './load-scenarios.ts';
import { type Bench, type Scenario, scaled } from './scenario.ts';

const queueCount = 10_000;
const connectionCount = 2_000;
const consumersEach = 10;
/** How often the event loop of the broker is asked for a sign of life while metrics are read, ms. */
const probeEveryMs = 2;
const settleMs = 3_000;

/** Reads the queue list and the metrics of a broker with 10,000 queues, 2,000 connections and 20,000 consumers. */
export const management: Scenario = {
  name: 'management',
  title: '10,000 queues, 2,000 connections, 20,000 consumers looked at; B100 with a page open',
  figures: [
    { key: 'pageMs', label: 'queue list page of 100 ms', better: 'less' },
    { key: 'sortedMs', label: 'the same sorted by rate ms', better: 'less' },
    { key: 'metricsMs', label: '/metrics ms', better: 'less' },
    { key: 'perObjectMs', label: 'per-object ms', better: 'less' },
    { key: 'perObjectMib', label: 'per-object MiB', better: 'less' },
    { key: 'pauseMs', label: 'longest pause of deliveries meanwhile ms', better: 'less' },
    { key: 'residentMib', label: 'memory MiB', better: 'less' },
    { key: 'openMs', label: 'the list in a browser ms', better: 'less' },
    { key: 'filterMs', label: 'its filter ms', better: 'less' },
    { key: 'longestTaskMs', label: 'longest task while it scrolls, live ms', better: 'less' },
    { key: 'kept', label: 'B100 with a page open, share of the rate', better: 'more' },
  ],
  async run(bench) {
    await bench.each(async broker => {
      // RabbitMQ's management is a plugin, which the benchmark does not turn on.
      if (!(await answers(broker))) return;
      const rates = await ratesWithPage(bench, broker);
      await broker.fresh();
      const links = await populate(broker, bench.scale);
      try {
        await sleep(settleMs);
        // Its code is loaded with the first request, and the password checked.
        await read(broker, '/api/overview');
        for (let run = 0; run < bench.runs; run++) {
          const seen = await lookWithBrowser(
            `http://127.0.0.1:${broker.port + 1}`,
            name(scaled(queueCount, bench.scale) - 1),
          );
          bench.note(broker, { ...(await readAll(broker)), residentMib: broker.memoryMib(), ...seen, ...rates[run] });
        }
      } finally {
        for (const link of links) link.destroy();
      }
      await broker.fresh();
    });
  },
};

/** B100 by turns, without anybody looking and with the page's stream open. */
async function ratesWithPage(bench: Bench, broker: Broker): Promise<{ kept: number }[]> {
  const kept: { kept: number }[] = [];
  const count = scaled(600_000, bench.scale, 20_000);
  const load = async (): Promise<number> => {
    const of: Job = job({ ...durableLoad, port: broker.port, queue: 'seen', count, remove: true });
    return (await bench.load(broker, of)).overallRate;
  };
  await load();
  for (let run = 0; run < bench.runs; run++) {
    const alone = await load();
    const page = openPage(broker);
    const seen = await load();
    page.destroy();
    // Samples are taken every second for a while after somebody has looked.
    await sleep(11_000);
    kept.push({ kept: seen / alone });
  }
  return kept;
}

/** What the queues' page of the browser follows. */
function openPage(broker: Broker): http.ClientRequest {
  const gets = [
    '/overview?lengths_age=60&lengths_incr=5&msg_rates_age=60&msg_rates_incr=5',
    '/queues?page=1&page_size=100&sort=name',
    '/connections?page=1&page_size=100',
  ];
  const request = http.get(address(broker, `/api/live?${gets.map(get => `get=${encodeURIComponent(get)}`).join('&')}`));
  request.on('response', response => response.resume()).on('error', () => {});
  return request;
}

/** Many queues, and connections with ten consumers each, on queues in turn. */
async function populate(broker: Broker, scale: number): Promise<Link[]> {
  const first = await openWithChannel(broker.port, 16_384);
  const queues = scaled(queueCount, scale);
  for (let from = 0; from < queues; from += 500) {
    const some = Math.min(500, queues - from);
    await Promise.all(Array.from({ length: some }, (_, i) => declareQueue(first, name(from + i), 0)));
  }
  const links = [first];
  const connections = scaled(connectionCount, scale);
  while (links.length <= connections) {
    const more = await Promise.all(Array.from({ length: 50 }, () => openWithChannel(broker.port, 16_384)));
    for (const link of more) {
      const at = links.push(link);
      await Promise.all(
        Array.from({ length: consumersEach }, (_, i) => consume(link, name((at * consumersEach + i) % queues))),
      );
    }
  }
  return links;
}

function name(index: number): string {
  return `queue-${String(index).padStart(5, '0')}`;
}

function consume(link: Link, queue: string): Promise<Buffer> {
  const args = [u16(0), shortString(queue), shortString(''), u8(0), longString()];
  return link.call(1, methodId.basicConsume, methodId.basicConsumeOk, ...args);
}

async function readAll(broker: Broker): Promise<Record<string, number>> {
  const page = await read(broker, '/api/queues?page=1&page_size=100');
  const sorted = await read(
    broker,
    '/api/queues?page=1&page_size=100&sort=message_stats.publish_details.rate&sort_reverse=true',
  );
  const metrics = await read(broker, '/metrics');
  const probing = probe(broker);
  const perObject = await read(broker, '/metrics/per-object');
  const pauseMs = await probing();
  return {
    pageMs: page.ms,
    sortedMs: sorted.ms,
    metricsMs: metrics.ms,
    perObjectMs: perObject.ms,
    perObjectMib: perObject.bytes / 2 ** 20,
    pauseMs,
  };
}

/** Asks one thing after the other over AMQP; the function returned tells the longest time that one took, ms. */
function probe(broker: Broker): () => Promise<number> {
  let over = false;
  const longest = (async () => {
    const link = await openWithChannel(broker.port, 16_384);
    let max = 0;
    while (!over) {
      const began = performance.now();
      await declareQueue(link, name(0), 1);
      max = Math.max(max, performance.now() - began);
      await sleep(probeEveryMs);
    }
    link.destroy();
    return max;
  })();
  return () => {
    over = true;
    return longest;
  };
}

function address(broker: Broker, path: string): http.RequestOptions {
  return { host: '127.0.0.1', port: broker.port + 1, path, auth: 'guest:guest', agent: false };
}

/** A GET, to the last byte. */
function read(broker: Broker, path: string): Promise<{ ms: number; bytes: number }> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    http
      .get(address(broker, path), response => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        response.on('end', () => {
          if (response.statusCode !== 200) reject(new Error(`${path}: status ${response.statusCode}`));
          else resolve({ ms: performance.now() - began, bytes });
        });
        response.on('error', reject);
      })
      .on('error', reject);
  });
}

async function answers(broker: Broker): Promise<boolean> {
  return read(broker, '/api/overview').then(
    () => true,
    () => false,
  );
}
