// The generator process: takes one job after the other from its parent, drives one broker, answers with the outcome.
import { Consumer } from './consumer.ts';
import { Histogram } from './histogram.ts';
import type { Job, Outcome, Quantiles, Reply } from './job.ts';
import type { Link } from './link.ts';
import { Producer } from './producer.ts';
import { queueName } from './publish-template.ts';
import { nowUs } from './stamp.ts';
import { Tally } from './tally.ts';
import { declareTopology, messagesLeft, openChannel, openWithChannel, removeTopology } from './topology.ts';
import { longString, methodId, shortString, u8, u16, u32 } from './wire.ts';

interface Party<Role> {
  link: Link;
  role: Role;
}

async function openProducer(job: Job): Promise<Party<Producer>> {
  const link = await openWithChannel(job.port);
  if (job.confirms > 0) await link.call(1, methodId.confirmSelect, methodId.confirmSelectOk, u8(0));
  return { link, role: new Producer(link, job) };
}

/** Opens consumer connections and subscribes; worker w of W takes queues w, w + W and so on. */
async function openConsumers(job: Job, tally: Tally, latencyUs: Histogram): Promise<Party<Consumer>[]> {
  const parties: Party<Consumer>[] = [];
  for (let connection = 0; connection < job.connections; connection++) {
    const link = await openWithChannel(job.port);
    for (let channel = 2; channel <= job.channels; channel++) await openChannel(link, channel);
    for (let channel = 1; channel <= job.channels && job.prefetch > 0; channel++) {
      await link.call(channel, methodId.basicQos, methodId.basicQosOk, u32(0), u16(job.prefetch), u8(0));
    }
    parties.push({ link, role: new Consumer(link, job, tally, latencyUs) });
  }
  const workers = job.connections * job.channels;
  for (let worker = 0; worker < workers; worker++) {
    const { link } = parties[worker % job.connections]!;
    const channel = 1 + Math.floor(worker / job.connections);
    const noAck = u8(job.autoAck ? 2 : 0);
    for (let queue = worker % job.queues; queue < job.queues; queue += workers) {
      const args = [u16(0), shortString(queueName(job, queue)), shortString(String(queue)), noAck, longString()];
      await link.call(channel, methodId.basicConsume, methodId.basicConsumeOk, ...args);
    }
  }
  return parties;
}

/** Resolves when both sides are done; rejects when a connection fails. False when nothing moved for too long. */
function runLoad(job: Job, producer: Party<Producer> | undefined, consumers: Party<Consumer>[], tally: Tally) {
  return new Promise<boolean>((resolve, reject) => {
    let waitingFor = (producer ? 1 : 0) + (consumers.length > 0 && !tally.complete ? 1 : 0);
    let moved = -1;
    let still = 0;
    const watch = setInterval(() => {
      const now = tally.received + (producer ? producer.role.sent + producer.role.confirmed : 0);
      still = now === moved ? still + 1 : 0;
      moved = now;
      if (still >= job.stallSeconds) end(false);
    }, 1000);
    const end = (completed: boolean) => {
      clearInterval(watch);
      resolve(completed);
    };
    const oneDone = () => {
      waitingFor--;
      if (waitingFor === 0) end(true);
    };
    for (const party of producer ? [producer, ...consumers] : consumers) {
      party.link.onFailure = error => {
        clearInterval(watch);
        reject(error);
      };
    }
    for (const { role } of consumers) role.onComplete = oneDone;
    if (producer) producer.role.onDone = oneDone;
    producer?.role.start();
  });
}

async function run(job: Job): Promise<Outcome> {
  if (!job.reuse) await declareTopology(job);
  const copies = job.exchange === 'fanout' ? job.queues : 1;
  const tally = new Tally(job.counts, copies, job.mode === 'publish' ? 0 : job.count * copies);
  const latencyUs = new Histogram();
  const producer = job.mode === 'consume' ? undefined : await openProducer(job);
  const consumers = job.mode === 'publish' ? [] : await openConsumers(job, tally, latencyUs);
  const cpu = process.cpuUsage();
  const began = performance.now();
  const completed = await runLoad(job, producer, consumers, tally);
  const used = process.cpuUsage(cpu);
  const generatorBusy = (used.user + used.system) / 1000 / (performance.now() - began);
  await producer?.link.close();
  const publishEndUs = producer && job.confirms > 0 ? producer.role.lastConfirmUs : nowUs();
  await Promise.all(consumers.map(({ link }) => link.close()));
  const left = (await messagesLeft(job, job.left)) - job.left;
  if (job.remove) await removeTopology(job);

  const sent = producer?.role.sent ?? 0;
  const faults = {
    missing: tally.missing,
    duplicates: tally.duplicates,
    redelivered: tally.redelivered,
    disorder: tally.disorder,
    corrupt: tally.corrupt,
    unconfirmed: producer && job.confirms > 0 ? sent - producer.role.confirmed + producer.role.nacked : 0,
    left,
  };
  const wrong = Object.entries(faults).some(([name, count]) => name !== 'redelivered' && count !== 0);
  const startedUs = producer?.role.startedUs ?? 0;
  const firstUs = Math.min(...consumers.map(({ role }) => role.firstUs).filter(us => us > 0));
  const lastUs = Math.max(0, ...consumers.map(({ role }) => role.lastUs));
  const perSecond = (messages: number, us: number) => (messages > 0 && us > 0 ? (messages * 1e6) / us : 0);
  return {
    ok: completed && !wrong && (!producer || sent === job.count),
    sent,
    received: tally.received,
    publishRate: perSecond(sent, publishEndUs - startedUs),
    consumeRate: perSecond(tally.received, lastUs - firstUs),
    overallRate:
      job.mode === 'both'
        ? perSecond(tally.received, Math.max(lastUs, job.confirms > 0 ? publishEndUs : 0) - startedUs)
        : 0,
    latencyUs: quantiles(latencyUs),
    confirmUs: quantiles(producer?.role.confirmUs ?? new Histogram()),
    faults,
    generatorBusy,
  };
}

function quantiles(histogram: Histogram): Quantiles {
  return { p50: histogram.quantile(0.5), p99: histogram.quantile(0.99), max: histogram.quantile(1) };
}

process.on('message', async (job: Job) => {
  try {
    process.send?.({ outcome: await run(job) } satisfies Reply);
  } catch (error) {
    // Connections may be left half open: whoever asked starts another generator.
    process.send?.({ error: (error as Error).message } satisfies Reply, () => process.exit(2));
  }
});
