// The rows that need a fresh broker: E a backlog and a kill -9, G idle connections, H a cold start.
import { setTimeout as sleep } from 'node:timers/promises';
import { job } from './load/job.ts';
import type { Link } from './load/link.ts';
import { openWithChannel } from './load/topology.ts';
import { durableLoad } from './load-scenarios.ts';
import { type Scenario, scaled } from './scenario.ts';

/** How long memory may settle before it is read. */
const settleMs = 3000;
/** RabbitMQ's name server needs a moment to notice that a killed node is gone. */
const afterKillMs = 2000;

/** E: publish a backlog nobody consumes, kill the broker, start it on what it left, consume it all. */
export const backlog: Scenario = {
  name: 'E',
  title: 'backlog of durable 1 KiB messages, kill -9, drain',
  figures: [
    { key: 'publishRate', label: 'publish messages/s', better: 'more' },
    { key: 'peakMib', label: 'peak memory MiB', better: 'less' },
    { key: 'diskMib', label: 'disk MiB', better: 'less' },
    { key: 'recoveryMs', label: 'restart after kill -9 to login ms', better: 'less' },
    { key: 'recoveredMib', label: 'memory after that MiB', better: 'less' },
    { key: 'drainRate', label: 'drain messages/s', better: 'more' },
  ],
  async run(bench) {
    const count = scaled(bench.backlog, bench.scale);
    await bench.each(async broker => {
      await broker.fresh();
      const parts = { ...durableLoad, port: broker.port, queue: 'backlog', count, bodyBytes: 1024 };
      const published = await bench.load(broker, job({ ...parts, mode: 'publish', left: count }));
      const peakMib = broker.memoryMib('VmHWM');
      const diskMib = broker.diskMib();
      await broker.stop('SIGKILL');
      await sleep(afterKillMs);
      const recoveryMs = await broker.start();
      const recoveredMib = broker.memoryMib();
      const drained = await bench.load(broker, job({ ...parts, mode: 'consume', keep: true, remove: true }));
      const rates = { publishRate: published.publishRate, drainRate: drained.consumeRate };
      bench.note(broker, { ...rates, peakMib, diskMib, recoveryMs, recoveredMib });
    });
  },
};

/** G: what a connection with one open channel costs that does nothing. */
export const idleConnections: Scenario = {
  name: 'G',
  title: 'idle connections (5,000), a channel on each',
  figures: [
    { key: 'eachKib', label: 'memory each KiB', better: 'less' },
    { key: 'openRate', label: 'opened/s', better: 'more' },
  ],
  async run(bench) {
    const count = scaled(5000, bench.scale);
    await bench.each(async broker => {
      await broker.fresh();
      await sleep(settleMs);
      const before = broker.memoryMib();
      const links: Link[] = [];
      try {
        const began = performance.now();
        while (links.length < count) {
          const some = Math.min(50, count - links.length);
          links.push(...(await Promise.all(Array.from({ length: some }, () => openWithChannel(broker.port, 16_384)))));
        }
        const openRate = (count * 1000) / (performance.now() - began);
        await sleep(settleMs);
        bench.note(broker, { eachKib: ((broker.memoryMib() - before) * 1024) / count, openRate });
      } finally {
        for (const link of links) link.destroy();
      }
    });
  },
};

/** H: from starting the process with an empty folder to the first login. */
export const coldStart: Scenario = {
  name: 'H',
  title: 'cold start',
  figures: [
    { key: 'readyMs', label: 'start to login ms', better: 'less' },
    { key: 'idleMib', label: 'idle memory MiB', better: 'less' },
  ],
  async run(bench) {
    for (let run = 0; run < bench.runs; run++) {
      await bench.each(async broker => {
        const readyMs = await broker.fresh();
        await sleep(settleMs);
        bench.note(broker, { readyMs, idleMib: broker.memoryMib() });
      });
    }
  },
};
