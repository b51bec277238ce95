// Declares what a job needs, and counts what is left of it.
import type { Job } from './job.ts';
import { Link } from './link.ts';
import { dyingName, exchangeName, queueName, topicPattern } from './publish-template.ts';
import { longString, methodId, shortString, table, u8, u16 } from './wire.ts';

const pipelined = 500;
const passive = 1;
const durable = 2;

/** Declares, binds and, unless they are to be kept, purges a job's queues. */
export async function declareTopology(job: Job): Promise<void> {
  const link = await openWithChannel(job.port);
  const exchange = exchangeName(job);
  if (exchange !== '') {
    const flags = u8(job.durable ? durable : 0);
    const [type, options] =
      job.delayMs === undefined
        ? [job.exchange as string, longString()]
        : ['x-delayed-message', table({ 'x-delayed-type': 'direct' })];
    const args = [u16(0), shortString(exchange), shortString(type), flags, options];
    await link.call(1, methodId.exchangeDeclare, methodId.exchangeDeclareOk, ...args);
  }
  const bind = (queue: string, key: string): Promise<Buffer> => {
    const args = [u16(0), shortString(queue), shortString(exchange), shortString(key), u8(0), longString()];
    return link.call(1, methodId.queueBind, methodId.queueBindOk, ...args);
  };
  for (let index = 0; index < job.queues; index++) {
    const name = queueName(job, index);
    const options = job.priorities === undefined ? {} : { 'x-max-priority': job.priorities - 1 };
    await declareQueue(link, name, job.durable ? durable : 0, options);
    if (!job.keep) {
      await link.call(1, methodId.queuePurge, methodId.queuePurgeOk, u16(0), shortString(name), u8(0));
    }
    if (job.exchange === 'fanout') await bind(name, '');
    if (job.delayMs !== undefined) await bind(name, name);
  }
  if (job.dying) {
    const options = {
      'x-max-length': 0,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': queueName(job, 0),
    };
    await declareQueue(link, dyingName(job), job.durable ? durable : 0, options);
  }
  const bindings = job.exchange === 'topic' ? (job.bindings ?? 1) : 0;
  for (let from = 0; from < bindings; from += pipelined) {
    const some = Math.min(pipelined, bindings - from);
    await Promise.all(Array.from({ length: some }, (_, at) => bind(job.queue, topicPattern(from + at))));
  }
  await link.close();
}

/** Messages ready in all queues of a job. A count may lag behind acks: wait a little for it to become `wanted`. */
export async function messagesLeft(job: Job, wanted: number): Promise<number> {
  const link = await openWithChannel(job.port);
  let left = 0;
  for (let tries = 0; tries < 50; tries++) {
    left = 0;
    for (let index = 0; index < job.queues; index++) left += await declareQueue(link, queueName(job, index), passive);
    if (left === wanted) break;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  await link.close();
  return left;
}

/** Deletes a job's queues and exchange. */
export async function removeTopology(job: Job): Promise<void> {
  const link = await openWithChannel(job.port);
  for (let index = 0; index < job.queues; index++) {
    const args = [u16(0), shortString(queueName(job, index)), u8(0)];
    await link.call(1, methodId.queueDelete, methodId.queueDeleteOk, ...args);
  }
  if (job.dying) {
    const args = [u16(0), shortString(dyingName(job)), u8(0)];
    await link.call(1, methodId.queueDelete, methodId.queueDeleteOk, ...args);
  }
  if (exchangeName(job) !== '') {
    const args = [u16(0), shortString(exchangeName(job)), u8(0)];
    await link.call(1, methodId.exchangeDelete, methodId.exchangeDeleteOk, ...args);
  }
  await link.close();
}

/** A connection with channel 1 open. */
export async function openWithChannel(port: number, readBytes?: number): Promise<Link> {
  const link = await Link.open(port, readBytes);
  await openChannel(link, 1);
  return link;
}

/** Opens one more channel. */
export async function openChannel(link: Link, channel: number): Promise<void> {
  await link.call(channel, methodId.channelOpen, methodId.channelOpenOk, shortString(''));
}

/** Declares a queue with the given flag bits; resolves with how many messages are in it. */
export async function declareQueue(
  link: Link,
  name: string,
  flags: number,
  options: Record<string, string | number> = {},
): Promise<number> {
  const args = [u16(0), shortString(name), u8(flags), table(options)];
  const ok = await link.call(1, methodId.queueDeclare, methodId.queueDeclareOk, ...args);
  return ok.readUInt32BE(1 + ok[0]!);
}
