// One publish as bytes: basic.publish, content header and body, with the places that change from message to message.
import type { Job } from './job.ts';
import { filledBody } from './stamp.ts';
import {
  frame,
  frameMaxBytes,
  frameOverheadBytes,
  frameType,
  method,
  methodId,
  shortString,
  u8,
  u16,
  u32,
} from './wire.ts';

/** The bytes of a publish. Offsets count from their start. */
export interface PublishTemplate {
  bytes: Buffer;
  /** Where the stamp begins, and the last byte of the body. */
  stampAt: number;
  checkAt: number;
  /** Where the five digits in the routing key are, and how many keys are used in turn; absent when all keys are one. */
  key?: { digitsAt: number; keys: number };
  /** Where the priority is, and how many are used in turn; absent without priorities. */
  priority?: { at: number; levels: number };
}

/** The name of queue `index` of a job. */
export function queueName({ queue, queues }: Job, index: number): string {
  return queues === 1 ? queue : `${queue}-${String(index).padStart(5, '0')}`;
}

/** The name of a job's exchange; empty for the default one. */
export function exchangeName(job: Job): string {
  if (job.delayMs !== undefined) return `${job.queue}.delayed`;
  return job.exchange ? `${job.queue}.${job.exchange}` : '';
}

/** The queue in which the messages of a job die. */
export function dyingName(job: Job): string {
  return `${job.queue}.dying`;
}

/** Binding `index` of a topic exchange: it alone matches the key `device.<index>.temperature`. */
export function topicPattern(index: number): string {
  return `device.${String(index).padStart(5, '0')}.*`;
}

/** Encodes a job's publish, on channel 1. */
export function publishTemplate(job: Job): PublishTemplate {
  const topic = job.exchange === 'topic';
  const key = topic
    ? 'device.00000.temperature'
    : job.exchange === 'fanout'
      ? ''
      : job.dying
        ? dyingName(job)
        : queueName(job, 0);
  const bindings = job.bindings ?? 1;
  const keys = topic ? Math.min(job.keys ?? bindings, bindings) : job.exchange === 'fanout' ? 1 : job.queues;
  const beforeKey = Buffer.concat([u16(0), shortString(exchangeName(job))]);
  const publish = method(1, methodId.basicPublish, beforeKey, shortString(key), u8(0));
  const properties = propertiesOf(job);
  const header = frame(frameType.header, 1, u16(60), u16(0), u32(0), u32(job.bodyBytes), properties);
  const body = filledBody(job.bodyBytes);
  body.writeUInt32LE(job.producer, 0);
  const bodies: Buffer[] = [];
  const partBytes = frameMaxBytes - frameOverheadBytes;
  for (let at = 0; at < body.length; at += partBytes)
    bodies.push(frame(frameType.body, 1, body.subarray(at, at + partBytes)));
  const bytes = Buffer.concat([publish, header, ...bodies]);
  const keyAt = 7 + 4 + beforeKey.length + 1;
  return {
    bytes,
    stampAt: publish.length + header.length + 7,
    checkAt: bytes.length - 2,
    // The last property, in front of the end mark.
    ...(job.priorities === undefined
      ? {}
      : { priority: { at: publish.length + header.length - 2, levels: job.priorities } }),
    ...(keys > 1 ? { key: { digitsAt: keyAt + (topic ? 'device.'.length : key.length - 5), keys } } : {}),
  };
}

/** Flags and properties of a job's messages: headers, delivery mode, priority, expiration. */
function propertiesOf({ durable, priorities, expirationMs, delayMs }: Job): Buffer {
  let flags = 0;
  const parts: Buffer[] = [];
  if (delayMs !== undefined) {
    flags |= 0x2000;
    const delay = Buffer.concat([shortString('x-delay'), Buffer.from('I'), u32(delayMs)]);
    parts.push(u32(delay.length), delay);
  }
  if (durable) {
    flags |= 0x1000;
    parts.push(u8(2));
  }
  if (expirationMs !== undefined) {
    flags |= 0x0100;
    parts.push(shortString(String(expirationMs)));
  } else if (priorities !== undefined) {
    flags |= 0x0800;
    parts.push(u8(0));
  }
  return Buffer.concat([u16(flags), ...parts]);
}
